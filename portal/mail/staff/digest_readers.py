"""Who gets the digest of the morning. This is the one place that says so."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from portal import records
from portal.auth import Person, active_person, id_of_address, people_who_decide
from portal.mail.staff.wishes import mail_wishes
from portal.stores import GSI2, Store

#: People who have asked for it and may not decide. More are left out.
_MOST_ASKING = 60


@dataclass(frozen=True, slots=True)
class DigestReader:
    """An address that gets the digest, and in which language."""

    address: str
    locale: str


def digest_readers(
    store: Store, staff: Sequence[str], locale: str, *, approvers: bool
) -> list[DigestReader]:
    """The addresses of a setting, those of all who may decide, and those of people who have asked
    for it; each once, without people who have said no. It reads the list of staff, and each person
    on it.

    Args:
        staff: Addresses that get it, whoever they are.
        locale: For whoever has chosen no language.
        approvers: Whether everybody on the list of staff gets it who may decide.

    Raises:
        StoreError: The store failed.
    """
    found = {address.casefold(): (address, id_of_address(store, address)) for address in staff}
    people = people_who_decide(store) if approvers else []
    for person in [*people, *who_wants_digest(store)]:
        found.setdefault(person.email.casefold(), (person.email, person.id))
    readers = []
    for address, person_id in found.values():
        wishes = mail_wishes(store, person_id)
        if wishes.digest is not False:
            readers.append(DigestReader(address, wishes.locale or locale))
    return readers


def who_wants_digest(store: Store) -> list[Person]:
    """People with access who have asked for the digest themselves, at most 60."""
    page = store.query(GSI2, records.WANT_DIGEST, limit=_MOST_ASKING)
    people = (active_person(store, records.person_of_wishes(row)) for row in page.items)
    return [person for person in people if person]


def address_mark(address: str) -> str:
    """Stands for an address of staff in the id of an entry, which holds none."""
    return hashlib.sha256(address.casefold().encode()).hexdigest()[:16]


def reader_of_mark(readers: Sequence[DigestReader], mark: str) -> DigestReader | None:
    """`None`: whoever it stands for gets no digest any more."""
    return next((each for each in readers if address_mark(each.address) == mark), None)
