"""A backup is whole, or there is none. What was at its place stays then."""

import errno
import json
import os
import stat
from pathlib import Path

import pytest

from portal.backups import BackupError, Manifest, make_backup
from portal.backups.folders import lock_folder
from portal.stores import Add, CorruptStoreError, UnavailableError
from portal.stores.file import JsonFileStore, hold_file
from portal.stores.file.disk import LocalDisk
from tests.backups.backed_up import files_of, state_of
from tests.conftest import START
from tests.stores.file.damage import item


def test_it_holds_the_store_and_the_keys_and_nothing_else(data: Path, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    backup = make_backup(data, target, with_keys=True, now=START)
    assert files_of(target).keys() == {
        "backup.json", "tenants.jsonl", "tenants.lock", "sealing-keys.json", "secret-key",
    }  # fmt: skip
    for name in ("sealing-keys.json", "secret-key"):
        assert (target / name).read_bytes() == (data / name).read_bytes()
    assert state_of(target) == state_of(data)
    assert (backup.manifest.items, backup.manifest.seq) == (6, 3)
    assert (backup.sealed, backup.without_key, backup.left_out) == (1, 0, [])
    assert Manifest.read(target) == backup.manifest
    assert stat.S_IMODE(target.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in target.iterdir()} == {0o600}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup", "data"]


def test_its_manifest_says_what_is_in_it(data: Path, tmp_path: Path) -> None:
    make_backup(data, tmp_path / "backup", with_keys=False, now=START)
    content = json.loads((tmp_path / "backup" / "backup.json").read_text())
    assert content.keys() == {
        "format", "needs", "portal", "madeAt", "lastCommit", "items", "keys", "files", "sha256",
    }  # fmt: skip
    assert (content["keys"], content["madeAt"]) == (False, "2026-11-23T10:00:00.000Z")
    assert [each["name"] for each in content["files"]] == ["tenants.jsonl", "tenants.lock"]


def test_an_empty_folder_is_taken(data: Path, tmp_path: Path) -> None:
    (tmp_path / "backup").mkdir()
    make_backup(data, tmp_path / "backup", with_keys=True, now=START)
    assert state_of(tmp_path / "backup") == state_of(data)


def test_a_key_that_is_not_in_the_key_file_is_counted(data: Path, tmp_path: Path) -> None:
    (data / "sealing-keys.json").unlink()
    backup = make_backup(data, tmp_path / "backup", with_keys=True, now=START)
    assert (backup.sealed, backup.without_key) == (1, 1)
    assert not (data / "sealing-keys.json").exists()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("full", "is not empty"),
        ("file", "is a file"),
        ("link", "is a symbolic link"),
        ("none/backup", "There is no folder"),
        ("data/backup", "is in the data folder"),
        ("way/backup", "is in the data folder"),
        ("closed/backup", "Access to"),
    ],
)
def test_a_place_that_cannot_be_used_is_named(
    data: Path, tmp_path: Path, name: str, sentence: str
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "something").touch()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "way").symlink_to(data)
    before = sorted(path for path in tmp_path.rglob("*"))
    if name.startswith("closed"):
        # /proc takes no folders, from root either.
        target = Path("/proc/self/backup")
        sentence = "/proc/self"
    else:
        target = tmp_path / name
    with pytest.raises(BackupError) as refused:
        make_backup(data, target, with_keys=True, now=START)
    assert sentence in str(refused.value)
    assert sorted(path for path in tmp_path.rglob("*")) == before


def test_a_damaged_store_makes_no_backup_and_is_named(data: Path, tmp_path: Path) -> None:
    path = data / "tenants.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"t3"', b'"t8"'))
    with pytest.raises(CorruptStoreError) as refused:
        make_backup(data, tmp_path / "backup", with_keys=True, now=START)
    assert str(path) in refused.value.reason
    assert "portal store repair" in refused.value.remedy
    assert [each.name for each in tmp_path.iterdir()] == ["data"]


def test_what_killed_runs_left_is_removed_and_nothing_else(data: Path, tmp_path: Path) -> None:
    names = (".a.unfinished-0123abcd", ".b.unfinished-0123abcd", ".c.unfinished-0123abcd", ".d")
    left, running, foreign, other = (tmp_path / name for name in names)
    for each in (left, running, foreign, other):
        each.mkdir()
        (each / "tenants.jsonl").touch()
    (foreign / "something").touch()
    lock = lock_folder(running)
    assert lock is not None
    make_backup(data, tmp_path / "backup", with_keys=True, now=START)
    os.close(lock)
    assert {each.name for each in tmp_path.iterdir()} == {
        running.name, foreign.name, other.name, "backup", "data",
    }  # fmt: skip


# ---- What is held


def test_a_compaction_takes_nothing_away_from_what_is_held(data: Path) -> None:
    before = (data / "tenants.jsonl").read_bytes()
    held = hold_file(data)
    store = JsonFileStore(data)
    for number in range(20, 30):
        store.write([Add(item(number))])
        store.compact()
    store.close()
    assert b"".join(held.chunks()) == before


def test_what_is_written_after_it_was_held_is_not_in_it(data: Path) -> None:
    held = hold_file(data)
    before = (data / "tenants.jsonl").read_bytes()
    store = JsonFileStore(data)
    store.write([Add(item(20))])
    store.close()
    assert b"".join(held.chunks()) == before


@pytest.mark.parametrize("torn", [False, True])
def test_what_a_killed_writer_left_after_the_mark_is_settled_first(
    data: Path, tmp_path: Path, *, torn: bool
) -> None:
    lock = (data / "tenants.lock").read_bytes()
    before = state_of(data)
    store = JsonFileStore(data)
    store.write([Add(item(20))])
    store.close()
    # Power went away before the mark was on the disk; the commit was acknowledged.
    (data / "tenants.lock").write_bytes(lock)
    path = data / "tenants.jsonl"
    if torn:
        path.write_bytes(path.read_bytes()[:-3])
    make_backup(data, tmp_path / "backup", with_keys=True, now=START)
    expected = before if torn else {**before, "t20": item(20)}
    assert state_of(tmp_path / "backup") == expected == state_of(data)


class FailingDisk(LocalDisk):
    """A disk that reads nothing any more."""

    def size(self, fd: int) -> int:
        raise OSError(errno.EIO, f"Input/output error of {fd}")


def test_a_disk_that_fails_is_a_sentence(data: Path) -> None:
    with pytest.raises(UnavailableError) as refused:
        hold_file(data, disk=FailingDisk())
    assert "The disk reports an error" in refused.value.reason
