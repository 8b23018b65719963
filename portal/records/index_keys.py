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
from portal.records.row_marks import (
    ANSWERED_MARK,
    ASIDE,
    ASIDE_MARK,
    ASKED_MARK,
    CONFIRMED_MARK,
    ERASED_MARK,
    FAST_MARK,
    GAP_LETTERS,
    GAPS_MARK,
    OTHER_COMPANIES_MARK,
    PROVED_MARK,
    RENEWAL_MARK,
    WAITING,
    WAITING_MARK,
)
from portal.stores import (
    GSI1,
    GSI2,
    GSI3,
    GSI4,
    Value,
)
from portal.tenants import Gap, ShellVerdict, Status, Tenant

#: The sort key of a validity without an end. Sorts after every timestamp.
NEVER = "9999-12-31T23:59:59.999Z"
#: Sorts after every text in a sort key: the highest code point.
LAST = "\U0010ffff"
#: The partition of imports.
IMPORTS = "IMPORTS"
#: In characters, of up to 4 bytes each. A sort key has 1,024 bytes, and holds the id as well.
_MAX_SEARCH_NAME = 200


def index_keys(tenant: Tenant, gaps: Iterable[Gap] = ()) -> dict[str, Value]:
    """The index keys of a tenant. A pending tenant only claims its ids, so it has none for
    GSI1.

    Args:
        gaps: What the tenant lacks; its rows in the lists say so.
    """
    letters = "".join(GAP_LETTERS[gap] for gap in gaps)
    end = f"{_marks(tenant)}{GAPS_MARK + letters if letters else ''}#{tenant.id}"
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


def _marks(tenant: Tenant) -> str:
    """The marks of a sign-up. The last is the one that earlier versions know: they look for it
    right before the id. Of a tenant, that its personal details were erased."""
    if tenant.status is not Status.PENDING:
        is_licensed = tenant.status in (Status.ACTIVE, Status.SUSPENDED)
        return ERASED_MARK if tenant.erased and is_licensed else ""
    marks, proof = "", tenant.shell_proof
    if proof and proof.verdict is ShellVerdict.OTHER_COMPANIES:
        # The first: earlier versions do not know it, and read those that follow.
        marks = OTHER_COMPANIES_MARK
    marks += PROVED_MARK if proof and proof.is_of_account else ""
    marks += CONFIRMED_MARK if tenant.email_confirmed_at else ""
    if tenant.question:
        marks += ASKED_MARK if tenant.question.is_open else ANSWERED_MARK
    if tenant.waits_for_address:
        return marks + WAITING_MARK
    if tenant.set_aside:
        return marks + ASIDE_MARK
    if tenant.renews:
        return marks + RENEWAL_MARK
    return marks + (FAST_MARK if tenant.too_fast else "")


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
    if not folded.isascii():
        folded = "".join([c for c in folded if not unicodedata.combining(c)])
    words = " ".join(folded.split())
    return words[:_MAX_SEARCH_NAME].rstrip()


def company_partition(normalised_name: str) -> str:
    return f"COMPANY#{normalised_name[:1]}"


def email_partition(address: str) -> str:
    return f"EMAIL#{address.casefold()}"


def account_partition(account_id: str) -> str:
    return f"ACCOUNT#{account_id}"


def status_partition(status: Status) -> str:
    return f"STATUS#{status.value}"
