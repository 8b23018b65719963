"""A copy has the same items: nothing lost, nothing twice, nothing overwritten."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from migrations_tools.copy.copying import Copy, CopyReport
from migrations_tools.rate_limiter import RateLimiter
from portal.stores import Add, BusyError, Change, Item, Replace, Store, UnavailableError
from portal.stores.dynamodb import DynamoDbStore, TableLocation
from portal.stores.file import JsonFileStore, journal
from tests.dynamodb_engine import Engine
from tests.examples import Behind, Failing, all_items
from tests.migrations_tools.copy.filled_store import fill


def run_copy(source: Store, target: Store, **options: Any) -> CopyReport:
    return Copy(source, target, **{"batch_writes": False, **options}).run()


def test_after_a_copy_to_a_table_and_back_every_item_is_the_same(
    file: JsonFileStore, table: DynamoDbStore, other_file: JsonFileStore, tmp_path: Path
) -> None:
    items = fill(file, tmp_path)
    to_table = run_copy(file, table, workers=4)
    assert to_table == CopyReport(read=len(items), copied=len(items), verified=len(items))
    assert all_items(table) == items
    to_file = run_copy(table, other_file, batch_writes=True)
    assert to_file == to_table
    assert all_items(other_file) == items


def test_attributes_of_other_programs_come_back_unchanged(
    engine: Engine, location: TableLocation, table: DynamoDbStore, file: JsonFileStore
) -> None:
    other_types = {
        "tenantId": {"S": "1_2"},
        "limits": {"M": {"users": {"N": "1.5"}, "raw": {"B": b"\x00\xff"}}},
        "tags": {"SS": ["b", "a"]}, "none": {"NULL": True}, "isActive": {"BOOL": True},
    }  # fmt: skip
    engine.client.put_item(TableName=location.table, Item=other_types)
    run_copy(table, file, batch_writes=True)
    new_location = engine.new_table()
    new_table = DynamoDbStore(new_location)
    report = run_copy(file, new_table)
    assert report.is_complete
    key = {"tenantId": {"S": "1_2"}}
    item = engine.client.get_item(TableName=new_location.table, Key=key)["Item"]
    assert {**item, "tags": sorted(item["tags"]["SS"])} == {**other_types, "tags": ["a", "b"]}
    new_table.close()


def test_a_second_copy_adds_nothing(
    file: JsonFileStore, table: DynamoDbStore, tmp_path: Path
) -> None:
    items = fill(file, tmp_path)
    run_copy(file, table)
    again = run_copy(file, table)
    assert again == CopyReport(read=len(items), there_already=len(items), verified=len(items))
    assert all_items(table) == items


@pytest.mark.parametrize("batch_writes", [False, True])
def test_a_different_item_is_left_alone_and_named_and_the_rest_is_copied(
    file: JsonFileStore, other_file: JsonFileStore, tmp_path: Path, batch_writes: bool
) -> None:
    items = fill(file, tmp_path)
    different: Item = {"tenantId": "1_2", "isActive": False}
    additional: Item = {"tenantId": "9_9", "version": 1}
    other_file.write([Add(different), Add(additional)])
    report = run_copy(file, other_file, batch_writes=batch_writes)
    assert report.refused == report.different == ["1_2"]
    assert (report.missing, report.only_in_target, report.is_complete) == ([], 1, False)
    assert report.copied == report.verified == len(items) - 1
    assert all_items(other_file) == items | {"1_2": different, "9_9": additional}


@pytest.mark.parametrize("batch_writes", [False, True])
def test_an_item_that_is_too_large_for_the_table_is_named_and_the_rest_is_copied(
    file: JsonFileStore, table: DynamoDbStore, batch_writes: bool, tmp_path: Path
) -> None:
    file.write([Add({"tenantId": "0_1", "version": 1}), Add({"tenantId": "3_4", "version": 1})])
    # Version 1.0.0 accepted it.
    large: Item = {"tenantId": "1_2", "version": 1, "text": "x" * 450_000}
    with (tmp_path / "data" / "tenants.jsonl").open("ab") as data:
        data.write(journal.commit_line(2, 1, {"1_2": large}))
    file.check()
    report = run_copy(file, table, batch_writes=batch_writes)
    assert (report.copied, report.verified, report.is_complete) == (2, 2, False)
    assert report.too_large == report.missing == ["1_2"]


def test_many_items_are_copied_in_pages_and_batches(
    file: JsonFileStore, other_file: JsonFileStore
) -> None:
    for start in range(0, 2500, 100):
        file.write([Add({"tenantId": f"{n}_1", "version": 1}) for n in range(start, start + 100)])
    report = run_copy(file, other_file, batch_writes=True)
    assert report == CopyReport(read=2500, copied=2500, verified=2500)
    assert all_items(other_file) == all_items(file)


# ---- Verification


class AfterFirstWrite(Behind):
    """A target that calls `action` after its first write."""

    def __init__(self, store: Store, action: Callable[[], object]) -> None:
        super().__init__(store)
        self.action = action

    def write(self, changes: Sequence[Change]) -> None:
        super().write(changes)
        action, self.action = self.action, lambda: None
        action()


def test_a_change_of_the_source_during_the_copy_is_noticed(
    file: JsonFileStore, other_file: JsonFileStore
) -> None:
    file.write([Add({"tenantId": f"{n}_1", "version": 1}) for n in range(3)])

    def change() -> None:
        file.write([Replace({"tenantId": "0_1", "version": 2}, 1), Add({"tenantId": "9_1"})])

    report = run_copy(file, AfterFirstWrite(other_file, change))
    assert (report.different, report.missing, report.is_complete) == (["0_1"], ["9_1"], False)
    assert report.verified == 2


class Lossy(Behind):
    """A target that loses one item and changes another."""

    def write(self, changes: Sequence[Change]) -> None:
        for change in changes:
            assert isinstance(change, Add)
            if change.item["tenantId"] == "0_1":
                continue
            item = {**change.item, **({"x": 1} if change.item["tenantId"] == "1_1" else {})}
            super().write([Add(item)])


def test_items_that_the_target_lost_or_changed_are_noticed(
    file: JsonFileStore, other_file: JsonFileStore
) -> None:
    file.write([Add({"tenantId": f"{n}_1", "version": 1}) for n in range(3)])
    report = run_copy(file, Lossy(other_file))
    assert (report.missing, report.different, report.verified) == (["0_1"], ["1_1"], 1)


# ---- Stopped, and run again


@pytest.mark.parametrize("batch_writes", [False, True])
@pytest.mark.parametrize("too_late", [False, True])
@pytest.mark.parametrize("failing_store", ["source", "target"])
def test_stopped_at_any_call_and_run_again_every_item_is_there_once(
    file: JsonFileStore, tmp_path: Path, batch_writes: bool, too_late: bool, failing_store: str
) -> None:
    items = fill(file, tmp_path)
    call = 0
    while True:
        target = JsonFileStore(tmp_path / f"target-{call}")
        failing = Failing(file if failing_store == "source" else target, call, too_late=too_late)
        stores = (failing, target) if failing_store == "source" else (file, failing)
        try:
            run_copy(*stores, batch_writes=batch_writes)
        except UnavailableError:
            stopped = True
        else:
            stopped = False
        report = run_copy(file, target, batch_writes=batch_writes)
        assert report.is_complete
        assert report.copied + report.there_already == report.verified == len(items)
        assert all_items(target) == items
        target.close()
        if not stopped:
            break
        call += 1
    assert call >= 2


def test_stopped_at_any_write_to_a_table_and_run_again(
    file: JsonFileStore, engine: Engine, tmp_path: Path
) -> None:
    items = fill(file, tmp_path)
    for call in range(0, len(items), 2):
        table = DynamoDbStore(engine.new_table())
        with pytest.raises(UnavailableError):
            run_copy(file, Failing(table, call, too_late=call % 4 == 0))
        report = run_copy(file, table)
        assert report.verified == len(items) == len(all_items(table))
        assert all_items(table) == items
        table.close()


# ---- Busy, and rate limit


class Busy(Behind):
    """A store that is busy for the first writes."""

    def __init__(self, store: Store, writes: int) -> None:
        super().__init__(store)
        self.writes = writes

    def before(self, call: str) -> None:
        if call == "write" and self.writes:
            self.writes -= 1
            raise BusyError(reason="Throttled.")


def test_it_waits_for_a_busy_target_but_not_for_ever(
    file: JsonFileStore, other_file: JsonFileStore
) -> None:
    file.write([Add({"tenantId": "1_1"})])
    pauses: list[float] = []
    rate_limiter = RateLimiter(pause=pauses.append)
    with pytest.raises(BusyError):
        run_copy(file, Busy(other_file, 100), rate_limiter=rate_limiter)
    assert sum(pauses) == pytest.approx(12.7)
    assert run_copy(file, Busy(other_file, 3), rate_limiter=rate_limiter).is_complete


def test_it_goes_no_faster_than_its_rate(file: JsonFileStore, other_file: JsonFileStore) -> None:
    file.write([Add({"tenantId": f"{n}_1"}) for n in range(10)])
    pauses: list[float] = []
    rate_limiter = RateLimiter(100, clock=lambda: 0.0, pause=pauses.append)
    run_copy(file, other_file, rate_limiter=rate_limiter)
    # Ten items are written, and both stores are read again.
    assert max(pauses) == pytest.approx(0.2)
