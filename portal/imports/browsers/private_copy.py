"""The copy that is read. Originals are never opened by LevelDB or SQLite: opening rewrites them.

The copy holds what customers typed, and secrets. So only its owner can read it, it is removed when
the import ends, also by a signal, and the next import removes what a killed one left behind.
"""

import fcntl
import os
import shutil
import stat
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

from portal.imports.browsers.folder import Folder, Parts, shown_path
from portal.imports.model import Message, RefusedFileError, size_in_words
from portal.imports.streaming import no_disk_space_error

_PREFIX = "fsm-portal-profile-"
#: Larger pieces fit no cache of a processor, and take twice the time.
_PIECE_BYTES = 128 * 1024
#: A younger copy may be one that is about to be locked.
_SECONDS_UNTIL_ABANDONED = 60


class PrivateCopy:
    """A context manager: a folder for temporary files.

    most_bytes: of all copied files together.

    Entering and copying raise:
        UnavailableError: the disk is full, or there is no folder for temporary files.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = self._bytes_left = most_bytes
        self._copied: list[tuple[Parts, tuple[int, ...]]] = []
        self._folder = Path()
        self._lock = -1

    def __enter__(self) -> Self:
        try:
            _remove_abandoned()
            self._folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
            self._lock = os.open(self._folder, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise no_disk_space_error(error) from error
        with suppress(OSError):
            # Without locks nobody can tell that a copy is abandoned, so none is removed.
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        os.close(self._lock)

    def new_folder(self) -> Path:
        try:
            return Path(tempfile.mkdtemp(dir=self._folder))
        except OSError as error:
            raise no_disk_space_error(error) from error

    def add(self, folder: Folder, parts: Parts, target: Path) -> None:
        """Copies a file.

        Raises:
            RefusedFileError: it cannot be read, is no plain file, or is too large.
            UnavailableError: the disk is full.
        """
        with folder.open_file(parts) as source:
            self._copied.append((parts, _state(os.fstat(source))))
            try:
                with target.open("xb") as file:
                    while piece := _read(source, parts):
                        self._bytes_left -= len(piece)
                        if self._bytes_left < 0:
                            raise _too_large(self._most_bytes)
                        file.write(piece)
            except OSError as error:
                raise no_disk_space_error(error) from error

    def check_unchanged(self, folder: Folder) -> None:
        """
        Raises:
            RefusedFileError: an original is not as it was when it was copied.
        """
        for parts, state in self._copied:
            status = folder.status(parts)
            if status is None or _state(status) != state:
                raise RefusedFileError(
                    Message("%(name)s changed while it was copied.", name=shown_path(parts)),
                    409,
                    Message("Close the browser first."),
                )


def _read(descriptor: int, parts: Parts) -> bytes:
    try:
        return os.read(descriptor, _PIECE_BYTES)
    except OSError as error:
        message = Message("%(name)s cannot be read.", name=shown_path(parts))
        raise RefusedFileError(message) from error


def _state(status: os.stat_result) -> tuple[int, ...]:
    return status.st_ino, status.st_size, status.st_mtime_ns


def _too_large(limit: int) -> RefusedFileError:
    return RefusedFileError(
        Message("The storages are larger than %(size)s.", size=size_in_words(limit)),
        413,
        Message("Name the folder of one profile, or raise PORTAL_IMPORT_PROFILE_MEGABYTES."),
    )


def _remove_abandoned() -> None:
    """Removes copies of this user that no program has locked: a lock ends with its program."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                if _may_be_abandoned(os.fstat(descriptor)):
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(descriptor)


def _may_be_abandoned(status: os.stat_result) -> bool:
    return (
        status.st_uid == os.geteuid()
        and stat.S_IMODE(status.st_mode) == 0o700
        and time.time() - status.st_mtime > _SECONDS_UNTIL_ABANDONED
    )
