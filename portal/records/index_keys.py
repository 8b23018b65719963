"""The partition and sort keys by which the indexes find a tenant.

GSI1   by account; the downstream application reads it, so it holds no pending tenants
GSI2   by status, or in a list of sign-ups that are not in the queue: doubtful ones, and those that
       wait for the proof of their address
GSI3   by the beginning of the company name
GSI4   by email address
"""

import unicodedata
from collections.abc import Iterable

from portal.records.attributes import format_optional_timestamp
from portal.stores import (
    GSI1,
    GSI2,
    GSI3,
    GSI4,
    KEY,
    Item,
    Value,
)
from portal.tenants import Gap, ShellVerdict, Status, Tenant

#: The sort key of a validity without an end. Sorts after every timestamp.
NEVER = "9999-12-31T23:59:59.999Z"
#: Sorts after every text in a sort key: the highest code point.
LAST = "\U0010ffff"
#: The partition of imports.
IMPORTS = "IMPORTS"
#: The partition of sign-ups that were set aside as doubtful.
ASIDE = "ASIDE"
#: The partition of sign-ups that wait for the proof of their address, since a setting says so.
WAITING = "WAITING"
#: Before the id in a sort key. An index carries only some attributes, and none says this of a
#: sign-up. No normalised name holds capitals, so none looks like a mark.
_ASIDE_MARK = "#ASIDE"
_WAITING_MARK = "#WAITING"
_FAST_MARK = "#FAST"
_RENEWAL_MARK = "#RENEWAL"
_ASKED_MARK = "#ASKED"
_ANSWERED_MARK = "#ANSWERED"
_CONFIRMED_MARK = "#CONFIRMED"
_PROVED_MARK = "#PROVED"
_OTHER_COMPANIES_MARK = "#OTHERS"
_ERASED_MARK = "#ERASED"
_MARKS = frozenset({
    _ASIDE_MARK, _WAITING_MARK, _FAST_MARK, _RENEWAL_MARK, _ASKED_MARK, _ANSWERED_MARK,
    _CONFIRMED_MARK, _PROVED_MARK, _OTHER_COMPANIES_MARK, _ERASED_MARK,
})  # fmt: skip
#: The same of an incomplete tenant, with a letter for each thing that it lacks.
_GAPS_MARK = "#LACKS-"
_GAP_LETTERS = {
    Gap.END: "E",
    Gap.CONTACT: "C",
    Gap.IDS: "I",
    Gap.TENANT_ID: "T",
    Gap.CLUSTER: "H",
    Gap.ATTRIBUTES: "A",
}
#: In characters, of up to 4 bytes each. A sort key has 1,024 bytes, and holds the id as well.
_MAX_SEARCH_NAME = 200


def index_keys(tenant: Tenant, gaps: Iterable[Gap] = ()) -> dict[str, Value]:
    """The index keys of a tenant. A pending tenant only claims its ids, so it has none for
    GSI1.

    Args:
        gaps: What the tenant lacks; its rows in the lists say so.
    """
    letters = "".join(_GAP_LETTERS[gap] for gap in gaps)
    end = f"{_marks(tenant)}{_GAPS_MARK + letters if letters else ''}#{tenant.id}"
    keys: dict[str, Value] = {
        GSI2.partition: _list_partition(tenant),
        GSI2.sort: f"{_sort_value(tenant)}{end}",
    }
    if tenant.is_final and tenant.ids:
        keys[GSI1.partition] = account_partition(tenant.ids.account_id)
        keys[GSI1.sort] = f"TENANT#{tenant.id}"
    company = normalised(tenant.contact.company)
    if company:
        keys[GSI3.partition] = company_partition(company)
        keys[GSI3.sort] = f"{company}{end}"
    if tenant.contact.email:
        keys[GSI4.partition] = email_partition(tenant.contact.email)
        keys[GSI4.sort] = f"{format_optional_timestamp(tenant.created_at) or ''}{end}"
    return keys


def is_set_aside(row: Item) -> bool:
    """Whether a row of an index, or an item, is a pending sign-up that is not in the queue: it is
    doubtful, or waits for the proof of its address."""
    # 1.0 gave its rows no mark.
    is_listed = row.get(GSI2.partition) in (ASIDE, WAITING)
    return is_listed or _has(row, _ASIDE_MARK) or is_waiting_for_address(row)


def is_waiting_for_address(row: Item) -> bool:
    """Whether a row of an index, or an item, is a pending sign-up that the proof of its address
    moves into the queue."""
    return _has(row, _WAITING_MARK)


def is_too_fast(row: Item) -> bool:
    """Whether a row of an index, or an item, is a pending sign-up that was sent faster than people
    type."""
    return _has(row, _FAST_MARK)


def marked_gaps(row: Item) -> tuple[Gap, ...]:
    """What a tenant lacks, by the sort keys of its row of an index, or its item."""
    for index in (GSI2, GSI3, GSI4):
        before_id = str(row.get(index.sort, "")).removesuffix(f"#{row[KEY]}")
        _, mark, letters = before_id.rpartition(_GAPS_MARK)
        if mark:
            return tuple(gap for gap, letter in _GAP_LETTERS.items() if letter in letters)
    return ()


