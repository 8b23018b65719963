"""Writes small files so that other processes see a whole file or none."""

import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: Seconds between two attempts to get a lock.
_PAUSE = 0.002


def create_exclusive(path: Path, text: str, *, make_folder: bool = True) -> None:
    """Create the file durably with mode 0600, and (`make_folder`) its folder with mode 0700.

    If the file exists already, it stays as it is: the first process wins.

    Raises:
        OSError: The file cannot be written.
    """

    def link(draft: Path) -> None:
        # A link is as exclusive as O_EXCL, but no other process ever sees an empty file.
        with suppress(FileExistsError):
            os.link(draft, path)

    _write(path, text, link, make_folder=make_folder)


def replace_atomically(path: Path, content: str | bytes, *, make_folder: bool = True) -> None:
    """Replace the file durably, with mode 0600. Readers see the old file or the new one.

    Raises:
        OSError: The file cannot be written.
    """
    _write(path, content, lambda draft: draft.replace(path), make_folder=make_folder)


@contextmanager
def file_lock(
    path: Path, seconds: float | None = None, *, make_folder: bool = True
) -> Iterator[None]:
    """Exclude other processes that lock the same file.

    Args:
        seconds: How long to wait for them; None: as long as it takes.
        make_folder: Whether the folder is made if it is missing.

    Raises:
        TimeoutError: Others held the lock all the time.
        OSError: It cannot be locked.
    """
    if make_folder:
        _make_folder_of(path)
    # This locks the folder, since the file itself is going to be replaced.
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        if seconds is None:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        else:
            _lock_within(descriptor, seconds)
        yield
    finally:
        os.close(descriptor)


def _lock_within(descriptor: int, seconds: float) -> None:
    """flock has no time limit, so this tries again and again."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                raise TimeoutError("Another process holds the lock of the folder.") from error
            time.sleep(_PAUSE)
        else:
            return


def _make_folder_of(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)


def _write(
    path: Path, content: str | bytes, publish: Callable[[Path], object], *, make_folder: bool
) -> None:
    if make_folder:
        _make_folder_of(path)
    draft = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode("ascii") if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        publish(draft)
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
