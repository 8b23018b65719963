"""Who gets the digest of the morning. This is the one place that says so."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from portal.auth import people_who_decide
from portal.stores import Store


@dataclass(frozen=True, slots=True)
class DigestReader:
    """An address that gets the digest, and in which language."""

    address: str
    locale: str


def digest_readers(
    store: Store, staff: Sequence[str], locale: str, *, approvers: bool
) -> list[DigestReader]:
    """The addresses of a setting, and those of all who may decide; each once. It reads the list of
    staff, and each person on it.

    Args:
        staff: Addresses that get it, whoever they are.
        approvers: Whether everybody on the list of staff gets it who may decide.

    Raises:
        StoreError: The store failed.
    """
    found = {address.casefold(): address for address in staff}
    if approvers:
        for person in people_who_decide(store):
            found.setdefault(person.email.casefold(), person.email)
    return [DigestReader(address, locale) for address in found.values()]


def address_mark(address: str) -> str:
    """Stands for an address of staff in the id of an entry, which holds none."""
    return hashlib.sha256(address.casefold().encode()).hexdigest()[:16]


def reader_of_mark(readers: Sequence[DigestReader], mark: str) -> DigestReader | None:
    """`None`: whoever it stands for gets no digest any more."""
    return next((each for each in readers if address_mark(each.address) == mark), None)
