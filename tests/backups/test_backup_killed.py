"""kill -9 at each step of a backup and of a restore: nothing or the whole, and the next run works.

The steps are the calls of the system that Python reports to an audit hook.
"""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from portal.backups import BackupError, make_backup, restore_backup
from portal.stores import CorruptStoreError
from portal.stores.file import JsonFileStore
from tests.backups.backed_up import files_of, state_of
from tests.conftest import START

FORK = multiprocessing.get_context("fork")
STEPS = {
    "open", "os.chmod", "os.listdir", "os.mkdir", "os.remove", "os.rename", "os.rmdir",
    "os.scandir", "fcntl.flock", "shutil.rmtree",
}  # fmt: skip


def killed_at(step: int, act: Callable[[], object]) -> bool:
    """Run it in another process, and kill that before this step. `False` if it has fewer."""

    def child() -> None:
        count = 0

        def hook(event: str, _: tuple[object, ...]) -> None:
            nonlocal count
            if event in STEPS:
                count += 1
                if count == step:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        # A run after one that had done all is refused, which the test sees by itself.
        with suppress(BackupError):
            act()
        os._exit(0)

    process = FORK.Process(target=child)
    process.start()
    process.join(60)
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def test_a_killed_backup_is_never_taken_for_a_whole_one(data: Path, tmp_path: Path) -> None:
    target, restored, step = tmp_path / "backup", tmp_path / "restored", 0
    expected = state_of(data)

    def back_up() -> None:
        make_backup(data, target, with_keys=True, now=START)

    is_killed = True
    while is_killed:
        step += 1
        is_killed = killed_at(step, back_up)
        if target.exists():
            # Only the last steps come after it has its name.
            restore_backup(target, restored)
            assert state_of(restored) == expected
            remove(target)
            remove(restored)
    assert step > 20
    back_up()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup", "data"]


def test_a_killed_restore_leaves_nothing_or_the_whole_and_runs_again(
    data: Path, tmp_path: Path
) -> None:
    backup, target, step = tmp_path / "backup", tmp_path / "restored", 0
    make_backup(data, backup, with_keys=True, now=START)
    expected, files = state_of(data), files_of(backup)
    del files["backup.json"]

    def put_back() -> None:
        restore_backup(backup, target)

    is_killed, wholes = True, 0
    while is_killed:
        step += 1
        if step % 2:
            target.mkdir(mode=0o700)
        is_killed = killed_at(step, put_back)
        wholes += is_whole(target)
        if is_whole(target):
            assert state_of(target) == expected
        elif (target / "restore.unfinished").exists():
            # Nobody starts a portal on half of it.
            with pytest.raises(CorruptStoreError, match="has not ended"):
                JsonFileStore(target).check()
        else:
            assert not target.exists() or list(target.iterdir()) == []
        if step % 3 == 0:
            killed_at(step, put_back)
        if not is_whole(target) or (target / "restore.unfinished").exists():
            put_back()
        assert state_of(target) == expected
        assert files_of(target) == files
        assert [path for path in target.iterdir() if path.is_dir()] == []
        remove(target)
    assert step > 20
    assert wholes > 1


def is_whole(folder: Path) -> bool:
    return (folder / "tenants.jsonl").exists()


def remove(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
