"""Search by id, email address, account id or the beginning of a company name."""

from datetime import datetime

from portal import records
from portal.queries.pages import PAGE, IndexRange, PageCursor, QueuePage, page
from portal.queries.tabs import Tab, is_in_tab
from portal.records import LAST
from portal.stores import GSI1, GSI3, GSI4, Item, ItemNotFoundError, Store

#: Index pages that one search in a tab reads at most.
_MAX_PAGES = 4


def search(
    store: Store, text: str, tab: Tab, now: datetime, *, after: PageCursor | None = None
) -> QueuePage:
    """Rows of the tab whose id, email address or account id is `text`, or whose company name
    begins with it.

    In every tab but "all", the rows of at most four index pages are filtered. So a page may be
    short, or empty, though more rows follow.
    """
    by_id = _rows_by_id(store, _possible_id(text))
    if by_id:
        return QueuePage([row for row in by_id if is_in_tab(row, tab, now)], None)
    ranges = _ranges_of(text)
    if tab is Tab.ALL:
        return page(store, ranges, after=after)
    rows: list[Item] = []
    cursor = after
    for _ in range(_MAX_PAGES):
        result = page(store, ranges, after=cursor, limit=PAGE - len(rows))
        rows.extend(row for row in result.rows if is_in_tab(row, tab, now))
        cursor = result.after
        if cursor is None or len(rows) >= PAGE:
            break
    return QueuePage(rows, cursor)


def _possible_id(text: str) -> str:
    """The id to look up. A customer knows the reference of the sign-up, which is the pending id
    without its prefix."""
    reference = text.strip().lower()
    is_reference = len(reference) == records.REFERENCE_LENGTH and reference.isalnum()
    return records.pending_id(reference) if is_reference else text


def _rows_by_id(store: Store, tenant_id: str) -> list[Item]:
    try:
        item = store.get(tenant_id)
        forward = records.forward_of(item)
        item = store.get(forward.to) if forward else item
    except ItemNotFoundError:
        return []
    return [item] if records.is_tenant(item) else []


def _ranges_of(text: str) -> list[IndexRange]:
    if "@" in text:
        return [IndexRange(GSI4, records.email_partition(text), newest_first=True)]
    company = records.normalised(text)
    if not company:
        return []
    by_company = IndexRange(GSI3, records.company_partition(company), (company, company + LAST))
    if text.isascii() and text.isalnum():
        return [IndexRange(GSI1, records.account_partition(text)), by_company]
    return [by_company]
