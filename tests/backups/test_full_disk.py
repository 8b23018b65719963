"""A backup or a restore onto a disk without room, and into the root of a mounted disk."""

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from portal.backups import BackupError, make_backup, restore_backup
from tests.backups.backed_up import state_of
from tests.conftest import START


@contextmanager
def mounted(point: Path, size: str) -> Iterator[bool]:
    """A file system of its own there, if this user may mount one."""
    point.mkdir(mode=0o700)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(point)]
    try:
        done = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        done = False
    yield done
    if done:
        subprocess.run(["umount", "--lazy", point], check=True)


@contextmanager
def limited(size: int) -> Iterator[None]:
    """No file may get larger."""
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, unlimited[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)


def refused_both_ways(data: Path, backup: Path, place: Path) -> None:
    with pytest.raises(BackupError, match=r"room|grow"):
        make_backup(data, place / "new", with_keys=True, now=START)
    with pytest.raises(BackupError, match=r"room|grow"):
        restore_backup(backup, place / "data")


def test_without_room_there_is_nothing(data: Path, tmp_path: Path) -> None:
    make_backup(data, tmp_path / "backup", with_keys=True, now=START)
    before = state_of(data)
    place = tmp_path / "place"
    place.mkdir()
    with limited(400):
        refused_both_ways(data, tmp_path / "backup", place)
    assert list(place.iterdir()) == []
    with mounted(tmp_path / "small", "4k") as is_mounted:
        if is_mounted:
            refused_both_ways(data, tmp_path / "backup", tmp_path / "small")
            assert list((tmp_path / "small").iterdir()) == []
    assert state_of(data) == before


def test_the_root_of_a_disk_is_filled_and_no_place_for_a_backup(data: Path, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "1m") as is_mounted:
        disk = tmp_path / "disk"
        if is_mounted:
            with pytest.raises(BackupError, match="where a disk is mounted"):
                make_backup(data, disk, with_keys=True, now=START)
        make_backup(data, disk / "backup", with_keys=True, now=START)
        assert state_of(disk / "backup") == state_of(data)
    with mounted(tmp_path / "volume", "1m"):
        (tmp_path / "volume" / "lost+found").mkdir()
        make_backup(data, tmp_path / "backup", with_keys=True, now=START)
        restore_backup(tmp_path / "backup", tmp_path / "volume")
        assert state_of(tmp_path / "volume") == state_of(data)
