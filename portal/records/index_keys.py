"""The lists: where each finds its tenants, and what it sorts them by."""

import unicodedata

from portal.records.attributes import format_optional_timestamp
from portal.stores import (
    GSI1,
    GSI2,
    GSI3,
    GSI4,
    Value,
)
from portal.tenants import Status, Tenant

#: Stands for "no end" where an index sorts by it, behind every real instant.
NEVER = "9999-12-31T23:59:59.999Z"
#: Behind every text that a sort key may hold: the highest code point.
LAST = "\U0010ffff"
#: The list of imports.
IMPORTS = "IMPORTS"
#: The list of sign-ups that were set aside as suspicious.
ASIDE = "ASIDE"
#: Characters of up to four bytes; 1,024 bytes have to hold the id, too.
_MAX_SEARCH_NAME = 200


def index_keys(tenant: Tenant) -> dict[str, Value]:
    """Where lists find the tenant. A pending tenant only claims its ids, so it is never in
    GSI1; a sign-up that was set aside waits in a list of its own, and no search finds it."""
    keys: dict[str, Value] = {
        GSI2.partition: _list_partition(tenant),
        GSI2.sort: f"{_sort_value(tenant)}#{tenant.id}",
    }
    if tenant.is_final and tenant.ids:
        keys[GSI1.partition] = account_partition(tenant.ids.account_id)
        keys[GSI1.sort] = f"TENANT#{tenant.id}"
    if tenant.set_aside:
        return keys
    company = normalised(tenant.contact.company)
    if company:
        keys[GSI3.partition] = company_partition(company)
        keys[GSI3.sort] = f"{company}#{tenant.id}"
    if tenant.contact.email:
        keys[GSI4.partition] = email_partition(tenant.contact.email)
        keys[GSI4.sort] = f"{format_optional_timestamp(tenant.created_at) or ''}#{tenant.id}"
    return keys


def _list_partition(tenant: Tenant) -> str:
    if tenant.set_aside and tenant.status is Status.PENDING:
        return ASIDE
    return status_partition(tenant.status)


def _sort_value(tenant: Tenant) -> str:
    """Asked for (pending), end (active: expiring and expired are one range), decided (rest)."""
    if tenant.status is Status.PENDING:
        return format_optional_timestamp(tenant.created_at) or ""
    if tenant.status is Status.ACTIVE:
        return format_optional_timestamp(tenant.validity.valid_to) or NEVER
    return (
        format_optional_timestamp(tenant.decision.at if tenant.decision else tenant.updated_at)
        or ""
    )


def normalised(name: str) -> str:
    """A company's name as it is searched for: without case, accents and double spaces, and
    no longer than a sort key of DynamoDB has room for."""
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
