"""A crash leaves the beginning of a line: the portal cuts it off, keeps it, and starts."""

import logging
import shutil
from pathlib import Path

import pytest

from portal.stores.contract import Add, CorruptStoreError, ItemNotFoundError, Replace
from portal.stores.file.store import JsonFileStore
from tests.stores.file.opening import open_store


@pytest.fixture
def commit_ends(folder: Path) -> list[int]:
    """The size of the file in `folder` after each of five commits."""
    store, ends = open_store(folder), []
    for n in range(5):
        store.write([Add({"tenantId": f"t{n}", "version": 1, "text": "é" * 20})])
        ends.append((folder / "tenants.jsonl").stat().st_size)
    store.close()
    return ends


def ids_of(store: JsonFileStore) -> list[str]:
    return sorted(str(item["tenantId"]) for item in store.scan().items)


def rewind_mark(folder: Path, ends: list[int], known: int) -> None:
    """Put the mark back to where it was after commit `known`, as a power cut may do."""
    shutil.rmtree(folder)
    store = open_store(folder)
    for n in range(known):
        store.write([Add({"tenantId": f"t{n}", "version": 1, "text": "é" * 20})])
    assert (folder / "tenants.jsonl").stat().st_size == ends[known - 1]
    store.close()


def test_a_line_torn_at_any_byte_is_moved_away_with_one_warning(folder, commit_ends, caplog):
    whole = (folder / "tenants.jsonl").read_bytes()
    rewind_mark(folder, commit_ends, 3)
    # Moved away and copied back, which is faster than three commits.
    before = folder.rename(folder.with_name("before"))
    for cut in range(commit_ends[2], commit_ends[4]):
        shutil.copytree(before, folder)
        (folder / "tenants.jsonl").write_bytes(whole[:cut])
        caplog.clear()
        with caplog.at_level(logging.WARNING, "portal.store"):
            store = open_store(folder)
            commits = sum(end <= cut for end in commit_ends)
            assert ids_of(store) == [f"t{n}" for n in range(commits)]
        torn = whole[commit_ends[commits - 1] : cut]
        assert len(caplog.records) == bool(torn)
        if torn:
            assert (folder / "tenants.torn").read_bytes() == torn + b"\n"
        # The next commit takes the place of the torn one.
        store.write([Add({"tenantId": "next", "version": 1})])
        again = open_store(folder)
        assert "next" in ids_of(again)
        again.close()
        store.close()
        shutil.rmtree(folder)


def test_a_file_cut_before_a_durable_commit_is_damaged(folder, commit_ends):
    whole = (folder / "tenants.jsonl").read_bytes()
    for cut in range(commit_ends[4]):
        (folder / "tenants.jsonl").write_bytes(whole[:cut])
        with pytest.raises(CorruptStoreError) as caught:
            open_store(folder).check()
        assert "portal store repair" in caught.value.remedy
        assert (folder / "tenants.jsonl").read_bytes() == whole[:cut]


def test_a_running_writer_cuts_off_the_torn_line_of_a_killed_one(folder, commit_ends, caplog):
    store = open_store(folder)
    assert len(ids_of(store)) == 5
    with (folder / "tenants.jsonl").open("ab") as file:
        file.write(b'{"crc":"0123')
    assert len(ids_of(store)) == 5
    assert not caplog.records
    store.write([Replace({"tenantId": "t0", "version": 2}, 1)])
    assert len(caplog.records) == 1
    assert (folder / "tenants.torn").read_bytes() == b'{"crc":"0123\n'
    again = open_store(folder)
    assert again.get("t0")["version"] == 2
    again.close()
    store.close()


def test_a_whole_commit_after_the_mark_is_shown_only_after_a_sync(folder, commit_ends):
    """A writer was killed between its write and its sync."""
    whole = (folder / "tenants.jsonl").read_bytes()
    rewind_mark(folder, commit_ends, 4)
    reader = open_store(folder)
    assert len(ids_of(reader)) == 4
    (folder / "tenants.jsonl").write_bytes(whole)
    with pytest.raises(ItemNotFoundError):
        reader.get("t4")
    other = open_store(folder)
    other.check()
    assert reader.get("t4") == other.get("t4")
    other.close()
    reader.close()
