"""A run that was killed is run again, and goes on where it stopped."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from migrations_tools.backfill.backfill import Backfill, BackfillReport
from migrations_tools.backfill.checkpoints import Checkpoint, Checkpoints
from migrations_tools.backfill.rows import Rows, RowTooLargeError, SkipReason, StoredRows
from portal import records
from portal.sealing.sealers import KeyFileSealer, Secret
from portal.stores.contract import Add, Item, Page, Segment, Store, VersionConflictError
from portal.stores.file.store import JsonFileStore
from tests.dynamodb_engine import Engine
from tests.examples import all_items
from tests.migrations_tools.backfill.old_rows import PLAIN, Table, adopt, old_row

PERSONAL = (PLAIN, "Kim", "meyer", "Meyer")
_OF_HERE = '{"of": {"where": "here", "segments": 1}, "places": {"0": %s}}'
#: Of the right place, but not as it is written now.
SPOILT = [
    _OF_HERE % place
    for place in (
        '[false, "1_2"]',
        '{"after": "1_2", "done": false}',
        '{"after": "1_2", "done": false, "failed": [], "unchangeable": {"1_2": "?"}}',
    )
]


class Killed(Exception):  # noqa: N818 - nothing went wrong, it is over
    """The program ends here."""


class Mortal:
    """Rows of a program that is killed at its `last` call: before it is done, or after."""

    def __init__(self, rows: Rows, last: int, *, late: bool) -> None:
        self.inner = rows
        self.left = last
        self.late = late
        self._lock = threading.Lock()

    def _step(self, call: Callable[[], Any]) -> Any:
        with self._lock:
            self.left -= 1
            left = self.left
        if left < -1 or (left == -1 and not self.late):
            raise Killed
        answer = call()
        if left == -1:
            raise Killed
        return answer

    def page(self, segment: Segment, after: str | None) -> Page:
        return self._step(lambda: self.inner.page(segment, after))

    def change(self, before: Item, changes: Any) -> None:
        self._step(lambda: self.inner.change(before, changes))


class SmallPages:
    """Rows in pages of two, so that a run has several."""

    def __init__(self, store: Store, rows: Rows) -> None:
        self.store = store
        self.inner = rows

    def page(self, segment: Segment, after: str | None) -> Page:
        return self.store.scan(segment, after=after, limit=2)

    def change(self, before: Item, changes: Any) -> None:
        self.inner.change(before, changes)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("segments", [1, 3])
@pytest.mark.parametrize("remembered", [False, True])
def test_killed_at_any_call_and_run_again_every_row_is_right_once(
    tmp_path: Path, sealer: KeyFileSealer, late: bool, segments: int, remembered: bool
) -> None:
    last = 0
    while True:
        store = JsonFileStore(tmp_path / f"data-{last}")
        store.write([Add(old_row(number)) for number in range(7)])
        path = tmp_path / "progress.json" if remembered else None
        rows = SmallPages(store, StoredRows(store))
        seals: list[str] = []

        class Noting:
            def seal(self, secret: Secret, tenant_id: str) -> str:
                assert secret.reveal() == PLAIN
                seals.append(tenant_id)  # noqa: B023 - used before the next turn
                return sealer.seal(secret, tenant_id)

        def run(rows: Rows) -> BackfillReport:
            memory = Checkpoints(path, "here", segments)  # noqa: B023 - likewise
            return Backfill(rows, Noting(), apply=True, segments=segments, memory=memory).run()

        try:
            run(Mortal(rows, last, late=late))
        except Killed:
            killed = True
        else:
            killed = False
        report = run(rows)
        items = all_items(store)
        store.close()
        assert len(items) == 7
        for item in items.values():
            assert {name: item[name] for name in records.index_keys_of(item)} == (
                records.index_keys_of(item)
            )
            assert str(item["clientSecret"]).startswith("v1.loc.")
        # Nothing is sealed twice but what was sealed and not written before the end.
        assert len(seals) <= 7 + segments
        assert report.failed == []
        assert path is None or not path.exists()
        if not killed:
            assert report == BackfillReport(rows=7, tenants=7, right=7)
            break
        last += 1
    assert last >= 11


def test_killed_at_any_call_on_a_table(engine: Engine, sealer: KeyFileSealer) -> None:
    for last in range(10):
        table = Table(engine)
        table.put(*(old_row(number) for number in range(7)))
        with pytest.raises(Killed):
            adopt(table, sealer, rows=Mortal(table.rows(table.store), last % 8, late=last % 2 == 0))
        adopt(table, sealer)
        assert adopt(table, sealer) == BackfillReport(rows=7, tenants=7, right=7)
        table.store.close()


def test_a_run_goes_on_behind_the_pages_that_are_done(
    tmp_path: Path, sealer: KeyFileSealer
) -> None:
    store = JsonFileStore(tmp_path / "data")
    store.write([Add(old_row(number)) for number in range(8)])
    rows = SmallPages(store, StoredRows(store))
    path = tmp_path / "progress.json"
    with pytest.raises(Killed):
        Backfill(
            Mortal(rows, 7, late=False), sealer, apply=True, memory=Checkpoints(path, "here", 1)
        ).run()
    assert Checkpoints(path, "here", 1).goes_on
    # Two pages were done. Another place, or other parts, begin anew.
    assert Backfill(rows, sealer, apply=False, memory=Checkpoints(path, "here", 1)).run().rows == 4
    with pytest.raises(Killed):
        Backfill(
            Mortal(rows, 1, late=False), sealer, apply=True, memory=Checkpoints(path, "here", 1)
        ).run()
    assert not Checkpoints(path, "there", 1).goes_on
    assert not Checkpoints(path, "here", 2).goes_on
    store.close()


class Leaving:
    """Rows of which one can never be changed, and another is always being changed by others."""

    def __init__(self, rows: Rows) -> None:
        self.inner = rows

    def page(self, segment: Segment, after: str | None) -> Page:
        return self.inner.page(segment, after)

    def change(self, before: Item, changes: Any) -> None:
        if before["tenantId"] == "86811_104348":
            raise RowTooLargeError
        if before["tenantId"] == "86814_104348":
            raise VersionConflictError(item_id="86814_104348", item=before)
        self.inner.change(before, changes)


@pytest.mark.parametrize("segments", [1, 3])
def test_killed_at_any_call_each_row_that_was_left_is_told_once_in_the_end(
    tmp_path: Path, sealer: KeyFileSealer, segments: int
) -> None:
    path = tmp_path / "progress.json"
    killed = 0
    remembered = 0
    while True:
        store = JsonFileStore(tmp_path / f"data-{killed}")
        store.write([Add(old_row(number)) for number in range(7)])
        rows = Leaving(SmallPages(store, StoredRows(store)))

        def run(rows: Rows) -> BackfillReport:
            memory = Checkpoints(path, "here", segments)
            return Backfill(rows, sealer, apply=True, segments=segments, memory=memory).run()

        try:
            report = run(Mortal(rows, killed, late=True))
        except Killed:
            kept = path.read_text() if path.exists() else ""
            remembered += "86811_104348" in kept and "86814_104348" in kept
            assert not [value for value in PERSONAL if value in kept]
            report = run(rows)
            killed += 1
            ended = False
        else:
            ended = True
        store.close()
        assert report.failed == ["86814_104348"]
        assert report.unchangeable == {"86811_104348": SkipReason.TOO_LARGE}
        assert not path.exists()
        if ended:
            break
    # Which of several parts is stopped where is up to chance.
    assert remembered > 0 or segments > 1


@pytest.mark.parametrize("text", ["", "{", "[]", '{"of": 1}', "7", "\0", *SPOILT])
def test_a_damaged_memory_only_costs_time(tmp_path: Path, text: str) -> None:
    path = tmp_path / "progress.json"
    path.write_text(text)
    assert not Checkpoints(path, "here", 1).goes_on


def test_a_whole_memory_is_gone_by(tmp_path: Path) -> None:
    path = tmp_path / "progress.json"
    left = '{"1_2": "too-long-to-seal"}'
    path.write_text(
        _OF_HERE % f'{{"after": "1_2", "done": false, "failed": ["3_4"], "unchangeable": {left}}}'
    )
    place = Checkpoint(
        after="1_2", failed=["3_4"], unchangeable={"1_2": SkipReason.TOO_LONG_TO_SEAL}
    )
    assert Checkpoints(path, "here", 1).place(0) == place


def test_a_memory_of_yesterday_is_not_gone_by(tmp_path: Path) -> None:
    path = tmp_path / "progress.json"
    Checkpoints(path, "here", 1).keep(0, Checkpoint(after="1_2"))
    assert Checkpoints(path, "here", 1).goes_on
    yesterday = time.time() - 25 * 60 * 60
    os.utime(path, (yesterday, yesterday))
    assert not Checkpoints(path, "here", 1).goes_on
