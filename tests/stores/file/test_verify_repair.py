"""`verify_file` reports damage, and `repair_file` rebuilds the file from what is left."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from portal.stores.contract import (
    Add,
    CorruptStoreError,
    ItemNotFoundError,
)
from portal.stores.file.store import JsonFileStore
from portal.stores.file.verify_repair import repair_file, verify_file
from portal.stores.schema import GSI2
from tests.stores.file.damage import COMMIT, NOW, SNAPSHOT, damage, item, lines_of, state_of


def test_verify_of_a_good_folder(file):
    result = verify_file(file.parent)
    assert (result.items, result.seq, result.torn, result.problem) == (9, 16, 0, None)


def test_verify_reports_the_damage_and_changes_nothing(file):
    damage(file, "flip", COMMIT)
    before = {path.name: path.read_bytes() for path in file.parent.iterdir()}
    result = verify_file(file.parent)
    assert result.problem is not None
    assert "line 12" in result.problem.reason
    assert (result.items, result.seq) == (9, 16)
    assert {path.name: path.read_bytes() for path in file.parent.iterdir()} == before


@pytest.mark.parametrize("number", [1, 2, SNAPSHOT, 10])
def test_repair_replaces_a_bad_snapshot_by_the_previous_generation(file, number):
    store = JsonFileStore(file.parent)
    good = state_of(store)
    data = bytearray(file.read_bytes())
    data[sum(len(line) for line in lines_of(file)[: number - 1]) + 30] ^= 1
    file.write_bytes(data)
    result = repair_file(file.parent, NOW)
    assert (result.items, result.seq, result.lost, result.missing) == (9, 16, (), ())
    assert result.kept == file.parent / "tenants.damaged-20260102T030405.jsonl"
    assert result.kept is not None
    assert result.kept.read_bytes() == data
    # A portal that kept running continues, too.
    for each in (store, JsonFileStore(file.parent)):
        assert state_of(each) == good
        each.check()
    store.write([Add(item(20))])
    assert state_of(JsonFileStore(file.parent)) == {**good, "t20": item(20)}


def test_repair_loses_only_the_bad_commit_and_reports_it(file):
    good = state_of(JsonFileStore(file.parent))
    damage(file, "flip", COMMIT)
    result = repair_file(file.parent, NOW)
    assert (result.lost, result.missing) == ((COMMIT,), (13,))
    assert state_of(JsonFileStore(file.parent)) == {**good, "t1": item(1)}


def test_repair_accepts_an_older_copy_that_was_put_back_on_purpose(file):
    lines = lines_of(file)
    file.write_bytes(b"".join(lines[:-2]))
    assert repair_file(file.parent, NOW).seq == 14
    store = JsonFileStore(file.parent)
    assert store.get("t2")["version"] == 2
    assert store.get("t3")["version"] == 1


def test_repair_rebuilds_a_missing_file_from_the_previous_generation(file):
    file.unlink()
    result = repair_file(file.parent, NOW)
    assert (result.seq, result.kept) == (11, None)
    store = JsonFileStore(file.parent)
    assert [row["tenantId"] for row in store.query(GSI2, "P").items] == [f"t{n}" for n in range(9)]
    with pytest.raises(ItemNotFoundError):
        store.get("t9")


def test_a_running_portal_shows_the_restored_items(file):
    running = JsonFileStore(file.parent)
    assert running.get("t1")["version"] == 2
    damage(file, "flip", COMMIT)
    repair_file(file.parent, NOW)
    assert running.get("t1")["version"] == 1


def copied_while_serving(file: Path, target: Path, order: list[str], between: Callable) -> Path:
    """A copy of the folder, one file after another, while the portal writes."""
    target.mkdir(mode=0o700)
    for name in order:
        shutil.copy2(file.with_name(name), target / name)
        between()
    return target


@pytest.mark.parametrize("compacts", [False, True])
def test_a_copy_of_a_running_folder_in_this_order_is_whole(file, tmp_path, compacts):
    """`tenants.lock` first, then `tenants.jsonl`, then the rest."""
    store = JsonFileStore(file.parent)
    before = state_of(store)
    numbers = iter(range(100, 200))

    def between() -> None:
        store.write([Add(item(next(numbers)))])
        if compacts:
            store.compact()

    order = ["tenants.lock", "tenants.jsonl", "tenants.previous.jsonl"]
    copy = copied_while_serving(file, tmp_path / "copy", order, between)
    assert verify_file(copy).problem is None
    restored = JsonFileStore(copy)
    assert before.items() <= state_of(restored).items() <= state_of(store).items()
    restored.write([Add(item(50))])
    assert JsonFileStore(copy).get("t50") == item(50)


def test_a_copy_in_another_order_is_refused_and_can_be_restored(file, tmp_path):
    store = JsonFileStore(file.parent)
    before = state_of(store)
    numbers = iter(range(100, 200))
    order = ["tenants.jsonl", "tenants.previous.jsonl", "tenants.lock"]
    copy = copied_while_serving(
        file, tmp_path / "copy", order, lambda: store.write([Add(item(next(numbers)))])
    )
    with pytest.raises(CorruptStoreError, match="ends after line") as caught:
        JsonFileStore(copy).check()
    assert "portal store repair" in caught.value.remedy
    assert repair_file(copy, NOW).lost == ()
    assert state_of(JsonFileStore(copy)) == before
