"""Other tenants that may be the same customer."""

from collections.abc import Collection
from enum import StrEnum
from itertools import islice

from portal import records
from portal.queries.pages import IndexRange, page
from portal.records import LAST
from portal.stores import GSI1, GSI3, GSI4, KEY, Item, Store
from portal.tenants import Tenant

#: Rows that are shown for each reason.
_MAX_ROWS = 5


class DuplicateReason(StrEnum):
    """Why another tenant may be the same customer."""

    EMAIL = "email"
    COMPANY = "company"
    ACCOUNT = "account"


#: What makes it likely. An account may well have several tenants, one for each company.
LIKELY = frozenset({DuplicateReason.EMAIL, DuplicateReason.COMPANY})


def possible_duplicates(
    store: Store, tenant: Tenant, *, reasons: Collection[DuplicateReason] = tuple(DuplicateReason)
) -> list[tuple[DuplicateReason, Item]]:
    """Rows of other tenants with the same email address, company name or account: each once, and
    at most five for each of these reasons."""
    company = records.normalised(tenant.contact.company)
    seen = {tenant.id}
    duplicates: list[tuple[DuplicateReason, Item]] = []
    for reason, index_range in _ranges_by_reason(tenant, company):
        if reason not in reasons:
            continue
        rows = page(store, [index_range], limit=_MAX_ROWS + 1).rows
        if reason is DuplicateReason.COMPANY:
            # A longer name may continue with "#", which separates the name from the id as well.
            rows = [row for row in rows if row[GSI3.sort] == f"{company}#{row[KEY]}"]
        for row in islice((row for row in rows if row[KEY] not in seen), _MAX_ROWS):
            seen.add(str(row[KEY]))
            duplicates.append((reason, row))
    return duplicates


def _ranges_by_reason(tenant: Tenant, company: str) -> list[tuple[DuplicateReason, IndexRange]]:
    ranges = []
    if tenant.contact.email:
        partition = records.email_partition(tenant.contact.email)
        ranges.append((DuplicateReason.EMAIL, IndexRange(GSI4, partition, newest_first=True)))
    if company:
        partition = records.company_partition(company)
        same_name = (f"{company}#", f"{company}#{LAST}")
        ranges.append((DuplicateReason.COMPANY, IndexRange(GSI3, partition, same_name)))
    if tenant.ids:
        partition = records.account_partition(tenant.ids.account_id)
        ranges.append((DuplicateReason.ACCOUNT, IndexRange(GSI1, partition)))
    return ranges
