"""Makes a folder with a whole copy of the file store while the portal runs, or none.

1. The store's file is held: an open file, and how far it is durable. That takes a moment.
2. It is copied into a folder beside the one that was asked for, then the keys are.
3. The copy is read as the portal reads it, and every line is checked.
4. The manifest is written, all is synced, and the folder gets its name.

A process that is killed leaves a folder under another name. The next backup removes it.
"""

import errno
import os
import re
import secrets
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from portal.backups.errors import BackupError, error_of
from portal.backups.folders import (
    FILES,
    KEY_FILES,
    FileSum,
    lock_folder,
    read_file,
    sync_folder,
    unknown_names,
    write_file,
)
from portal.backups.manifest import NAME, Manifest, portal_version
from portal.records import SECRET
from portal.sealing import SEALING_KEYS_FILE, KeyFileSealer
from portal.stores import CorruptStoreError
from portal.stores.file import FILE_NAME, LOCK_NAME, HeldFile, hold_file, read_copy

#: The name of a folder that is being made.
_DRAFT = re.compile(r"\..+\.unfinished-[0-9a-f]{8}")
#: A secret that a key file sealed; behind it is the id of the key.
_SEALED = "v1.loc."


@dataclass(frozen=True, kw_only=True, slots=True)
class Backup:
    """A backup that was made.

    Attributes:
        locked_seconds: How long it kept others from writing.
        left_out: Names in the data folder that the portal did not make.
        sealed: How many client secrets a key file has sealed.
        without_key: Of those, how many have their key in no key file of the data folder.
        others_can_read: The file system did not take the modes.
    """

    manifest: Manifest
    locked_seconds: float
    left_out: list[str]
    sealed: int
    without_key: int
    others_can_read: bool


def make_backup(data_dir: Path, target: Path, *, with_keys: bool, now: datetime) -> Backup:
    """Make `target`, which must not be there or be empty.

    It holds all that was acknowledged before this call.

    Raises:
        BackupError: There is no backup. What was at `target` is as it was.
        BusyError: Another process kept the store locked for too long.
        UnavailableError: The store cannot be read, or is damaged.
    """
    try:
        _check_target(data_dir, target)
        with _draft_of(target) as draft:
            backup = _fill(data_dir, draft, with_keys=with_keys, now=now)
            sync_folder(draft)
            _publish(draft, target)
    except OSError as error:
        raise error_of(error, target) from error
    return backup


def _fill(data_dir: Path, draft: Path, *, with_keys: bool, now: datetime) -> Backup:
    held = hold_file(data_dir)
    files = _copied(data_dir, draft, held, with_keys=with_keys)
    try:
        items, sealed_with = _read(draft)
    except CorruptStoreError as error:
        # The copy is what the store's file is, and goes.
        reason = error.reason.replace(str(draft), str(data_dir))
        raise CorruptStoreError(reason=reason, remedy=error.remedy) from error
    manifest = Manifest(
        made_at=now, portal=portal_version(), seq=held.mark.seq, items=items,
        has_keys=with_keys, files=files,
    )  # fmt: skip
    manifest.write(draft)
    key_file = data_dir / SEALING_KEYS_FILE
    known = KeyFileSealer(key_file).key_ids() if key_file.exists() else []
    return Backup(
        manifest=manifest,
        locked_seconds=held.locked_seconds,
        left_out=unknown_names(data_dir),
        sealed=sealed_with.total(),
        without_key=sum(n for key_id, n in sealed_with.items() if key_id not in known),
        others_can_read=bool(draft.stat().st_mode & 0o077),
    )


def _read(draft: Path) -> tuple[int, Counter[str]]:
    """The number of items, and how many secrets each key of a key file has sealed."""
    items, sealed_with = 0, Counter[str]()
    for item in read_copy(draft):
        items += 1
        secret = str(item.get(SECRET, ""))
        if secret.startswith(_SEALED):
            sealed_with[secret.removeprefix(_SEALED).partition(".")[0]] += 1
    return items, sealed_with


def _copied(data_dir: Path, draft: Path, held: HeldFile, *, with_keys: bool) -> tuple[FileSum, ...]:
    files = [
        write_file(draft / FILE_NAME, held.chunks()),
        write_file(draft / LOCK_NAME, [held.lock_file_content()]),
    ]
    for name in KEY_FILES if with_keys else ():
        with suppress(FileNotFoundError):
            # As a whole: the file is replaced, never changed.
            files.append(write_file(draft / name, list(read_file(data_dir / name))))
    return tuple(files)


def _check_target(data_dir: Path, target: Path) -> None:
    parent = target.absolute().parent
    if not parent.is_dir():
        raise BackupError(f"There is no folder {parent}. Make it first, or name another one.")
    if target.is_symlink():
        raise BackupError(f"{target} is a symbolic link. Name the folder itself.")
    if target.resolve().is_relative_to(data_dir.resolve()):
        raise BackupError(
            f"{target} is in the data folder, and would be lost with it. Name a folder elsewhere."
        )
    if target.is_dir():
        if any(target.iterdir()):
            raise _not_empty(target)
    elif target.exists():
        raise BackupError(f"{target} is a file. Name a folder that is not there yet.")


def _not_empty(target: Path) -> BackupError:
    return BackupError(f"{target} is not empty. Name a folder that is not there yet.")


@contextmanager
def _draft_of(target: Path) -> Iterator[Path]:
    """A folder beside `target`, on the same file system. It is removed if an error ends this."""
    target = target.absolute()
    for left in target.parent.glob(".*.unfinished-*"):
        # Of any name: each night's backup has another one.
        if _DRAFT.fullmatch(left.name):
            _remove_if_left(left)
    draft = target.with_name(f".{target.name}.unfinished-{secrets.token_hex(4)}")
    draft.mkdir(mode=0o700)
    lock = lock_folder(draft)
    try:
        yield draft
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    finally:
        if lock is not None:
            os.close(lock)


def _remove_if_left(draft: Path) -> None:
    """Remove what a killed process has left. One that still runs holds its lock."""
    with suppress(OSError):
        lock = lock_folder(draft)
        if lock is None:
            return
        try:
            if {path.name for path in draft.iterdir()} <= {*FILES, NAME}:
                shutil.rmtree(draft, ignore_errors=True)
        finally:
            os.close(lock)


def _publish(draft: Path, target: Path) -> None:
    try:
        # This replaces an empty folder, and nothing else.
        draft.rename(target)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise _not_empty(target) from error
        if error.errno == errno.EBUSY:
            raise error_of(OSError(errno.EBUSY, "", str(target)), target) from error
        raise
    sync_folder(target.absolute().parent)
