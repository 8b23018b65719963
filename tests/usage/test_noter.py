"""What one process notes of the use of tenants, and what it writes of it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from portal import records
from portal.records import Usage
from portal.stores import StoreWrapper, UnavailableError
from portal.stores.contract import Add, Change, Store
from portal.stores.schema import GSI3, KEY
from portal.usage import MAX_UNKNOWN, UNKNOWN_KEPT
from tests.conftest import START, Clock
from tests.examples import all_items
from tests.usage.conftest import NewNoter

TODAY, TOMORROW = date(2026, 11, 23), date(2026, 11, 24)


class Counted(StoreWrapper):
    """Counts calls, and fails while it is down."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.writes = self.reads = 0
        self.is_down = False

    def get(self, item_id):
        self._call()
        self.reads += 1
        return super().get(item_id)

    def write(self, changes: Sequence[Change]) -> None:
        self._call()
        self.writes += 1
        super().write(changes)

    def _call(self) -> None:
        if self.is_down:
            raise UnavailableError(reason="It is down.", remedy="Wait.")


def usage(store: Store, tenant_id: str) -> Usage:
    return records.usage_of(store.get(records.usage_id(tenant_id)))


def unknown(store: Store) -> dict[str, int]:
    item = store.get(records.UNKNOWN_IDS)
    return {each.tenant_id: each.count for each in records.unknown_ids_of(item)}


def test_a_tenant_is_written_once_a_day_over_all_processes(
    store: Store, new_noter: NewNoter, clock: Clock, tenant_id: str
) -> None:
    counted = Counted(store)
    first, second = new_noter(counted), new_noter(counted)
    for _ in range(3):
        for noter in (first, second):
            noter.gave_access(tenant_id, clock.now())
            assert noter.flush()
        clock.advance(hours=1)
    assert counted.writes == 1
    clock.advance(days=1)
    for noter in (first, second):
        noter.gave_access(tenant_id, clock.now())
        assert noter.flush()
    assert counted.writes == 2
    stored = usage(store, tenant_id)
    assert (stored.first_day, stored.last_day) == (TODAY, TOMORROW)


def test_nothing_is_asked_of_the_store_while_answers_are_noted(
    store: Store, new_noter: NewNoter, clock: Clock, tenant_id: str
) -> None:
    counted = Counted(store)
    noter = new_noter(counted)
    for _ in range(1000):
        noter.gave_access(tenant_id, clock.now())
        noter.refused(tenant_id + "0", clock.now())
        noter.asked_unknown("7_7")
        noter.opened("pending-1", None, clock.now())
    assert (counted.reads, counted.writes) == (0, 0)


def test_a_start_writes_nothing_again(
    store: Store, new_noter: NewNoter, clock: Clock, tenant_id: str
) -> None:
    noter = new_noter(store)
    noter.gave_access(tenant_id, clock.now())
    noter.flush()
    counted = Counted(store)
    again = new_noter(counted)
    again.gave_access(tenant_id, clock.now())
    again.close()
    assert counted.writes == 0


def test_what_cannot_be_written_is_kept_and_written_later_for_its_own_day(
    store: Store, new_noter: NewNoter, clock: Clock, tenant_id: str
) -> None:
    counted = Counted(store)
    counted.is_down = True
    noter = new_noter(counted)
    noter.gave_access(tenant_id, clock.now())
    noter.asked_unknown("7_7")
    assert not noter.flush()
    clock.advance(days=1)
    assert not noter.flush()
    counted.is_down = False
    assert noter.flush()
    assert usage(store, tenant_id).last_day == TODAY
    assert unknown(store) == {"7_7": 1}


def test_a_process_that_is_killed_loses_only_what_it_had_not_written(
    store: Store, new_noter: NewNoter, clock: Clock, tenant_id: str
) -> None:
    killed = new_noter(store)
    killed.gave_access(tenant_id, clock.now())
    del killed
    next_one = new_noter(store)
    next_one.gave_access(tenant_id, clock.now())
    next_one.close()
    assert usage(store, tenant_id).last_day == TODAY


