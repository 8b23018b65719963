"""Files that an operator names: only plain ones are read, and none is written through a link."""

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from portal.imports.refusals import RefusedFileError, too_large

STDIN = "-"


@contextmanager
def opened(name: str, most: int) -> Iterator[BinaryIO]:
    """The file, to be read, if it is a plain one of at most `most` bytes; `-` is standard input,
    whose size shows as it is read. `RefusedFileError`."""
    if name == STDIN:
        yield sys.stdin.buffer
        return
    try:
        # Not blocking: a pipe without a writer would never open.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(name, flags)
    except OSError as error:
        raise RefusedFileError(_reason(error)) from error
    except ValueError as error:
        raise RefusedFileError("This is not the name of a file.") from error
    try:
        # No path any more: what was opened is what is looked at.
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise RefusedFileError(f"This is {_kind(found.st_mode)}, and not a file.")
        if found.st_size > most:
            raise too_large(most)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            yield file
    finally:
        os.close(descriptor)


@contextmanager
def written(path: Path) -> Iterator[TextIO]:
    """The file, to be written, for its owner alone. `OSError`."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        yield file


def _reason(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "This is a symbolic link, and not a file."
    return f"It cannot be opened ({error.strerror})."


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a directory"
    return "a pipe" if stat.S_ISFIFO(mode) else "a device"
