"""Files that an operator names. Only plain files are read and written, and never through a
symbolic link."""

import errno
import fcntl
import hashlib
import os
import secrets
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TextIO

import click

from portal.imports import Message, RefusedFileError, file_too_large

#: As the name of a file: standard input.
STDIN = "-"

_DESCRIPTORS = "/proc/self/fd"
_NO_FILE_NAME = "This is not a file name."


class UnusableFileError(Exception):
    """A named file cannot be used. The text is one line for a terminal."""


@contextmanager
def file_errors() -> Iterator[None]:
    """Turn `UnusableFileError` into one line on standard error and exit status 2."""
    try:
        yield
    except UnusableFileError as error:
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(2) from error


# ---- Input


@contextmanager
def open_input(name: str, max_bytes: int) -> Iterator[BinaryIO]:
    """Open a plain file to read it. `-` is standard input, whose size shows only as it is read.

    Raises:
        RefusedFileError: It cannot be opened, is no plain file, or is larger than `max_bytes`.
    """
    if name == STDIN:
        # `sys.stdin` is None if it was closed before the program started.
        if sys.stdin is None:
            raise RefusedFileError(Message("It is closed."))
        yield sys.stdin.buffer
        return
    try:
        # Non-blocking, because opening a pipe that has no writer would wait for ever.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(name, flags)
    except OSError as error:
        raise RefusedFileError(Message(_open_error(error))) from error
    except ValueError as error:
        raise RefusedFileError(Message(_NO_FILE_NAME)) from error
    try:
        # The descriptor is checked and not the path, which may lead to another file by now.
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise RefusedFileError(Message(_no_plain_file(status.st_mode)))
        if status.st_size > max_bytes:
            raise file_too_large(max_bytes)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            yield file
    finally:
        os.close(descriptor)


# ---- Output


class AtomicFile:
    """A file that appears under its name when it is complete, readable only by its owner.

    Until `publish`, a file that exists under the name stays as it is. Each method may raise
    `OSError`.

    Args:
        unnamed: Give the draft no name until it is complete, if the file system can do that. Then
            a killed program leaves nothing behind. A draft with a name is removed by the next
            program that writes a file of the same name.
    """

    def __init__(self, path: Path, *, unnamed: bool = True) -> None:
        self.path = path
        # A hash, because the folder limits the length of names, and `path` may reach the limit.
        self._prefix = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]
        self._draft = path.with_name(f".{self._prefix}-{secrets.token_hex(8)}.part")
        descriptor = _open_unnamed(path.parent) if unnamed else None
        self._draft_has_name = descriptor is None
        if descriptor is None:
            self._remove_abandoned_drafts()
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(self._draft, flags, 0o600)
            with suppress(OSError):
                # Without locks nobody can tell that a draft is abandoned, so none is removed.
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        self._file: TextIO = os.fdopen(descriptor, "w", encoding="utf-8", newline="")

    def write(self, text: str, /) -> int:
        return self._file.write(text)

    def publish(self) -> None:
        """Flush the file to the disk and put it under its name."""
        self._file.flush()
        os.fsync(self._file.fileno())
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            if not self._draft_has_name:
                # With `dst_dir_fd`, because only then Python follows the link in /proc.
                source = f"{_DESCRIPTORS}/{self._file.fileno()}"
                os.link(source, self._draft.name, dst_dir_fd=folder, follow_symlinks=True)
                self._draft_has_name = True
            self._draft.replace(self.path)
            self._draft_has_name = False
            os.fsync(folder)
        finally:
            os.close(folder)

    def close(self) -> None:
        """Remove the draft, unless it was published."""
        with suppress(OSError):
            # Closing flushes the buffer, for which there may be no room again.
            self._file.close()
        if self._draft_has_name:
            self._draft.unlink(missing_ok=True)

    def _remove_abandoned_drafts(self) -> None:
        """Remove drafts that no program has locked: a lock ends with its program."""
        for draft in self.path.parent.glob(f".{self._prefix}-*.part"):
            with suppress(OSError):
                descriptor = os.open(draft, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    draft.unlink()
                finally:
                    os.close(descriptor)


def _open_unnamed(folder: Path) -> int | None:
    """The descriptor of a new file without a name, if the file system of this folder can do it."""
    try:
        descriptor = os.open(folder, os.O_WRONLY | os.O_TMPFILE | os.O_CLOEXEC, 0o600)
    except (OSError, AttributeError):
        return None
    # `publish` needs this path to give the file a name.
    if Path(f"{_DESCRIPTORS}/{descriptor}").exists():
        return descriptor
    os.close(descriptor)
    return None


@contextmanager
def open_output(name: str, *, data_dir: Path, inputs: Sequence[str] = ()) -> Iterator[AtomicFile]:
    """Open a plain file to write and publish it.

    Raises:
        UnusableFileError: It is no plain file, is one of `inputs`, is in the portal's data
            folder, or cannot be created.
    """
    _check_output(name, data_dir, inputs)
    try:
        file = AtomicFile(Path(name))
    except OSError as error:
        raise _unwritable(name, error) from error
    try:
        yield file
    finally:
        file.close()


def display_name(name: str) -> str:
    """The name of a file in a sentence."""
    if name == STDIN:
        return "standard input"
    return escape_unprintable(name) or "''"


def escape_unprintable(text: str) -> str:
    """The text with escapes in place of what a terminal would obey; not shortened."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _check_output(name: str, data_dir: Path, inputs: Sequence[str]) -> None:
    shown_name = display_name(name)
    if Path(name).name in ("", "..") or name.endswith(os.sep) or "\0" in name:
        raise UnusableFileError(f"{shown_name}: {_NO_FILE_NAME}")
    try:
        status = os.lstat(name)
    except FileNotFoundError:
        status = None
    except OSError as error:
        raise _unwritable(name, error) from error
    if status is not None:
        if not stat.S_ISREG(status.st_mode):
            raise UnusableFileError(f"{shown_name}: {_no_plain_file(status.st_mode)}")
        if any(_is_same_file(status, other) for other in inputs):
            raise UnusableFileError(
                f"{shown_name}: This is one of the files to read. Choose another name."
            )
        if not os.access(name, os.W_OK):
            raise _unwritable(name, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
    if Path(name).parent.resolve().is_relative_to(data_dir.resolve()):
        raise UnusableFileError(
            f"{shown_name}: This is in the portal's data folder. Choose another folder."
        )


def _is_same_file(status: os.stat_result, name: str) -> bool:
    # An input that has no status cannot be read either. `open_input` reports that.
    with suppress(OSError, ValueError, AttributeError):
        other = os.fstat(sys.stdin.fileno()) if name == STDIN else os.lstat(name)
        return os.path.samestat(status, other)
    return False


def _unwritable(name: str, error: OSError) -> UnusableFileError:
    return UnusableFileError(f"{display_name(name)}: It cannot be written ({error.strerror}).")


def _open_error(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "This is a symbolic link, not a file."
    return f"It cannot be opened ({error.strerror})."


def _no_plain_file(mode: int) -> str:
    if stat.S_ISLNK(mode):
        kind = "a symbolic link"
    elif stat.S_ISDIR(mode):
        kind = "a directory"
    else:
        kind = "a pipe" if stat.S_ISFIFO(mode) else "a device"
    return f"This is {kind}, not a file."
