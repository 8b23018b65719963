"""A run that was killed and is run again continues where it stopped."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from migrations_tools.backfill.backfill import Backfill, BackfillReport
from migrations_tools.backfill.checkpoints import Checkpoint, Checkpoints
from migrations_tools.backfill.rows import Rows, RowTooLargeError, SkipReason, StoredRows
from portal import records
from portal.sealing import KeyFileSealer, Secret
from portal.stores import Add, Item, Page, Segment, Store, VersionConflictError
from portal.stores.file import JsonFileStore
from tests.dynamodb_engine import Engine
from tests.examples import all_items
from tests.migrations_tools.backfill.old_application_rows import (
    PLAINTEXT_SECRET,
    OldTable,
    old_row,
    run_backfill,
)

PERSONAL = (PLAINTEXT_SECRET, "Kim", "meyer", "Meyer")
_FILE = '{"of": {"where": "here", "segments": 1}, "places": {"0": %s}}'
#: For the right data, but not in the format of today.
INVALID_CHECKPOINTS = [
    _FILE % checkpoint
    for checkpoint in (
        '[false, "1_2"]',
        '{"after": "1_2", "done": false}',
        '{"after": "1_2", "done": false, "failed": [], "unchangeable": {"1_2": "?"}}',
    )
]


T = TypeVar("T")


class Killed(Exception):  # noqa: N818 - it stands for the end of the program, not for an error
    """The program is killed here."""


class KillingRows:
    """Rows of a program that is killed at call number `call`, counted from 0: before the call is
    done or, with `after_call`, after it."""

    def __init__(self, rows: Rows, call: int, *, after_call: bool) -> None:
        self.inner = rows
        self.remaining = call
        self.after_call = after_call
        self._lock = threading.Lock()

    def _step(self, call: Callable[[], T]) -> T:
        with self._lock:
            self.remaining -= 1
            remaining = self.remaining
        if remaining < -1 or (remaining == -1 and not self.after_call):
            raise Killed
        result = call()
        if remaining == -1:
            raise Killed
        return result

    def page(self, segment: Segment, after: str | None) -> Page:
        return self._step(lambda: self.inner.page(segment, after))

    def change(self, row: Item, changes: Any) -> None:
        self._step(lambda: self.inner.change(row, changes))


class SmallPages:
    """Rows in pages of two, so that a run has several pages."""

    def __init__(self, store: Store, rows: Rows) -> None:
        self.store = store
        self.inner = rows

    def page(self, segment: Segment, after: str | None) -> Page:
        return self.store.scan(segment, after=after, limit=2)

    def change(self, row: Item, changes: Any) -> None:
        self.inner.change(row, changes)


@pytest.mark.parametrize("after_call", [False, True])
@pytest.mark.parametrize("segments", [1, 3])
@pytest.mark.parametrize("with_file", [False, True])
def test_killed_at_any_call_and_run_again_every_row_is_changed_once(
    tmp_path: Path, sealer: KeyFileSealer, after_call: bool, segments: int, with_file: bool
) -> None:
    call = 0
    while True:
        store = JsonFileStore(tmp_path / f"data-{call}")
        store.write([Add(old_row(number)) for number in range(7)])
        path = tmp_path / "progress.json" if with_file else None
        rows = SmallPages(store, StoredRows(store))
        sealed_ids: list[str] = []

        class RecordingSealer:
            check = sealer.check

            def seal(self, secret: Secret, tenant_id: str) -> str:
                assert secret.reveal() == PLAINTEXT_SECRET
                sealed_ids.append(tenant_id)  # noqa: B023 - used in this iteration only
                return sealer.seal(secret, tenant_id)

        def run(rows: Rows) -> BackfillReport:
            checkpoints = Checkpoints(path, "here", segments)  # noqa: B023 - as above
            return Backfill(
                rows, RecordingSealer(), apply=True, segments=segments, checkpoints=checkpoints
            ).run()

        try:
            run(KillingRows(rows, call, after_call=after_call))
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
        # Only a secret whose row was not yet written at the kill is sealed twice.
        assert len(sealed_ids) <= 7 + segments
        assert report.failed == []
        assert path is None or not path.exists()
        if not killed:
            assert report == BackfillReport(rows=7, tenants=7, right=7)
            break
        call += 1
    assert call >= 11


def test_killed_at_any_call_on_a_table(engine: Engine, sealer: KeyFileSealer) -> None:
    for call in range(10):
        old_table = OldTable(engine)
        old_table.put(*(old_row(number) for number in range(7)))
        rows = KillingRows(old_table.rows, call % 8, after_call=call % 2 == 0)
        with pytest.raises(Killed):
            run_backfill(old_table, sealer, rows=rows)
        run_backfill(old_table, sealer)
        assert run_backfill(old_table, sealer) == BackfillReport(rows=7, tenants=7, right=7)
        old_table.store.close()


def test_a_run_continues_behind_the_pages_that_are_done(
    tmp_path: Path, sealer: KeyFileSealer
) -> None:
    store = JsonFileStore(tmp_path / "data")
    store.write([Add(old_row(number)) for number in range(8)])
    rows = SmallPages(store, StoredRows(store))
    path = tmp_path / "progress.json"

    def run(rows: Rows, *, apply: bool) -> BackfillReport:
        checkpoints = Checkpoints(path, "here", 1)
        return Backfill(rows, sealer, apply=apply, checkpoints=checkpoints).run()

    with pytest.raises(Killed):
        run(KillingRows(rows, 7, after_call=False), apply=True)
    assert Checkpoints(path, "here", 1).resume
    # Two pages were done.
    assert run(rows, apply=False).rows == 4
    with pytest.raises(Killed):
        run(KillingRows(rows, 1, after_call=False), apply=True)
    # A run over other data, or with another number of segments, starts anew.
    assert not Checkpoints(path, "there", 1).resume
    assert not Checkpoints(path, "here", 2).resume
    store.close()


class RowsWithFailures:
    """Rows of which one can never be changed, and another one is always changed by others."""

    def __init__(self, rows: Rows) -> None:
        self.inner = rows

    def page(self, segment: Segment, after: str | None) -> Page:
        return self.inner.page(segment, after)

    def change(self, row: Item, changes: Any) -> None:
        if row["tenantId"] == "86811_104348":
            raise RowTooLargeError
        if row["tenantId"] == "86814_104348":
            raise VersionConflictError(item_id="86814_104348", item=row)
        self.inner.change(row, changes)


@pytest.mark.parametrize("segments", [1, 3])
def test_killed_at_any_call_each_skipped_row_is_reported_once_at_the_end(
    tmp_path: Path, sealer: KeyFileSealer, segments: int
) -> None:
    path = tmp_path / "progress.json"
    call = 0
    checkpoints_with_both_ids = 0
    while True:
        store = JsonFileStore(tmp_path / f"data-{call}")
        store.write([Add(old_row(number)) for number in range(7)])
        rows = RowsWithFailures(SmallPages(store, StoredRows(store)))

        def run(rows: Rows) -> BackfillReport:
            checkpoints = Checkpoints(path, "here", segments)
            return Backfill(
                rows, sealer, apply=True, segments=segments, checkpoints=checkpoints
            ).run()

        try:
            report = run(KillingRows(rows, call, after_call=True))
        except Killed:
            content = path.read_text() if path.exists() else ""
            checkpoints_with_both_ids += "86811_104348" in content and "86814_104348" in content
            assert not [value for value in PERSONAL if value in content]
            report = run(rows)
            call += 1
            was_killed = True
        else:
            was_killed = False
        store.close()
        assert report.failed == ["86814_104348"]
        assert report.unchangeable == {"86811_104348": SkipReason.TOO_LARGE}
        assert not path.exists()
        if not was_killed:
            break
    # With several segments, chance decides at which row each of them is killed.
    assert checkpoints_with_both_ids > 0 or segments > 1


@pytest.mark.parametrize("text", ["", "{", "[]", '{"of": 1}', "7", "\0", *INVALID_CHECKPOINTS])
def test_a_damaged_file_costs_only_time(tmp_path: Path, text: str) -> None:
    path = tmp_path / "progress.json"
    path.write_text(text)
    assert not Checkpoints(path, "here", 1).resume


def test_an_intact_file_is_used(tmp_path: Path) -> None:
    path = tmp_path / "progress.json"
    skipped = '{"1_2": "too-long-to-seal"}'
    path.write_text(
        _FILE % f'{{"after": "1_2", "done": false, "failed": ["3_4"], "unchangeable": {skipped}}}'
    )
    checkpoint = Checkpoint(
        after="1_2", failed=["3_4"], unchangeable={"1_2": SkipReason.TOO_LONG_TO_SEAL}
    )
    assert Checkpoints(path, "here", 1).get(0) == checkpoint


def test_a_file_of_yesterday_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "progress.json"
    Checkpoints(path, "here", 1).save(0, Checkpoint(after="1_2"))
    assert Checkpoints(path, "here", 1).resume
    yesterday = time.time() - 25 * 60 * 60
    os.utime(path, (yesterday, yesterday))
    assert not Checkpoints(path, "here", 1).resume
