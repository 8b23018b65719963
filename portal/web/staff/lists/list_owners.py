"""Lists of what one person looks after, or nobody does; and whose each row of a list is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from portal import desk, queries
from portal.auth import Role
from portal.queries import PageCursor
from portal.search import Found
from portal.stores import KEY, Item, Store
from portal.web.http import now, person, services, store
from portal.web.i18n import _, dates
from portal.web.staff.lists.kept_rows import KeptPage, ShownRows
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


def with_owners(page: KeptPage) -> ShownRows:
    """The rows, with the text of who looks after each; empty: nobody with access does."""
    found = desk.owners_in(store(), page.assignments)
    texts = {tenant_id: _owner_text(owner) for tenant_id, owner in found.items()}
    return page.with_owners({tenant_id: text for tenant_id, text in texts.items() if text})


def _owner_text(owner: desk.Owner) -> str:
    if owner.since is None:
        return ""
    user, span = person(), dates.span(now() - owner.since)
    if user and owner.id == user.id:
        return _("You have looked after it for %(span)s", span=span)
    if services().colleagues.may_own(store(), now(), owner.id):
        return _("%(name)s has looked after it for %(span)s", name=owner.name, span=span)
    return ""


def other_owner(view: ListView) -> str:
    """The name of the colleague whose list this is; empty if it is everybody's, nobody's, or of
    the reader, or of somebody without access."""
    user = person()
    if view.owner in ("", NOBODY) or user is None or view.owner == user.id:
        return ""
    known = services().colleagues.at(store(), now())
    return next((each.name for each in known if each.id == view.owner), "")


def owner_links(
    view: ListView, url_of: Callable[[ListView], str], other_name: str
) -> list[OwnerLink]:
    """Everybody's, mine, nobody's: for those who can look after something.

    Args:
        other_name: `other_owner` of the view.
    """
    user = person()
    if user is None or user.role < Role.APPROVER:
        return []
    owners = [("", _("Everybody’s")), (user.id, _("Mine")), (NOBODY, _("Nobody’s"))]
    if other_name:
        owners.append((view.owner, other_name))
    return [
        OwnerLink(
            label=label,
            url=url_of(replace(view, owner=owner)),
            current="true" if owner == view.owner else "false",
        )
        for owner, label in owners
    ]
