"""Instants as the downstream application writes and sorts them."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.timestamps import format_timestamp, parse_timestamp, seconds_until, utc_now

anywhere = st.datetimes(
    datetime(1, 1, 3),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(9999, 12, 29),  # noqa: DTZ001 - likewise
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m))),
)


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (datetime(2026, 11, 22, 10, 0, tzinfo=UTC), "2026-11-22T10:00:00.000Z"),
        (datetime(2026, 11, 22, 10, 0, 0, 999_000, tzinfo=UTC), "2026-11-22T10:00:00.999Z"),
        (datetime(2026, 11, 22, 10, 0, 0, 999_999, tzinfo=UTC), "2026-11-22T10:00:00.999Z"),
        (datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1))), "2025-12-31T23:00:00.000Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00.000Z"),
        (datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), "9999-12-31T23:59:59.999Z"),
    ],
)
def test_an_instant_has_the_form_of_to_iso_string(instant, text):
    assert format_timestamp(instant) == text


@given(anywhere)
def test_the_text_is_that_of_the_standard_library(instant):
    text = instant.astimezone(UTC).isoformat(timespec="milliseconds")
    assert format_timestamp(instant) == text.replace("+00:00", "Z")


@given(anywhere)
def test_the_text_has_a_fixed_width_and_reads_back_to_the_millisecond(instant):
    text = format_timestamp(instant)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text)
    again = parse_timestamp(text)
    assert again is not None
    assert timedelta(0) <= instant - again < timedelta(milliseconds=1)


@given(anywhere, anywhere)
def test_the_texts_sort_as_their_instants_do(one, other):
    one, other = (at.replace(microsecond=at.microsecond // 1000 * 1000) for at in (one, other))
    assert (format_timestamp(one) < format_timestamp(other)) is (one < other)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T10:00:00.000Z",
        "2026-11-22T10:00:00Z",
        "2026-11-22T10:00Z",
        "2026-11-22T11:00:00+01:00",
        "2026-11-22T04:30:00.000-05:30",
    ],
)
def test_an_offset_is_read_into_utc(text):
    assert parse_timestamp(text) == datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "", "soon", "2026-11-22", "2026-11-22T10:00:00", "2026-02-30T00:00:00Z",
        "2026-11-22T25:00:00Z", "22.11.2026 10:00", "1795341600000", "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00", "2026-11-22T10:00:00.000Z\n", "\x00", "Z",
    ],
)  # fmt: skip
def test_a_text_without_an_instant_is_none(text):
    assert parse_timestamp(text) is None


def test_now_is_aware_and_in_milliseconds():
    earliest = datetime.now(UTC) - timedelta(milliseconds=1)
    now = utc_now()
    assert earliest <= now <= datetime.now(UTC)
    assert parse_timestamp(format_timestamp(now)) == now


def test_now_goes_on_and_is_the_same_object_within_a_millisecond():
    first = utc_now()
    while (then := utc_now()) == first:
        assert then is first
    assert then > first


@pytest.mark.parametrize(
    ("milliseconds", "seconds"),
    [(3_600_000, 3600), (1001, 2), (1000, 1), (1, 1), (0, 1), (-1, 1), (-5000, 1)],
)
def test_whoever_is_refused_waits_a_second_at_least(milliseconds: int, seconds: int) -> None:
    now = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
    assert seconds_until(now + timedelta(milliseconds=milliseconds), now) == seconds
