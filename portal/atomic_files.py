"""Writes small files so that other processes see a whole file or none."""

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def create_exclusive(path: Path, text: str) -> None:
    """Create the file durably with mode 0600, and its folder with mode 0700.

    If the file exists already, it stays as it is: the first process wins.

    Raises:
        OSError: The file cannot be written.
    """

    def link(draft: Path) -> None:
        # A link is as exclusive as O_EXCL, but no other process ever sees an empty file.
        with suppress(FileExistsError):
            os.link(draft, path)

    _write(path, text, link)


def replace_atomically(path: Path, text: str) -> None:
    """Replace the file durably, with mode 0600. Readers see the old file or the new one.

    Raises:
        OSError: The file cannot be written.
    """
    _write(path, text, lambda draft: draft.replace(path))


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Exclude other processes that lock the same file. `OSError` if that cannot be done."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # This locks the folder, since the file itself is going to be replaced.
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(path: Path, text: str, publish: Callable[[Path], object]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
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
