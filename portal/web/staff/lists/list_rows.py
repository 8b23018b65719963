"""The rows of a list: one page, or all of them page by page."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from portal import queries
from portal.queries import PageCursor, QueuePage, ranges_of_tab
from portal.search import Choice, Found, find, list_page, plain_ranges, sorted_rows
from portal.stores import Item, Store
from portal.web.staff.lists.list_owners import owned_page
from portal.web.staff.lists.list_view import ListView

#: Rows that are read at once for all rows of a list.
_AT_ONCE = 1000


def rows_page(
    store: Store,
    view: ListView,
    now: datetime,
    promised: timedelta,
    expiring: timedelta,
    *,
    after: PageCursor | None = None,
) -> Found:
    """A page of the list. It may be short, or empty, though more follow.

    Args:
        promised: Who waits longer is late.
        expiring: What ends within this time is in the tab of what expires.

    Raises:
        StoreError: The store failed.
    """
    if view.owner:
        return owned_page(
            store,
            view,
            now,
            after,
            lambda whole, at: rows_page(store, whole, now, promised, expiring, after=at),
            expiring=expiring,
        )
    choice = choice_of(view, now, promised, expiring)
    if not view.search:
        return list_page(store, choice, now, after=after)
    keep = choice.has_filtered if view.is_filtered else None
    found = find(store, view.search, view.tab, now, after=after, expiring=expiring, keep=keep)
    if not view.sort:
        return found
    if after or found.after:
        # The best matches come first: an order of one page would look like that of all.
        return replace(found, is_sorted=False)
    rows = sorted_rows(found.rows, view.sort.by, is_reversed=view.sort.is_reversed)
    return replace(found, rows=rows)


def choice_of(view: ListView, now: datetime, promised: timedelta, expiring: timedelta) -> Choice:
    """What `portal.search` reads of the list."""
    since = now - promised
    usual = ranges_of_tab(view.tab, now, expiring)
    ranges = queries.late_ranges(view.tab, since) if view.late else usual
    return Choice(
        tab=view.tab,
        ranges=ranges,
        by=view.sort.by if view.sort else None,
        is_reversed=bool(view.sort and view.sort.is_reversed),
        cluster=view.cluster,
        source=view.source,
        waits_since=since if view.late else None,
        expiring=expiring,
    )


def iter_rows(
    store: Store, view: ListView, now: datetime, promised: timedelta, expiring: timedelta
) -> Iterator[Item]:
    """All rows of the list in its order, as `rows_page` has them. Rows hold at least what the
    indexes of tenants project. For a file or an act on all of them: it reads every page.

    Raises:
        StoreError: The store failed.
    """
    after: PageCursor | None = None
    page: Found | QueuePage
    plain = None
    if not (view.owner or view.search):
        plain = plain_ranges(choice_of(view, now, promised, expiring))
    while True:
        if plain is not None:
            # Nothing else is to be read of them: so many at once.
            page = queries.page(store, plain, after=after, limit=_AT_ONCE)
        else:
            page = rows_page(store, view, now, promised, expiring, after=after)
        yield from page.rows
        after = page.after
        if after is None:
            return
