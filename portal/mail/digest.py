"""The digest for staff: who waits longer than promised, and whose access ends soon. It is made of
what the store has when it leaves, and costs the same however many tenants there are."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal import records
from portal.mail.letters import Letter
from portal.mail.words import Words
from portal.settings import Settings
from portal.stores import GSI2, Cursor, Item, Page, Store
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
        return self.page(store, limit).items

    def count(self, store: Store) -> int:
        partition = records.status_partition(self.status)
        return store.count(GSI2, partition, cap=_CAP, between=(self.start, self.end))


def waiting_too_long(now: datetime, promised_days: int) -> Span:
    before = format_timestamp(now - timedelta(days=promised_days))
    return Span(status=Status.PENDING, start=" ", end=before)


def reached(days: int, since: datetime, until: datetime) -> Span:
    """Tenants that came within so many days of their end between two moments."""
    ahead = timedelta(days=days)
    start, end = format_timestamp(since + ahead), format_timestamp(until + ahead)
    return Span(status=Status.ACTIVE, start=start, end=end)


def address_mark(address: str) -> str:
    """Stands for an address of staff in the id of an entry, which holds none."""
    return hashlib.sha256(address.casefold().encode()).hexdigest()[:16]


def address_of_mark(settings: Settings, mark: str) -> str | None:
    """`None`: the settings do not name this address any more."""
    return next((each for each in settings.mail_staff if address_mark(each) == mark), None)


def digest_letter(
    store: Store, settings: Settings, _: Words, *, since: datetime, at: datetime, now: datetime
) -> Letter | None:
    """The words of a digest; `None`: there is nothing to say any more.

    Args:
        since: When the digest before it was made; it told of the tenants up to there.
        at: When this one was.
    """
    late = waiting_too_long(now, settings.promised_days)
    paragraphs: list[str] = []
    waiting = late.count(store)
    if waiting:
        paragraphs.append(
            _("Requests that wait longer than promised: %(count)s.", count=_counted(waiting))
        )
        paragraphs += [
            _(
                "%(company)s: since %(day)s",
                company=_company(row),
                day=_day(row, "createdAt", settings, _),
            )
            for row in late.rows(store, _NAMED)
        ]
    for days in EXPIRING_DAYS:
        span = reached(days, since, at)
        ending = span.count(store)
        if ending:
            paragraphs.append(
                _(
                    "Access that ends within %(days)s days: %(count)s.",
                    days=days,
                    count=_counted(ending),
                )
            )
            paragraphs += [
                _(
                    "%(company)s: ends on %(day)s",
                    company=_company(row),
                    day=_day(row, "validTo", settings, _),
                )
                for row in span.rows(store, _NAMED)
            ]
    if not paragraphs:
        return None
    return Letter(
        subject=_("What waits in the onboarding portal"),
        greeting=_("Hello,"),
        paragraphs=tuple(paragraphs),
        link=(_("Open the overview"), f"{settings.base_url}/staff/"),
    )


def _counted(number: int) -> str:
    return f"{number}+" if number >= _CAP else str(number)


def _company(row: Item) -> str:
    return str(row.get("contactCompanyName") or row["tenantId"])


def _day(row: Item, name: str, settings: Settings, _: Words) -> str:
    instant = parse_timestamp(str(row.get(name, "")))
    return _.day(instant, settings.time_zone) if instant else "?"