def test_what_is_left_is_written_before_a_process_ends(
    store: Store, new_noter: NewNoter, clock: Clock, tenant_id: str
) -> None:
    noter = new_noter(store)
    noter.asked_unknown("7_7")
    noter.flush()
    noter.gave_access(tenant_id, clock.now())
    noter.asked_unknown("7_7")
    noter.close()
    assert usage(store, tenant_id).first_day == TODAY
    assert unknown(store) == {"7_7": 2}


def test_the_days_are_those_of_the_portals_time_zone(
    store: Store, new_noter: NewNoter, clock: Clock, tenant_id: str
) -> None:
    noter = new_noter(store, "Pacific/Auckland")
    noter.gave_access(tenant_id, datetime(2026, 11, 23, 10, 59, 59, tzinfo=UTC))
    noter.flush()
    assert usage(store, tenant_id).last_day == TODAY
    # There it is midnight, 13 hours ahead.
    noter.gave_access(tenant_id, datetime(2026, 11, 23, 11, 0, tzinfo=UTC))
    noter.flush()
    assert usage(store, tenant_id).last_day == TOMORROW


def test_a_refusal_is_listed_until_the_application_is_let_in_again(
    store: Store, new_noter: NewNoter, clock: Clock, tenant_id: str
) -> None:
    noter = new_noter(store)

    def listed() -> list[str]:
        rows = store.query(GSI3, records.USAGE_REFUSED).items
        return [records.usage_tenant_id(row) for row in rows]

    noter.gave_access(tenant_id, clock.now())
    noter.refused(tenant_id, clock.now())
    noter.flush()
    clock.advance(days=1)
    noter.refused(tenant_id, clock.now())
    noter.flush()
    stored = usage(store, tenant_id)
    assert (stored.last_day, stored.refused_since, stored.refused_day) == (TODAY, TODAY, TOMORROW)
    assert listed() == [tenant_id]
    noter.gave_access(tenant_id, clock.now())
    noter.flush()
    assert usage(store, tenant_id).refused_day is None
    assert listed() == []


def test_a_late_note_of_another_process_takes_nothing_back(
    store: Store, new_noter: NewNoter, clock: Clock, tenant_id: str
) -> None:
    late, noter = new_noter(store), new_noter(store)
    late.gave_access(tenant_id, clock.now())
    clock.advance(days=1)
    noter.refused(tenant_id, clock.now())
    noter.flush()
    late.flush()
    stored = usage(store, tenant_id)
    assert (stored.first_day, stored.last_day) == (TODAY, TODAY)
    assert stored.refused_day == TOMORROW


def test_a_tenant_that_was_removed_meanwhile_leaves_nothing(
    store: Store, new_noter: NewNoter, clock: Clock
) -> None:
    noter = new_noter(store)
    noter.gave_access("5_5", clock.now())
    noter.opened("pending-1", None, clock.now())
    assert noter.flush()
    assert all_items(store) == {}


def test_a_visit_counts_once_a_day_and_once_more_after_a_decision(
    store: Store, new_noter: NewNoter, clock: Clock, tenant_id: str
) -> None:
    counted = Counted(store)
    noter, other = new_noter(counted), new_noter(counted)

    def open_page(decided_at: datetime | None = None) -> None:
        for each in (noter, other):
            each.opened(tenant_id, decided_at, clock.now())
            each.flush()

    open_page()
    clock.advance(minutes=1)
    open_page()
    assert counted.writes == 1
    decided_at = clock.advance(minutes=1)
    opened_at = clock.advance(minutes=1)
    open_page(decided_at)
    clock.advance(minutes=1)
    open_page(decided_at)
    assert counted.writes == 2
    stored = usage(store, tenant_id)
    assert (stored.opened_first, stored.opened_last) == (START, opened_at)


def test_the_tenant_itself_is_not_touched(
    store: Store, new_noter: NewNoter, clock: Clock, tenant_id: str
) -> None:
    before = store.get(tenant_id)
    noter = new_noter(store)
    noter.gave_access(tenant_id, clock.now())
    noter.flush()
    assert store.get(tenant_id) == before
    assert all_items(store).keys() == {tenant_id, f"usage-{tenant_id}"}


