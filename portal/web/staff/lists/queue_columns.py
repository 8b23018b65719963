"""The columns of the queue: the texts of each row.

A new column takes two lines: its text in `_row`, and its entry in `columns` of
templates/staff/_queue.html. An index holds only some attributes of a tenant:
portal/stores/schema.py says which.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from operator import attrgetter
from types import SimpleNamespace
from zoneinfo import ZoneInfo

from portal import records
from portal.queries import Tab
from portal.records import ListFacts, RowMarks
from portal.stores import KEY, Item
from portal.tenants import Gap, Status, Validity, access_status
from portal.timestamps import parse_timestamp
from portal.web.http import now, settings
from portal.web.i18n import N_, _, dates, labels, locale_name
from portal.web.staff.lists.back_links import row_id


def queue_rows(
    items: Iterable[Item], facts: Mapping[str, ListFacts], url_prefix: str, url_suffix: str = ""
) -> list[SimpleNamespace]:
    """Ready texts, named as in the template: `[[company]]` there is `row.company` here.

    The address of a tenant's page is its id between `url_prefix` and `url_suffix`.

    Args:
        facts: What is known of some of the tenants beside their rows, by their ids.
    """
    zone, locale = settings().time_zone, locale_name()
    promised = timedelta(days=settings().promised_days)
    time = now()
    return [
        _row(
            item,
            facts.get(str(item[KEY]), _NOTHING),
            (url_prefix, url_suffix),
            now=time,
            zone=zone,
            promised=promised,
            locale=locale,
        )
        for item in items
    ]


_NOTHING = ListFacts()
#: What each column shows, but the first one, which has the link of the row.
_TEXTS: Mapping[str, tuple[str, ...]] = {
    "contact": ("contact", "email", "confirmed"),
    "ids": ("ids", "proved"),
    "requested": ("requested", "age"),
    "validity": ("validity",),
    "status": ("status",),
}


def same_in_all(rows: Sequence[SimpleNamespace]) -> dict[str, str]:
    """The columns that say the same in each row, and what they say. An empty text of a single row
    says nothing either."""
    same: dict[str, str] = {}
    if not rows:
        return same
    for column, names in _TEXTS.items():
        texts = [getattr(rows[0], name) for name in names]
        is_same = all(
            list(map(attrgetter(name), rows)).count(text) == len(rows)
            for name, text in zip(names, texts, strict=True)
        )
        if is_same and (len(rows) > 1 or not any(texts)):
            same[column] = " ".join(filter(None, texts))
    return same


def _row(
    item: Item,
    facts: ListFacts,
    url: tuple[str, str],
    *,
    now: datetime,
    zone: ZoneInfo,
    promised: timedelta,
    locale: str,
) -> SimpleNamespace:
    get, gaps, marks = item.get, records.gaps_of_row(item), records.row_marks(item)
    tenant_id = str(item[KEY])
    status = records.status_of(item)
    created_at = str(get("createdAt", ""))
    requested, requested_day = _instant_and_day(created_at, zone, locale)
    age = now - requested if requested else timedelta(0)
    is_late = status is Status.PENDING and age > promised
    account, company = get("accountId", ""), get("companyId", "")
    validity = records.validity_of(item) if status is Status.ACTIVE or "validTo" in item else None
    has_marks = marks is not records.NO_MARKS
    mark = queue_mark(marks) if has_marks else None
    if validity and status is Status.ACTIVE:
        access = access_status(status, validity, now, settings().expiring)
        status_label, tone = labels.ACCESS_STATUS[access], labels.TONE[access]
    else:
        status_label, tone = _MARKED[mark] if mark else (labels.STATUS[status], "")
        tone = tone or _STATUS_TONES[status]
    return SimpleNamespace(
        id=item[KEY],
        version=str(get("version", 0)),
        key=row_id(tenant_id),
        url=f"{url[0]}{tenant_id}{url[1]}",
        mark=mark,
        twice=_("Perhaps twice") if facts.twice else "",
        noted=_("Has notes") if facts.noted else "",
        # A link needs a text.
        company=str(get("contactCompanyName") or (tenant_id if Gap.CONTACT in gaps else "")),
        contact=_("(erased)") if marks.erased else str(get("contactFullName", "")),
        email=str(get("contactEmailAddress", "")),
        confirmed=_("confirmed") if marks.confirmed else "",
        ids=f"{account} / {company}" if account else "",
        proved=_proved(marks) if has_marks else "",
        requested=requested_day,
        requested_iso=created_at,
        age=dates.age(age, locale, late=is_late) if requested else "",
        late="late" if is_late else "",
        validity=_days(validity, zone, locale) if validity else "",
        status=_(status_label),
        tone=tone,
        incomplete=labels.incomplete_label(gaps) if gaps else "",
    )


@lru_cache(4096)
def _instant_and_day(text: str, zone: ZoneInfo, locale: str) -> tuple[datetime | None, str]:
    """The instant of a timestamp, and its day for people."""
    instant = parse_timestamp(text)
    return instant, dates.day(instant, zone, locale)


def _proved(marks: RowMarks) -> str:
    if marks.other_companies:
        return _("account proved; other companies listed")
    return _("account proved") if marks.proved else ""


class Mark(StrEnum):
    """What the list says of a pending sign-up in place of its status."""

    WAITS = "waits"
    ASIDE = "aside"
    ASKED = "asked"
    ANSWERED = "answered"
    RENEWAL = "renewal"
    FAST = "fast"


def queue_mark(marks: RowMarks) -> Mark | None:
    """The mark that matters most for what staff do next. `None`: it has none."""
    if marks.waiting:
        return Mark.WAITS
    if marks.aside:
        return Mark.ASIDE
    if marks.answered:
        return Mark.ANSWERED
    if marks.asked:
        return Mark.ASKED
    if marks.renewal:
        return Mark.RENEWAL
    return Mark.FAST if marks.fast else None


#: Label and tone.
_MARKED: Mapping[Mark | None, tuple[str, str]] = {
    Mark.WAITS: (N_("Waits for the address"), "warning"),
    Mark.ASIDE: (labels.TAB[Tab.ASIDE], "warning"),
    Mark.ANSWERED: (N_("Answered"), "positive"),
    Mark.ASKED: (N_("Asked"), "information"),
    Mark.RENEWAL: (N_("Renewal"), "information"),
    Mark.FAST: (N_("Pending, sent very fast"), "warning"),
}

_STATUS_TONES = {
    Status.PENDING: "information",
    Status.ACTIVE: "positive",
    Status.SUSPENDED: "negative",
    Status.REJECTED: "",
    Status.WITHDRAWN: "",
}


def _days(validity: Validity, zone: ZoneInfo, locale: str) -> str:
    """`1 May 2026 – 30 Apr 2027`; without an end, `1 May 2026 –`. No line ends in a day."""
    first, last = (
        dates.day(end, zone, locale).replace(" ", "\N{NO-BREAK SPACE}")
        for end in (validity.valid_from, validity.valid_to)
    )
    return f"{first} – {last}".strip()