def is_renewal(row: Item) -> bool:
    """Whether a row of an index, or an item, is a pending sign-up with which the customer of a
    tenant asks to renew it."""
    return _has(row, _RENEWAL_MARK)


def is_asked(row: Item) -> bool:
    """Whether a row of an index, or an item, is a pending sign-up whose customer was asked, and
    has not answered yet."""
    return _has(row, _ASKED_MARK)


def is_answered(row: Item) -> bool:
    """Whether a row of an index, or an item, is a pending sign-up whose customer has answered the
    latest question."""
    return _has(row, _ANSWERED_MARK)


def is_confirmed(row: Item) -> bool:
    """Whether a row of an index, or an item, is a pending sign-up whose address is proved."""
    return _has(row, _CONFIRMED_MARK)


def is_proved(row: Item) -> bool:
    """Whether a row of an index, or an item, is a pending sign-up whose account the shell has
    proved."""
    return _has(row, _PROVED_MARK)


def is_of_other_companies(row: Item) -> bool:
    """Whether a row of an index, or an item, is a pending sign-up with a token of the shell that
    lists other companies than its own."""
    return _has(row, _OTHER_COMPANIES_MARK)


def is_ended_and_erased(row: Item) -> bool:
    """Whether a row of an index, or an item, is a tenant whose licence ended long ago, and whose
    personal details retention has erased."""
    return _has(row, _ERASED_MARK)


def _marks(tenant: Tenant) -> str:
    """The marks of a sign-up. The last is the one that earlier versions know: they look for it
    right before the id. Of a tenant, that its personal details were erased."""
    if tenant.status is not Status.PENDING:
        is_licensed = tenant.status in (Status.ACTIVE, Status.SUSPENDED)
        return _ERASED_MARK if tenant.erased and is_licensed else ""
    marks, proof = "", tenant.shell_proof
    if proof and proof.verdict is ShellVerdict.OTHER_COMPANIES:
        # The first: earlier versions do not know it, and read those that follow.
        marks = _OTHER_COMPANIES_MARK
    marks += _PROVED_MARK if proof and proof.is_of_account else ""
    marks += _CONFIRMED_MARK if tenant.email_confirmed_at else ""
    if tenant.question:
        marks += _ASKED_MARK if tenant.question.is_open else _ANSWERED_MARK
    if tenant.waits_for_address:
        return marks + _WAITING_MARK
    if tenant.set_aside:
        return marks + _ASIDE_MARK
    if tenant.renews:
        return marks + _RENEWAL_MARK
    return marks + (_FAST_MARK if tenant.too_fast else "")


def _has(row: Item, mark: str) -> bool:
    return any(
        mark in _marks_in(str(row[index.sort]), str(row[KEY]))
        for index in (GSI2, GSI3, GSI4)
        if index.sort in row
    )


def _marks_in(sort_key: str, tenant_id: str) -> set[str]:
    """The marks between the value that a sort key sorts by and the id."""
    found: set[str] = set()
    rest, has_id = sort_key.removesuffix(f"#{tenant_id}"), sort_key.endswith(f"#{tenant_id}")
    while has_id:
        rest, separator, word = rest.rpartition("#")
        if f"{separator}{word}".startswith(_GAPS_MARK):
            continue
        if separator + word not in _MARKS:
            break
        found.add(separator + word)
    return found


def _list_partition(tenant: Tenant) -> str:
    if tenant.set_aside and tenant.status is Status.PENDING:
        return ASIDE
    if tenant.waits_for_address and tenant.status is Status.PENDING:
        return WAITING
    return status_partition(tenant.status)


def _sort_value(tenant: Tenant) -> str:
    """What a list by status is sorted by. Pending: the sign-up. Active: the end of the validity, so
    that expiring and expired tenants are one range each. Others: the latest decision."""
    if tenant.status is Status.PENDING:
        return format_optional_timestamp(tenant.created_at) or ""
    if tenant.status is Status.ACTIVE:
        return format_optional_timestamp(tenant.validity.valid_to) or NEVER
    return (
        format_optional_timestamp(tenant.decision.at if tenant.decision else tenant.updated_at)
        or ""
    )


def normalised(name: str) -> str:
    """A company name as search compares it: without case, accents and repeated spaces, and short
    enough for a sort key of DynamoDB."""
    folded = unicodedata.normalize("NFKD", name).casefold()
    words = " ".join("".join(c for c in folded if not unicodedata.combining(c)).split())
    return words[:_MAX_SEARCH_NAME].rstrip()


def company_partition(normalised_name: str) -> str:
    return f"COMPANY#{normalised_name[:1]}"


def email_partition(address: str) -> str:
    return f"EMAIL#{address.casefold()}"


def account_partition(account_id: str) -> str:
    return f"ACCOUNT#{account_id}"


def status_partition(status: Status) -> str:
    return f"STATUS#{status.value}"
