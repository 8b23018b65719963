"""The rows of a list: one page, or all of them page by page."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from portal import queries
from portal.queries import PageCursor
from portal.search import Found, find
from portal.stores import Item, Store
from portal.web.staff.lists.list_owners import owned_page
from portal.web.staff.lists.list_view import ListView


def rows_page(
    store: Store,
    view: ListView,
    now: datetime,
    promised: timedelta,
    *,
    after: PageCursor | None = None,
) -> Found:
    """A page of the list. It may be short, or empty, though more follow.

    Args:
        promised: Who waits longer is late.

    Raises:
        StoreError: The store failed.
    """
    if view.owner:
        return owned_page(
            store,
            view,
            now,
            after,
            lambda whole, at: rows_page(store, whole, now, promised, after=at),
        )
    if view.search:
        return find(store, view.search, view.tab, now, after=after)
    ranges = queries.ranges_of_tab(view.tab, now)
    if view.late:
        ranges = queries.late_ranges(view.tab, now - promised)
    listed = queries.page(store, ranges, after=after)
    return Found(listed.rows, listed.after)


def iter_rows(store: Store, view: ListView, now: datetime, promised: timedelta) -> Iterator[Item]:
    """All rows of the list in its order, as `rows_page` has them. Rows hold at least what the
    indexes of tenants project. For a file or an act on all of them: it reads every page.

    Raises:
        StoreError: The store failed.
    """
    after: PageCursor | None = None
    while True:
        page = rows_page(store, view, now, promised, after=after)
        yield from page.rows
        after = page.after
        if after is None:
            return
