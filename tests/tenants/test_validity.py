"""Validities by calendar days, to the millisecond, in zones whose clocks change."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.tenants import AccessStatus, BackwardWindowError, Status, Validity, access_status
from portal.timestamps import format_timestamp

MS = timedelta(milliseconds=1)
ZONES = [
    "UTC", "Europe/Berlin", "America/Havana", "Asia/Beirut", "Africa/Cairo", "Asia/Kathmandu",
    "Australia/Lord_Howe", "America/New_York", "Pacific/Kiritimati", "Pacific/Apia",
    "America/Santiago",
]  # fmt: skip

#: Zone, date, first and last millisecond of this date in the zone, remark.
DAYS = """
UTC                 2026-12-31 2026-12-31T00:00:00.000Z 2026-12-31T23:59:59.999Z  an ordinary day
Europe/Berlin       2026-12-31 2026-12-30T23:00:00.000Z 2026-12-31T22:59:59.999Z  in winter
Europe/Berlin       2026-06-30 2026-06-29T22:00:00.000Z 2026-06-30T21:59:59.999Z  in summer
Europe/Berlin       2026-03-29 2026-03-28T23:00:00.000Z 2026-03-29T21:59:59.999Z  of 23 hours
Europe/Berlin       2026-10-25 2026-10-24T22:00:00.000Z 2026-10-25T22:59:59.999Z  of 25 hours
America/Havana      2026-03-08 2026-03-08T05:00:00.000Z 2026-03-09T03:59:59.999Z  begins at 01:00
America/Havana      2026-03-07 2026-03-07T05:00:00.000Z 2026-03-08T04:59:59.999Z  before it
America/Havana      2026-11-01 2026-11-01T04:00:00.000Z 2026-11-02T04:59:59.999Z  midnight twice
Asia/Beirut         2025-03-30 2025-03-29T22:00:00.000Z 2025-03-30T20:59:59.999Z  begins at 01:00
Asia/Beirut         2025-10-25 2025-10-24T21:00:00.000Z 2025-10-25T21:59:59.999Z  23:00 twice
Asia/Kathmandu      2026-01-01 2025-12-31T18:15:00.000Z 2026-01-01T18:14:59.999Z  at UTC+5:45
Australia/Lord_Howe 2026-04-05 2026-04-04T13:00:00.000Z 2026-04-05T13:29:59.999Z  half an hour more
Pacific/Kiritimati  2026-01-01 2025-12-31T10:00:00.000Z 2026-01-01T09:59:59.999Z  at UTC+14
Pacific/Apia        2011-12-29 2011-12-29T10:00:00.000Z 2011-12-30T09:59:59.999Z  before the gap
Pacific/Apia        2011-12-31 2011-12-30T10:00:00.000Z 2011-12-31T09:59:59.999Z  after the gap
"""


@pytest.mark.parametrize(
    ("zone", "day", "first", "last"),
    [pytest.param(*line.split()[:4], id=line) for line in DAYS.strip().splitlines()],
)
def test_a_day_lasts_from_its_first_to_its_last_millisecond_in_the_zone(zone, day, first, last):
    validity = Validity.of_days(date.fromisoformat(day), date.fromisoformat(day), ZoneInfo(zone))
    assert validity.valid_from is not None
    assert validity.valid_to is not None
    assert (format_timestamp(validity.valid_from), format_timestamp(validity.valid_to)) == (
        first,
        last,
    )
    assert not validity.open_ended


@pytest.mark.parametrize("zone", ZONES)
def test_every_day_of_three_years_begins_and_ends_where_the_date_changes(zone):
    there = ZoneInfo(zone)
    for number in range(3 * 366):
        day = date(2025, 1, 1) + timedelta(days=number)
        validity = Validity.of_days(day, day, there)
        assert validity.valid_from is not None
        assert validity.valid_to is not None
        assert validity.valid_from.astimezone(there).date() == day
        assert (validity.valid_from - MS).astimezone(there).date() == day - timedelta(days=1)
        assert validity.valid_to.astimezone(there).date() == day
        assert (validity.valid_to + MS).astimezone(there).date() == day + timedelta(days=1)


@given(
    first=st.dates(date(2000, 1, 1), date(2199, 12, 30)),
    days=st.integers(0, 3000),
    zone=st.sampled_from(ZONES),
)
def test_consecutive_validities_leave_no_gap_and_do_not_overlap(first, days, zone):
    last = min(first + timedelta(days=days), date(2199, 12, 30))
    validity = Validity.of_days(first, last, ZoneInfo(zone))
    following = last + timedelta(days=1)
    assert validity.valid_to is not None
    assert (
        validity.valid_to + MS == Validity.of_days(following, following, ZoneInfo(zone)).valid_from
    )


def test_a_day_that_the_calendar_skipped_gives_no_access():
    # Samoa had no 30 December 2011.
    validity = Validity.of_days(date(2011, 12, 30), date(2011, 12, 30), ZoneInfo("Pacific/Apia"))
    assert validity.valid_from is not None
    for now in (validity.valid_from - MS, validity.valid_from, validity.valid_from + MS):
        assert access_status(Status.ACTIVE, validity, now) not in (
            AccessStatus.VALID,
            AccessStatus.EXPIRING,
        )


def test_the_first_and_last_day_that_staff_may_choose_work_in_every_zone():
    for zone in ZONES:
        validity = Validity.of_days(date(2000, 1, 1), date(2199, 12, 31), ZoneInfo(zone))
        assert validity.valid_from is not None
        assert validity.valid_to is not None
        assert validity.valid_from < validity.valid_to


@pytest.mark.parametrize("days", [1, 2, 400])
def test_a_validity_cannot_end_before_it_starts(days):
    last = date(2026, 11, 23)
    with pytest.raises(BackwardWindowError):
        Validity.of_days(last + timedelta(days=days), last, ZoneInfo("Europe/Berlin"))
