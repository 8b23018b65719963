"""The columns of the queue: the texts of each row.

A new column takes two lines: its text in `_row`, and its entry in `columns` of
templates/staff/_queue.html. An index holds only some attributes of a tenant:
portal/stores/schema.py says which.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple
from zoneinfo import ZoneInfo

from portal import records
from portal.queries import Tab
from portal.records import ListFacts, RowMarks
from portal.stores import KEY, Item
from portal.tenants import Gap, Status, Validity, access_status
from portal.timestamps import parse_timestamp
from portal.web.i18n import N_, _, dates, labels
from portal.web.staff.lists.back_links import row_id


class QueueRow(NamedTuple):
    """Ready texts, named as in the template: `[[company]]` there is `row.company` here. They are
    in the language of the request.

    Attributes:
        mark: `None`: it has none.
        owner: Who looks after it, as this reader is told.
    """

    id: str
    version: str
    key: str
    url: str
    mark: "Mark | None"
    twice: str
    noted: str
    company: str
    contact: str
    email: str
    confirmed: str
    ids: str
    proved: str
    requested: str
    requested_iso: str
    age: str
    late: str
    validity: str
    status: str
    tone: str
    incomplete: str
    owner: str = ""


class RowSetting(NamedTuple):
    """What the texts of all rows of a page depend on, beside the tenants and the time.

    Attributes:
        language: That of the request.
        url_prefix, url_suffix: What stands in the address of a tenant's page around the id.
        promised: Who waits longer is late.
        expiring: What ends within this time expires.
    """

    language: str
    zone: ZoneInfo
    promised: timedelta
    expiring: timedelta
    url_prefix: str
    url_suffix: str


_RESOLUTION = timedelta.resolution
#: What each column shows, but the first one, which has the link of the row.
_TEXTS: Mapping[str, tuple[str, ...]] = {
    "contact": ("contact", "email", "confirmed"),
    "ids": ("ids", "proved"),
    "requested": ("requested", "age"),
    "validity": ("validity",),
    "status": ("status",),
}


def same_in_all(rows: Sequence[QueueRow]) -> dict[str, str]:
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


def queue_row(item: Item, facts: ListFacts, setting: RowSetting, now: datetime) -> QueueRow:
    """What a list shows of a tenant at this time.

    Args:
        facts: What is known of it beside its row.
    """
    zone, locale = setting.zone, setting.language
    get, gaps, marks = item.get, records.gaps_of_row(item), records.row_marks(item)
    tenant_id = str(item[KEY])
    status = records.status_of(item)
    created_at = str(get("createdAt", ""))
    requested, requested_day = _instant_and_day(created_at, zone, locale)
    age = now - requested if requested else timedelta(0)
    is_late = status is Status.PENDING and age > setting.promised
    account, company = get("accountId", ""), get("companyId", "")
    validity = records.validity_of(item) if status is Status.ACTIVE or "validTo" in item else None
    has_marks = marks is not records.NO_MARKS
    mark = queue_mark(marks) if has_marks else None
    if validity and status is Status.ACTIVE:
        access = access_status(status, validity, now, setting.expiring)
        status_label, tone = labels.ACCESS_STATUS[access], labels.TONE[access]
    else:
        status_label, tone = _MARKED[mark] if mark else (labels.STATUS[status], "")
        tone = tone or _STATUS_TONES[status]
    return QueueRow(
        id=tenant_id,
        version=str(get("version", 0)),
        key=row_id(tenant_id),
        url=f"{setting.url_prefix}{tenant_id}{setting.url_suffix}",
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


def next_change(item: Item, setting: RowSetting, now: datetime) -> datetime:
    """Until when `queue_row` says the same of this item. It changes when a wait gets one more unit
    of time, or becomes late, and when the access of a licence does.

    Raises:
        OverflowError: Beyond what `datetime` has.
    """
    edges: list[datetime] = []
    requested, _day = _instant_and_day(
        str(item.get("createdAt", "")), setting.zone, setting.language
    )
    if requested:
        edges = [requested + dates.age_ends(now - requested), requested + setting.promised]
    if "validFrom" in item or "validTo" in item:
        validity = records.validity_of(item)
        if validity.valid_from:
            edges.append(validity.valid_from)
        if validity.valid_to:
            edges += [validity.valid_to, validity.valid_to - setting.expiring]
    # Some rules include their edge, others do not: what holds at an edge is kept for that instant.
    ahead = [edge if edge > now else edge + _RESOLUTION for edge in edges if edge >= now]
    return min(ahead, default=datetime.max.replace(tzinfo=UTC))


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
