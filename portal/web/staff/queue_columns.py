"""The columns of the queue: the texts of each row.

A new column takes two lines: its text in `_row`, and its entry in `columns` of
templates/staff/_queue.html. An index holds only some attributes of a tenant:
portal/stores/schema.py says which.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

from portal import records
from portal.stores import KEY, Item
from portal.tenants import Status, Validity, access_status
from portal.timestamps import parse_timestamp
from portal.web.http import now, settings
from portal.web.i18n import _, dates, labels, locale_name


def queue_rows(items: Iterable[Item], url_prefix: str) -> list[SimpleNamespace]:
    """Ready texts, named as in the template: `[[company]]` there is `row.company` here."""
    zone, locale = settings().time_zone, locale_name()
    promised = timedelta(days=settings().promised_days)
    time = now()
    return [
        _row(item, url_prefix, now=time, zone=zone, promised=promised, locale=locale)
        for item in items
    ]


def _row(
    item: Item, url_prefix: str, *, now: datetime, zone: ZoneInfo, promised: timedelta, locale: str
) -> SimpleNamespace:
    get = item.get
    status = records.status_of(item)
    created_at = str(get("createdAt", ""))
    requested = parse_timestamp(created_at)
    age = now - requested if requested else timedelta(0)
    late = status is Status.PENDING and age > promised
    account, company = get("accountId", ""), get("companyId", "")
    validity = records.validity_of(item) if status is Status.ACTIVE or "validTo" in item else None
    if validity and status is Status.ACTIVE:
        access = access_status(status, validity, now)
        status_label, tone = labels.ACCESS_STATUS[access], labels.TONE[access]
    else:
        status_label, tone = labels.STATUS[status], _STATUS_TONES[status]
    return SimpleNamespace(
        url=f"{url_prefix}{item[KEY]}",
        company=str(get("contactCompanyName", "")),
        contact=str(get("contactFullName", "")),
        email=str(get("contactEmailAddress", "")),
        ids=f"{account} / {company}" if account else "",
        requested=dates.day(requested, zone, locale),
        requested_iso=created_at,
        age=dates.age(age, locale, late=late) if requested else "",
        late="late" if late else "",
        validity=_days(validity, zone, locale) if validity else "",
        status=_(status_label),
        tone=tone,
    )


_STATUS_TONES = {
    Status.PENDING: "information",
    Status.ACTIVE: "positive",
    Status.SUSPENDED: "negative",
    Status.REJECTED: "",
    Status.WITHDRAWN: "",
}


def _days(validity: Validity, zone: ZoneInfo, locale: str) -> str:
    """`1 May 2026 – 30 Apr 2027`; without an end, `1 May 2026 –`."""
    first = dates.day(validity.valid_from, zone, locale)
    return f"{first} – {dates.day(validity.valid_to, zone, locale)}".strip()
