"""The lists of tenants: their tabs with counts, their rows, and links to their pages."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import g, url_for

from portal import queries, records
from portal.queries import CAP, QueuePage, Tab
from portal.stores import KEY, Item
from portal.tenants import Status, Validity, access_status
from portal.timestamps import parse_timestamp
from portal.web.http import (
    now,
    services,
    settings,
    store,
)
from portal.web.i18n import _, dates, labels, locale_name
from portal.web.staff.recent_decisions import without_decided

# ---- Tabs


@dataclass(frozen=True, kw_only=True, slots=True)
class Count:
    label: str
    count: str
    url: str
    tone: str
    key: str = ""
    current: str = "false"


_TAB_TONES = {
    Tab.PENDING: "information",
    Tab.ACTIVE: "positive",
    Tab.EXPIRING: "warning",
    Tab.EXPIRED: "negative",
}


def tabs(current: Tab | None = None) -> list[Count]:
    """All tabs; the one for what was set aside only while it holds something."""
    base = f"{_lists_url()}?status="
    return [
        Count(
            label=_(labels.TAB[tab]),
            count=f"{CAP - 1}+" if number >= CAP else str(number),
            url=base + tab.value,
            tone=_TAB_TONES.get(tab, "") if number else "",
            key=tab.value,
            current="page" if tab is current else "false",
        )
        for tab, number in queries.counts(store(), now()).items()
        if number or tab is not Tab.ASIDE
    ]


# ---- Rows


class QueueRow(NamedTuple):
    """One line of a list: ready strings, since fifty of them are written at a time."""

    url: str
    company: str
    contact: str
    email: str
    ids: str
    asked: str
    asked_iso: str
    age: str
    late: str
    window: str
    status: str
    tone: str


def queue_rows(listing: QueuePage, tab: Tab) -> list[QueueRow]:
    moment, zone, locale = now(), settings().time_zone, locale_name()
    prefix = f"{_lists_url()}/"
    promised = timedelta(days=settings().promised_days)
    shown = without_decided(listing.rows) if tab is Tab.PENDING else listing.rows
    return [
        _row(row, prefix, moment=moment, zone=zone, promised=promised, locale=locale)
        for row in shown
    ]


def _row(
    item: Item, prefix: str, *, moment: datetime, zone: ZoneInfo, promised: timedelta, locale: str
) -> QueueRow:
    get = item.get
    status = records.status_of(item)
    asked_iso = str(get("createdAt", ""))
    asked = parse_timestamp(asked_iso)
    age = moment - asked if asked else timedelta(0)
    late = status is Status.PENDING and age > promised
    account, company = get("accountId", ""), get("companyId", "")
    label, tone, window = "", "", ""
    if status is Status.ACTIVE:
        validity = records.validity_of(item)
        stands = access_status(status, validity, moment)
        label, tone = _(labels.STANDING[stands]), labels.TONE[stands]
        window = _window(validity, zone, locale)
    else:
        label, tone = _(labels.STATUS[status]), _STATUS_TONES[status]
        if "validTo" in item:
            window = _window(records.validity_of(item), zone, locale)
    return QueueRow(
        f"{prefix}{item[KEY]}",
        str(get("contactCompanyName", "")),
        str(get("contactFullName", "")),
        str(get("contactEmailAddress", "")),
        f"{account} / {company}" if account else "",
        dates.day(asked, zone, locale),
        asked_iso,
        dates.age(age, locale, late=late) if asked else "",
        "late" if late else "",
        window,
        label,
        tone,
    )


_STATUS_TONES = {
    Status.PENDING: "information",
    Status.ACTIVE: "positive",
    Status.SUSPENDED: "negative",
    Status.REJECTED: "",
    Status.WITHDRAWN: "",
}


def _window(validity: Validity, zone: ZoneInfo, locale: str) -> str:
    """`1 May 2026 – 30 Apr 2027`; a missing end stays open."""
    first = dates.day(validity.valid_from, zone, locale)
    return f"{first} – {dates.day(validity.valid_to, zone, locale)}".strip()


# ---- Links


def list_url(tab: Tab, sought: str = "", listing: QueuePage | None = None) -> str:
    """A link that can be shared; with a listing, to the page behind it, or empty."""
    parameters = {"status": tab.value}
    if sought:
        parameters["q"] = sought
    if listing is not None:
        if listing.after is None:
            return ""
        parameters["after"] = services().links.cursor(listing.after, list_name(tab, sought))
    return f"{_lists_url()}?{urlencode(parameters)}"


def list_name(tab: Tab, sought: str) -> str:
    """What a cursor belongs to."""
    return f"{tab.value} {sought}"


def _lists_url() -> str:
    """Worked out once per request: a list page has a dozen links to lists."""
    if "lists_url" not in g:
        g.lists_url = url_for("staff.tenants")
    return str(g.lists_url)
