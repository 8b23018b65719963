"""Small files that must appear whole or not at all, and be the same for everybody."""

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def create_exclusive(path: Path, text: str) -> None:
    """Make the file (mode 0600), durably, unless it is there: whoever is second leaves the
    first one's. Its folder is made too (mode 0700). `OSError`."""

    def link(draft: Path) -> None:
        # A link is as exclusive as O_EXCL, but the other process never sees an empty file.
        with suppress(FileExistsError):
            os.link(draft, path)

    _write(path, text, link)


def replace_atomically(path: Path, text: str) -> None:
    """Put a file (mode 0600) in place of the one that is there, durably: readers see the old
    one or the new one. `OSError`."""
    _write(path, text, lambda draft: draft.replace(path))


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """No other process that asks for the same is in here, too. `OSError`."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The folder is locked, since the file itself is about to be another one.
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
