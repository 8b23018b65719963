"""Lists of what one person looks after, or nobody does; and whose each row of a list is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import SimpleNamespace

from portal import desk, queries
from portal.auth import Role
from portal.queries import PageCursor
from portal.search import Found
from portal.stores import KEY, Item, Store
from portal.web.http import now, person, services, store
from portal.web.i18n import _, dates
from portal.web.staff.lists.list_view import ListView

#: What stands in an address for nobody. All others are ids of people.
NOBODY = "nobody"
#: Pages of the whole list that are read for one page of somebody's.
_MOST_PAGES = 4

#: A page of the list of everybody.
ReadPage = Callable[[ListView, PageCursor | None], Found]


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnerLink:
    label: str
    url: str
    current: str


def owned_page(
    store: Store,
    view: ListView,
    now: datetime,
    after: PageCursor | None,
    read: ReadPage,
    *,
    expiring: timedelta,
) -> Found:
    """A page of what the owner of this view looks after. It may be short, or empty, though more
    follow.

    Raises:
        StoreError: The store failed.
    """
    everybodys = replace(view, owner="")
    if view.owner != NOBODY and everybodys == ListView(tab=view.tab):
        return _plain_page(store, view, now, expiring, after)
    rows: list[Item] = []
    page = read(everybodys, after)
    for _attempt in range(_MOST_PAGES):
        rows += _of_owner(store, page.rows, view.owner, now)
        if rows or page.after is None:
            break
        page = read(everybodys, page.after)
    return replace(page, rows=rows)


def _plain_page(
    store: Store, view: ListView, now: datetime, expiring: timedelta, after: PageCursor | None
) -> Found:
    """Read from the index of the person: it costs what they look after, whatever waits beside."""
    page = desk.owned(store, view.owner, after=after.position if after else None)
    rows = [row for row in page.items if queries.is_in_tab(row, view.tab, now, expiring)]
    return Found(rows, PageCursor(0, page.after) if page.after else None)


def _of_owner(store: Store, rows: Sequence[Item], owner: str, now: datetime) -> list[Item]:
    found = desk.owners(store, rows)
    if owner == NOBODY:
        colleagues = services().colleagues
        ids = {each.id for each in found.values()}
        gone = [each for each in ids if not colleagues.may_own(store, now, each)]
        return desk.without_owner(rows, found, gone)
    return [row for row in rows if (it := found.get(str(row[KEY]))) and it.id == owner]


def with_owners(rows: list[SimpleNamespace], items: Sequence[Item]) -> list[SimpleNamespace]:
    """The rows, with the text of who looks after each; empty: nobody with access does."""
    found = desk.owners(store(), items)
    if not found:
        for row in rows:
            row.owner = ""
        return rows
    colleagues, user = services().colleagues, person()
    for row, item in zip(rows, items, strict=True):
        owner = found.get(str(item[KEY]))
        row.owner = ""
        if owner is None or owner.since is None:
            continue
        span = dates.span(now() - owner.since)
        if user and owner.id == user.id:
            row.owner = _("You have looked after it for %(span)s", span=span)
        elif colleagues.may_own(store(), now(), owner.id):
            row.owner = _("%(name)s has looked after it for %(span)s", name=owner.name, span=span)
    return rows


def owner_links(view: ListView, url_of: Callable[[ListView], str]) -> list[OwnerLink]:
    """Everybody's, mine, nobody's: for those who can look after something."""
    user = person()
    if user is None or user.role < Role.APPROVER:
        return []
    owners = [("", _("Everybody’s")), (user.id, _("Mine")), (NOBODY, _("Nobody’s"))]
    if view.owner not in {owner for owner, _label in owners}:
        known = services().colleagues.at(store(), now())
        owners += [(each.id, each.name) for each in known if each.id == view.owner]
    return [
        OwnerLink(
            label=label,
            url=url_of(replace(view, owner=owner)),
            current="true" if owner == view.owner else "false",
        )
        for owner, label in owners
    ]
