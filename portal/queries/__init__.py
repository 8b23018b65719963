"""What pages ask about tenants. A query only reads, and its cost does not grow with the number of
tenants: each reads a few index pages, never the whole table.

    pages            a page of a list, and the cursor to the next one
    tabs             the tabs of the queue, their counts, the next sign-up to decide, closed ones
    tenant_search    search by id, email address, account id or the beginning of a company name
    tenant_history   events and notes of one tenant
    duplicates       other tenants that may be the same customer
"""

from portal.queries.duplicates import DuplicateReason, possible_duplicates
from portal.queries.pages import PAGE, IndexRange, PageCursor, QueuePage, page
from portal.queries.tabs import (
    CAP,
    Tab,
    closed_before,
    count,
    counts,
    next_waiting,
    ranges_of_tab,
)
from portal.queries.tenant_history import history, notes
from portal.queries.tenant_search import search

__all__ = [
    "CAP", "PAGE", "DuplicateReason", "IndexRange", "PageCursor", "QueuePage", "Tab",
    "closed_before", "count", "counts", "history", "next_waiting", "notes", "page",
    "possible_duplicates", "ranges_of_tab", "search",
]  # fmt: skip
