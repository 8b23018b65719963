"""Fills an empty data folder from a backup, or leaves it empty.

1. The files are copied into a folder inside the data folder, and compared with their sums.
2. The copy is read as the portal reads it, and every line is checked.
3. The keys get their names in the data folder, and the store's file last: see `put_file`.

A process that is killed before the last step leaves a folder in which no portal starts, and which
the same command fills. The data folder itself is never replaced: it may be a mounted disk.
"""

import os
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from portal.backups.errors import BackupError, error_of
from portal.backups.folders import FILES, KEY_FILES, lock_folder, read_file, sync_folder, write_file
from portal.backups.manifest import NAME as MANIFEST_NAME
from portal.backups.manifest import Manifest
from portal.stores import Item
from portal.stores.file import FILE_NAME, LOCK_NAME, UNFINISHED_RESTORE, put_file, read_copy

#: What is in the root of a disk that somebody has just mounted.
_OF_THE_DISK = {"lost+found"}


def restore_backup(
    backup: Path, data_dir: Path, *, check: Callable[[Iterable[Item]], object] | None = None
) -> tuple[Manifest, bool]:
    """Fill `data_dir`, which must not be there or be empty.

    Args:
        check: Called with all items before the folder becomes a store. If it raises an error,
            the folder stays empty.

    Returns:
        What was restored; and `False` if an earlier run of this command had done it.

    Raises:
        BackupError: Nothing was restored. The data folder is as it was.
        BusyError: Another process kept the folder locked for too long.
        UnavailableError: The files cannot be read or put there.
    """
    try:
        manifest = Manifest.read(backup)
        is_new = not data_dir.exists()
        _refuse_other_content(data_dir)
        draft = data_dir / UNFINISHED_RESTORE
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.mkdir(mode=0o700, exist_ok=True)
        lock = lock_folder(draft)
        if lock is None:
            raise BackupError(f"Another process is restoring {data_dir} just now.")
        try:
            return manifest, _restore(backup, manifest, data_dir, draft, check)
        except BaseException:
            _clean(data_dir, draft, remove_folder=is_new)
            raise
        finally:
            os.close(lock)
    except OSError as error:
        raise error_of(error, data_dir) from error


def _restore(
    backup: Path,
    manifest: Manifest,
    data_dir: Path,
    draft: Path,
    check: Callable[[Iterable[Item]], object] | None,
) -> bool:
    if (data_dir / FILE_NAME).exists():
        _end_earlier_run(manifest, data_dir, draft)
        return False
    _remove_content(draft)
    manifest.write(draft)
    for expected in manifest.files:
        path = backup / expected.name
        try:
            found = write_file(draft / expected.name, read_file(path))
        except FileNotFoundError as error:
            raise BackupError(f"{path} is missing. Take another backup.") from error
        if found != expected:
            raise BackupError(
                f"{path} is not what was backed up: its sum differs. Take another backup."
            )
    _check_items(manifest, draft, check)
    sync_folder(draft)

    def put_keys() -> None:
        for name in KEY_FILES:
            # A killed run may have put the key of another backup there.
            (data_dir / name).unlink(missing_ok=True)
            with suppress(FileNotFoundError):
                (draft / name).rename(data_dir / name)

    put_file(data_dir, draft / FILE_NAME, put_keys)
    # It is restored. Whatever fails from here on is no error: the rest does no harm.
    with suppress(OSError):
        _remove(draft)
        sync_folder(data_dir)
    return True


def _check_items(
    manifest: Manifest, draft: Path, check: Callable[[Iterable[Item]], object] | None
) -> None:
    number = sum(1 for _ in read_copy(draft))
    if number != manifest.items:
        raise BackupError(
            f"The backup holds {number:,} items, and {manifest.items:,} were backed up. Take"
            " another one."
        )
    if check is not None:
        check(read_copy(draft))


def _refuse_other_content(data_dir: Path) -> None:
    if data_dir.exists() and not data_dir.is_dir():
        raise BackupError(f"{data_dir} is a file. Set PORTAL_DATA_DIR to a folder.")
    found = set(os.listdir(data_dir)) if data_dir.exists() else set()  # noqa: PTH208 - names
    if UNFINISHED_RESTORE in found:
        # What a killed run of this command has left.
        found -= {UNFINISHED_RESTORE, *FILES}
    others = sorted(found - _OF_THE_DISK)
    if others:
        raise BackupError(
            f"{data_dir} is not empty: it has {others[0]}. Nothing was changed. Stop the portal,"
            " move that folder away, and run the command again."
        )


def _end_earlier_run(manifest: Manifest, data_dir: Path, draft: Path) -> None:
    """A killed run had done all but to remove its own folder."""
    try:
        earlier: Manifest | None = Manifest.read(draft)
    except BackupError:
        earlier = None
    if earlier not in (None, manifest):
        raise BackupError(
            f"{data_dir} was filled from another backup. Nothing was changed. Stop the portal, move"
            " that folder away, and run the command again."
        )
    _remove(draft)


def _remove(draft: Path) -> None:
    """The manifest goes last: after a kill, the next run still knows which backup it was."""
    for path in draft.iterdir():
        if path.name != MANIFEST_NAME:
            path.unlink()
    shutil.rmtree(draft)


def _remove_content(draft: Path) -> None:
    for path in draft.iterdir():
        path.unlink()


def _clean(data_dir: Path, draft: Path, *, remove_folder: bool) -> None:
    """After an error: leave the folder as it was."""
    if (data_dir / FILE_NAME).exists():
        # The portal has just made it, or an earlier run has. Its keys are in use.
        return
    for name in (LOCK_NAME, *KEY_FILES):
        with suppress(OSError):
            (data_dir / name).unlink()
    shutil.rmtree(draft, ignore_errors=True)
    if remove_folder:
        with suppress(OSError):
            data_dir.rmdir()