def test_many_tenants_are_written_together_if_that_saves_waiting(
    store: Store, new_noter: NewNoter, clock: Clock, tenant_id: str
) -> None:
    counted = Counted(store)
    noter = new_noter(counted, together=25)
    noter.gave_access(tenant_id, clock.now())
    noter.opened(tenant_id, None, clock.now())
    noter.refused(tenant_id, clock.now())
    noter.flush()
    assert counted.writes == 1
    stored = usage(store, tenant_id)
    assert (stored.last_day, stored.opened_first, stored.refused_day) == (TODAY, START, TODAY)


def test_nothing_is_noted_if_that_is_turned_off(
    store: Store, new_noter: NewNoter, clock: Clock, tenant_id: str
) -> None:
    before = all_items(store)
    noter = new_noter(store, is_on=False)
    noter.gave_access(tenant_id, clock.now())
    noter.refused(tenant_id, clock.now())
    noter.opened(tenant_id, None, clock.now())
    noter.asked_unknown("7_7")
    noter.close()
    assert all_items(store) == before


@pytest.mark.parametrize("together", [1, 25])
def test_an_item_that_nobody_can_read_stops_no_other(
    store: Store, new_noter: NewNoter, together: int, caplog: pytest.LogCaptureFixture
) -> None:
    ids = ("5_5", "6_6")
    store.write([Add({KEY: each, "version": 1}) for each in ids])
    store.write([Add({KEY: "usage-5_5"})])
    noter = new_noter(store, together=together)
    for each in ids:
        noter.gave_access(each, START)
    assert noter.flush()
    assert usage(store, "6_6").last_day == TODAY
    assert "5_5" not in caplog.text


# ---- Ids that no tenant has


def test_unknown_ids_are_counted_together_and_bounded_whatever_is_asked_for(
    store: Store, new_noter: NewNoter, clock: Clock
) -> None:
    noter, other = new_noter(store), new_noter(store)
    for number in range(20_000):
        noter.asked_unknown(f"{'A' * 40}_{number:040}")
        if number % 100 == 0:
            noter.asked_unknown("86810_1")
        other.asked_unknown(f"{number}_1")
    other.asked_unknown("86810_1")
    noter.close()
    other.close()
    item = store.get(records.UNKNOWN_IDS)
    found = unknown(store)
    assert 0 < len(found) <= MAX_UNKNOWN
    assert len(str(item["entries"])) < 60_000
    # It was asked for 200 times. Each count is too low by one in 500 questions at most.
    assert 150 <= found["86810_1"] <= 201
    assert max(found, key=lambda each: found[each]) == "86810_1"


def test_counts_of_several_processes_and_days_add_up(
    store: Store, new_noter: NewNoter, clock: Clock
) -> None:
    for _ in range(3):
        noter = new_noter(store)
        for _ in range(4):
            noter.asked_unknown("86810_1")
        noter.close()
        clock.advance(days=1)
    (entry,) = records.unknown_ids_of(store.get(records.UNKNOWN_IDS))
    assert (entry.count, entry.first_day) == (12, TODAY)
    assert entry.last_day == TODAY + timedelta(days=2)


def test_an_id_that_nobody_asks_for_any_more_goes(
    store: Store, new_noter: NewNoter, clock: Clock
) -> None:
    noter = new_noter(store)
    noter.asked_unknown("86810_1")
    noter.flush()
    clock.advance(days=UNKNOWN_KEPT.days)
    noter.asked_unknown("86810_2")
    noter.flush()
    assert unknown(store).keys() == {"86810_1", "86810_2"}
    clock.advance(days=1)
    noter.flush()
    assert unknown(store).keys() == {"86810_2"}


def test_the_item_of_unknown_ids_is_written_every_ten_minutes_at_most(
    store: Store, new_noter: NewNoter, clock: Clock
) -> None:
    counted = Counted(store)
    noter = new_noter(counted)
    for _ in range(20):
        noter.asked_unknown("86810_1")
        noter.flush()
        clock.advance(minutes=1)
    assert counted.writes == 2
