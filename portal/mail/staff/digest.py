"""The digest for staff: who waits longer than promised, and whose access ends soon. It is made of
what the store has when it leaves, and costs the same however many tenants there are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal import records
from portal.mail.messages import Letter, Listing, Row, Words
from portal.settings import Settings
from portal.stores import GSI2, KEY, Cursor, Item, Page, Store
from portal.tenants import Status
from portal.timestamps import format_timestamp, parse_timestamp

#: The kind of its outbox entries. Its name is stored, so it stays as it is for ever.
DIGEST = "digest"
#: The id under which its entries stand, where others have that of a tenant.
STAFF = "staff"
#: Days before the end of a validity at which it is announced, once each.
EXPIRING_DAYS = (30, 14, 3)
#: Rows of each list that a digest names, and the most that are counted.
_NAMED, _CAP = 10, 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A range of the list of tenants of one status."""

    status: Status
    start: str
    end: str

    def page(self, store: Store, limit: int, after: Cursor | None = None) -> Page:
        partition = records.status_partition(self.status)
        between = (self.start, self.end)
        return store.query(GSI2, partition, between=between, after=after, limit=limit)

    def rows(self, store: Store, limit: int) -> Sequence[Item]:
        """The first rows, without those that wait for their customers."""
        rows: list[Item] = []
        after: Cursor | None = None
        while True:
            page = self.page(store, limit, after)
            rows += [row for row in page.items if not records.is_asked(row)]
            after = page.after
            if after is None or len(rows) >= limit:
                return rows[:limit]

    def count(self, store: Store) -> int:
        if self.status is Status.PENDING:
            return len(self.rows(store, _CAP))
        partition = records.status_partition(self.status)
        return store.count(GSI2, partition, cap=_CAP, between=(self.start, self.end))


def waiting_too_long(now: datetime, promised_days: int) -> Span:
    """Requests that wait for staff longer than promised. One whose customer was asked waits for
    the customer; after the answer it is late as before."""
    before = format_timestamp(now - timedelta(days=promised_days))
    return Span(status=Status.PENDING, start=" ", end=before)


def reached(days: int, since: datetime, until: datetime) -> Span:
    """Tenants that came within so many days of their end between two moments."""
    ahead = timedelta(days=days)
    start, end = format_timestamp(since + ahead), format_timestamp(until + ahead)
    return Span(status=Status.ACTIVE, start=start, end=end)


def digest_letter(
    store: Store, settings: Settings, _: Words, *, since: datetime, at: datetime, now: datetime
) -> Letter | None:
    """The words of a digest; `None`: there is nothing to say any more.

    Args:
        since: When the digest before it was made; it told of the tenants up to there.
        at: When this one was.
    """

    def announced(days: int) -> Listing | None:
        return _list(
            store,
            settings,
            reached(days, since, at),
            heading=lambda count: _(
                "Access that ends within %(days)s days: %(count)s.", days=days, count=count
            ),
            text=lambda row: _("ends on %(day)s", day=_day(row, "validTo", settings, _)),
            _=_,
        )

    late = _list(
        store,
        settings,
        waiting_too_long(now, settings.promised_days),
        heading=lambda count: _("Requests that wait longer than promised: %(count)s.", count=count),
        text=lambda row: _since(row, settings, _),
        _=_,
    )
    lists = (late, *map(announced, EXPIRING_DAYS))
    filled = tuple(each for each in lists if each)
    if not filled:
        return None
    return Letter(
        subject=_("What waits in the onboarding portal"),
        greeting=_("Hello,"),
        paragraphs=(),
        lists=filled,
        link=(_("Open the overview"), f"{settings.base_url}/staff/"),
        is_about_request=False,
    )


def _list(
    store: Store,
    settings: Settings,
    span: Span,
    *,
    heading: Callable[[str], str],
    text: Callable[[Item], str],
    _: Words,
) -> Listing | None:
    """The first tenants of a range, and how many more there are. `None`: it is empty."""
    count = span.count(store)
    if not count:
        return None
    rows = tuple(
        Row(
            name=str(row.get("contactCompanyName") or row[KEY]),
            text=text(row),
            url=f"{settings.base_url}/staff/tenants/{row[KEY]}",
        )
        for row in span.rows(store, _NAMED)
    )
    left = count - len(rows)
    more = _("and %(n)s more", n=f"{left}+" if count >= _CAP else left) if left > 0 else ""
    return Listing(heading=heading(_counted(count)), rows=rows, more=more)


def _since(row: Item, settings: Settings, _: Words) -> str:
    day = _day(row, "createdAt", settings, _)
    if records.is_answered(row):
        return _("since %(day)s, the customer has answered", day=day)
    return _("since %(day)s", day=day)


def _counted(number: int) -> str:
    return f"{number}+" if number >= _CAP else str(number)


def _day(row: Item, name: str, settings: Settings, _: Words) -> str:
    instant = parse_timestamp(str(row.get(name, "")))
    return _.day(instant, settings.time_zone) if instant else "?"
