"""The figures of the overview: what is counted by week, and which licences end in a month."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from portal import queries, records
from portal.queries import MAX_ENDS, KnownFigures
from portal.stores.contract import Add, Count, Store
from portal.stores.schema import GSI2, KEY
from portal.tenants import Status, Validity
from portal.timestamps import format_timestamp
from tests.conftest import START
from tests.examples import Counting
from tests.queries.many_tenants import fill, tenant

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def store(each_store: Store) -> Store:
    return each_store


def count_up(store: Store, item_id: str, name: str, times: int = 1) -> None:
    for _ in range(times):
        store.write([Count(item_id, {name: 10**6})])


def test_a_store_that_has_counted_nothing_has_twelve_weeks_of_nothing(store) -> None:
    found = queries.weeks(store, START)
    assert [week.monday for week in found][::11] == [date(2026, 9, 7), date(2026, 11, 23)]
    assert len(found) == 12
    assert all((week.sign_ups, week.decisions) == (0, 0) for week in found)


def test_a_week_shows_what_was_counted_with_its_corrections(store) -> None:
    count_up(store, "stats-sign-ups-2026-W48", "s", 3)
    count_up(store, "stats-week-2026-W48", "reject-aaaaaaaa", 2)
    count_up(store, "stats-week-2026-W48", "activate-aaaaaaaa")
    count_up(store, "stats-week-2026-W48", "w07")
    corrections = {"2026-W48": {"s": -1, "activate-aaaaaaaa": -5, "reject-bbbbbbbb": 4}}
    store.write([Add(records.corrections_item(corrections, 1))])
    week = queries.weeks(store, START, 1)[0]
    assert week.sign_ups == 2
    assert week.decided == {("reject", "aaaaaaaa"): 2, ("reject", "bbbbbbbb"): 4}


def ending(store: Store, *ends: datetime, status: Status = Status.ACTIVE) -> None:
    number = len(store.scan().items)
    fill(store, (
        tenant(number + n, status, validity=Validity(valid_from=START, valid_to=end))
        for n, end in enumerate(ends)
    ))  # fmt: skip


def test_a_month_is_that_of_the_portals_zone(store) -> None:
    ending(
        store,
        START - timedelta(days=1),
        # The last millisecond of November in Berlin, and the first one of December.
        datetime(2026, 11, 30, 22, 59, 59, 999000, UTC),
        datetime(2026, 11, 30, 23, 0, tzinfo=UTC),
        # Summer time ends within October.
        datetime(2027, 10, 31, 22, 59, 59, 999000, UTC),
        datetime(2027, 10, 31, 23, 0, tzinfo=UTC),
    )
    ending(store, START + timedelta(days=1), status=Status.SUSPENDED)
    months = queries.endings(store, START, BERLIN)
    assert [month.first.isoformat() for month in months][::11] == ["2026-11-01", "2027-10-01"]
    assert [month.count for month in months] == [1, 1, *[0] * 9, 1]
    in_utc = queries.endings(store, START, ZoneInfo("UTC"))
    assert [month.count for month in in_utc] == [2, 0, *[0] * 9, 2][:12]


def test_ends_of_the_last_month_of_a_year_are_followed_by_january(store) -> None:
    months = queries.endings(store, datetime(2026, 12, 31, 22, 30, tzinfo=UTC), BERLIN)
    assert [month.first for month in months][:2] == [date(2026, 12, 1), date(2027, 1, 1)]


def test_ends_are_counted_up_to_a_limit(store) -> None:
    end = format_timestamp(START + timedelta(days=40))
    rows = [
        {KEY: f"{n}_1", GSI2.partition: "STATUS#active", GSI2.sort: f"{end}#{n}_1"}
        for n in range(MAX_ENDS + 100)
    ]
    for at in range(0, len(rows), 100):
        store.write([Add(row) for row in rows[at : at + 100]])
    assert [month.count for month in queries.endings(store, START, BERLIN)][:3] == [0, 0, MAX_ENDS]


# ---- What is remembered


def test_past_weeks_are_read_once_and_this_one_each_time(store) -> None:
    known = KnownFigures()
    known.weeks(store, START)
    count_up(store, "stats-sign-ups-2026-W47", "s")
    count_up(store, "stats-sign-ups-2026-W48", "s")
    counting = Counting(store)
    found = known.weeks(counting, START + timedelta(minutes=9))
    assert [week.sign_ups for week in found[-2:]] == [0, 1]
    assert counting.cost.gets == 3
    found = known.weeks(store, START + timedelta(minutes=10))
    assert [week.sign_ups for week in found[-2:]] == [1, 1]
    assert found == queries.weeks(store, START)


def test_a_new_week_begins_at_midnight_in_utc_even_if_the_past_is_remembered(store) -> None:
    known = KnownFigures()
    sunday = datetime(2026, 11, 29, 23, 59, tzinfo=UTC)
    count_up(store, "stats-sign-ups-2026-W48", "s")
    assert known.weeks(store, sunday)[-1].sign_ups == 1
    monday = known.weeks(store, sunday + timedelta(minutes=1))
    assert [week.sign_ups for week in monday[-2:]] == [1, 0]
    assert monday[-1].monday == date(2026, 11, 30)


def test_ends_are_counted_every_ten_minutes(store) -> None:
    known = KnownFigures()
    known.endings(store, START, BERLIN)
    ending(store, START + timedelta(days=3))
    counting = Counting(store)
    assert known.endings(counting, START + timedelta(minutes=9), BERLIN)[0].count == 0
    assert counting.cost.counts == 0
    assert known.endings(counting, START + timedelta(minutes=10), BERLIN)[0].count == 1
    assert counting.cost.counts == 12
