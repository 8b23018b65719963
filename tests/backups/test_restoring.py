"""A restore fills an empty folder with all that was backed up, or leaves it empty."""

import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path

import pytest

from portal.backups import BackupError, Manifest, make_backup, restore_backup
from portal.backups.folders import lock_folder
from portal.backups.manifest import NAME
from portal.stores import CorruptStoreError, Item
from portal.stores.file import JsonFileStore
from tests.backups.backed_up import files_of, state_of
from tests.conftest import START


@pytest.fixture
def backup(data: Path, tmp_path: Path) -> Path:
    make_backup(data, tmp_path / "backup", with_keys=True, now=START)
    return tmp_path / "backup"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "restored"


@pytest.mark.parametrize("is_there", [False, True])
def test_every_item_and_every_key_is_there_again(
    data: Path, backup: Path, target: Path, *, is_there: bool
) -> None:
    if is_there:
        target.mkdir(mode=0o700)
    manifest, is_done = restore_backup(backup, target)
    assert is_done
    assert manifest.items == 6
    assert state_of(target) == state_of(data)
    assert files_of(target).keys() == {
        "tenants.jsonl", "tenants.lock", "sealing-keys.json", "secret-key",
    }  # fmt: skip
    for name in files_of(target):
        assert (target / name).read_bytes() == (backup / name).read_bytes()
    assert [path.name for path in target.iterdir() if path.is_dir()] == []
    assert stat.S_IMODE(target.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in target.iterdir()} == {0o600}


def test_a_portal_goes_on_with_it(backup: Path, target: Path) -> None:
    restore_backup(backup, target)
    store = JsonFileStore(target)
    store.check()
    store.compact()
    store.close()
    assert len(state_of(target)) == 6


def test_a_folder_that_is_not_empty_stays_as_it_is(data: Path, backup: Path) -> None:
    before = files_of(data)
    with pytest.raises(BackupError, match="is not empty"):
        restore_backup(backup, data)
    assert files_of(data) == before


def test_the_folder_of_a_restore_that_runs_is_left_alone(backup: Path, target: Path) -> None:
    (target / "restore.unfinished").mkdir(parents=True)
    lock = lock_folder(target / "restore.unfinished")
    assert lock is not None
    with pytest.raises(BackupError, match="Another process"):
        restore_backup(backup, target)
    os.close(lock)
    assert (target / "restore.unfinished").exists()


def test_no_portal_makes_a_store_in_a_folder_that_is_being_restored(target: Path) -> None:
    (target / "restore.unfinished").mkdir(parents=True)
    with pytest.raises(CorruptStoreError) as refused:
        JsonFileStore(target).check()
    assert "portal restore" in refused.value.remedy
    assert not (target / "tenants.jsonl").exists()


def test_a_refused_check_leaves_nothing(backup: Path, target: Path) -> None:
    def refuse(items: Iterable[Item]) -> None:
        assert len(list(items)) == 6
        raise LookupError

    with pytest.raises(LookupError):
        restore_backup(backup, target, check=refuse)
    assert not target.exists()


# ---- Damaged backups


def changed_manifest(backup: Path, **changes: object) -> None:
    content = json.loads((backup / NAME).read_text())
    (backup / NAME).write_text(json.dumps({**content, **changes}))


@pytest.mark.parametrize("name", ["tenants.jsonl", "tenants.lock", "sealing-keys.json", NAME])
@pytest.mark.parametrize("how", ["flipped", "shorter", "longer", "missing"])
def test_every_damage_is_refused_and_leaves_nothing(
    backup: Path, target: Path, name: str, how: str
) -> None:
    path = backup / name
    content = bytearray(path.read_bytes())
    if how == "missing":
        path.unlink()
    else:
        content[len(content) // 2] ^= 1
        made = {"flipped": content, "shorter": content[:-9], "longer": content + b"{}"}[how]
        path.write_bytes(made)
    with pytest.raises(BackupError) as refused:
        restore_backup(backup, target)
    assert str(backup) in str(refused.value)
    assert not target.exists()


def test_a_file_that_leads_elsewhere_is_refused(backup: Path, target: Path) -> None:
    shutil.move(backup / "secret-key", backup / "elsewhere")
    (backup / "secret-key").symlink_to(backup / "elsewhere")
    with pytest.raises(BackupError, match="symbolic link"):
        restore_backup(backup, target)
    assert not target.exists()


def test_nobody_waits_at_a_pipe(backup: Path, target: Path) -> None:
    (backup / "secret-key").unlink()
    os.mkfifo(backup / "secret-key")
    with pytest.raises(BackupError, match="secret-key cannot be used"):
        restore_backup(backup, target)
    assert not target.exists()


def test_a_name_that_leads_out_of_the_folder_is_refused(backup: Path, target: Path) -> None:
    manifest = Manifest.read(backup)
    (backup / NAME).unlink()
    object.__setattr__(manifest.files[0], "name", "../tenants.jsonl")
    manifest.write(backup)
    with pytest.raises(BackupError, match="is damaged"):
        restore_backup(backup, target)


def test_a_backup_of_a_newer_format_names_the_version_that_reads_it(
    backup: Path, target: Path
) -> None:
    # As a later version writes it: this one may rely on nothing else in it.
    content = {"format": 2, "needs": "7.3", "files": {"tenants.jsonl": "b2:2f0a"}}
    signed = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    (backup / NAME).write_text(json.dumps({**content, "sha256": signed}))
    with pytest.raises(BackupError, match=r"It needs portal ≥ 7\.3"):
        restore_backup(backup, target)
    assert not target.exists()


def test_a_folder_that_is_no_backup_is_named(data: Path, target: Path, tmp_path: Path) -> None:
    for folder in (data, tmp_path / "none"):
        with pytest.raises(BackupError, match=r"is no backup: it has no backup\.json"):
            restore_backup(folder, target)
    assert not target.exists()
