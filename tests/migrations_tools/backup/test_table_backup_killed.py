"""kill -9 in the middle, in both directions: the next run goes on, and nothing is lost or twice."""

import multiprocessing
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from migrations_tools.backup.table_file import check_file, item_lines
from portal.stores.dynamodb import TableLocation
from tests.dynamodb_engine import Engine
from tests.migrations_tools.backup.table_backups import items_of, run

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def table(engine: Engine, location: TableLocation) -> str:
    """The table with some hundred items more."""
    for start in range(0, 700, 25):
        puts = [
            {"PutRequest": {"Item": {"tenantId": {"S": f"t{n}"}, "text": {"S": "x" * 200}}}}
            for n in range(start, start + 25)
        ]
        engine.client.batch_write_item(RequestItems={location.table: puts})
    return location.table


def killed_when(is_time: Callable[[], bool], environ: dict[str, str], *arguments: str) -> None:
    """Run the command in another process, and kill that at a moment."""
    process = FORK.Process(target=run, args=(environ, *arguments))
    process.start()
    deadline = time.monotonic() + 60
    while not is_time():
        assert process.is_alive()
        assert time.monotonic() < deadline
    process.kill()
    process.join(60)


def test_a_backup_goes_on_after_each_kill(
    engine: Engine, table: str, environ: dict[str, str], tmp_path: Path
) -> None:
    file, draft = tmp_path / "table.jsonl", tmp_path / "table.jsonl.unfinished"
    slowly = ("to-file", str(file), "--segments", "2", "--rate", "300")

    def holds(size: int) -> Callable[[], bool]:
        return lambda: draft.exists() and draft.stat().st_size > size

    for size in (0, 1_000, 100_000):
        killed_when(holds(size), environ, *slowly)
        assert not file.exists()
    # What was written and not saved is cut off.
    with draft.open("ab") as torn:
        torn.write(b'{"Item":{"tenantId":{"S":"t')
    assert run(environ, "to-file", file, "--segments", "2", "--rate", "0").exit_code == 0
    _, end = check_file(file)
    expected = items_of(engine, table)
    assert end.items == len(expected)
    assert sorted(item_lines(file)) == sorted(expected.values())
    assert sorted(each.name for each in tmp_path.iterdir()) == ["keys", "table.jsonl"]


def test_a_table_is_filled_on_after_each_kill(
    engine: Engine, table: str, environ: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "table.jsonl"
    assert run(environ, "to-file", file, "--rate", "0").exit_code == 0
    new = engine.new_table().table
    there = {**environ, "TENANT_TABLE_NAME": new}
    for number in (1, 70, 300):
        killed_when(
            lambda number=number: len(items_of(engine, new)) >= number,  # type: ignore[misc]
            there, "from-file", str(file), "--rate", "200",
        )  # fmt: skip
        assert len(items_of(engine, new)) < 700
    filled = run(there, "from-file", file, "--rate", "0")
    assert filled.exit_code == 0, filled.output
    assert "Already there, from a run before" in filled.stdout
    assert items_of(engine, new) == items_of(engine, table)
    assert not (tmp_path / "data" / "from-file-progress.json").exists()
    # Once it is done, the table is one with items.
    assert run(there, "from-file", file).exit_code == 1
