"""Dates and spans as text: short spans are exact, and the end of the calendar is no error."""

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from portal import create_app
from portal.settings import Settings
from portal.stores.contract import Add, Item, Store
from portal.tenants import Validity
from portal.web.i18n import dates, set_language
from tests.conftest import Clock
from tests.web.pages import Staff, sign_in


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=0.2), "1 second"),
        (timedelta(seconds=59.9), "59 seconds"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(minutes=59, seconds=59), "59 minutes"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(hours=23, minutes=59), "23 hours"),
        (timedelta(hours=24), "1 day"),
        (timedelta(hours=47, minutes=59), "1 day"),
        (timedelta(days=13), "13 days"),
        (timedelta(days=59), "59 days"),
        (timedelta(days=90), "3 months"),
    ],
)
def test_a_span_below_60_days_is_exact(app: Flask, span: timedelta, words: str) -> None:
    with app.test_request_context():
        set_language("en")
        assert dates.span(span) == words
        assert dates.ago(span) == f"{words} ago"


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Berlin", date(2026, 3, 29)),
        # Clocks go forward at midnight here, so the day begins at 01:00.
        ("Africa/Cairo", date(2026, 4, 24)),
        ("Asia/Beirut", date(2026, 3, 29)),
    ],
)
def test_a_day_begins_and_ends_even_where_it_has_no_midnight(zone: str, day: date) -> None:
    there, before = ZoneInfo(zone), day - timedelta(days=1)
    window, earlier = (Validity.of_days(each, each, there) for each in (day, before))
    assert window.valid_from is not None
    assert earlier.valid_to is not None
    assert dates.starts_with_a_day(window.valid_from, there)
    assert dates.ends_with_a_day(earlier.valid_to, there)
    assert dates.days_of(window.valid_from, earlier.valid_to, there) == (
        day.isoformat(),
        before.isoformat(),
    )


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize("end", ["9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00.000Z"])
def test_pages_show_a_record_whose_licence_ends_with_the_calendar(
    zone: str, end: str, settings: Settings, store: Store, clock: Clock
) -> None:
    start = "0001-01-01T00:00:00.000Z"
    item: Item = {"tenantId": "1_2", "isActive": True, "validFrom": start, "validTo": end}
    keys = {"gsi2pk": "STATUS#active", "gsi2sk": f"{end}#1_2"}
    store.write([Add({**item, **keys, "contactCompanyName": "Old GmbH"})])
    local = replace(settings, time_zone=ZoneInfo(zone))
    client = create_app(local, store=store, clock=clock.now).test_client()
    sign_in(client, store, clock.now(), role="viewer", name="Vera")
    vera = Staff(client, "Vera")
    assert "Old GmbH" in vera.page("1_2").text
    assert "Old GmbH" in vera.get("/staff/tenants?status=all").text
