"""Files that an operator names: only plain ones are read and written, and none through a link."""

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

from portal.imports import Message, RefusedFileError, file_too_large

STDIN = "-"

_DESCRIPTORS = "/proc/self/fd"
_NO_NAME = "This is not the name of a file."


class UnusableFileError(Exception):
    """What was named cannot be used; the text is one line for a terminal."""


# ---- To be read


@contextmanager
def opened(name: str, most: int) -> Iterator[BinaryIO]:
    """The file, to be read, if it is a plain one of at most `most` bytes; `-` is standard input,
    whose size shows as it is read. `RefusedFileError`."""
    if name == STDIN:
        # There is none where it was closed before the program began.
        if sys.stdin is None:
            raise RefusedFileError(Message("It is closed."))
        yield sys.stdin.buffer
        return
    try:
        # Not blocking: a pipe without a writer would never open.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(name, flags)
    except OSError as error:
        raise RefusedFileError(Message(_reason(error))) from error
    except ValueError as error:
        raise RefusedFileError(Message(_NO_NAME)) from error
    try:
        # No path any more: what was opened is what is looked at.
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise RefusedFileError(Message(_no_file(found.st_mode)))
        if found.st_size > most:
            raise file_too_large(most)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            yield file
    finally:
        os.close(descriptor)


# ---- To be written


class AtomicFile:
    """A file that appears whole once it is finished, for its owner alone. Until then, and if it
    never is, what stands under its name stays as it is. `OSError` of each call.

    `nameless`: nothing of it can be seen until then, so whoever kills the program leaves nothing;
    not every file system has that. Else the next one for the same name removes what was left.
    """

    def __init__(self, path: Path, *, nameless: bool = True) -> None:
        self.path = path
        # Short, whatever the name is: a folder bounds the length of names.
        self._mark = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]
        self._draft = path.with_name(f".{self._mark}-{secrets.token_hex(8)}.part")
        descriptor = _without_a_name(path.parent) if nameless else None
        self._is_named = descriptor is None
        if descriptor is None:
            self._remove_dead()
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(self._draft, flags, 0o600)
            with suppress(OSError):
                # Where nobody can lock, nobody can tell that one is dead either.
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        self._file: TextIO = os.fdopen(descriptor, "w", encoding="utf-8", newline="")

    def write(self, text: str, /) -> int:
        return self._file.write(text)

    def finish(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            if not self._is_named:
                # With a folder's descriptor, since Python follows the link only then.
                source = f"{_DESCRIPTORS}/{self._file.fileno()}"
                os.link(source, self._draft.name, dst_dir_fd=folder, follow_symlinks=True)
                self._is_named = True
            self._draft.replace(self.path)
            self._is_named = False
            os.fsync(folder)
        finally:
            os.close(folder)

    def let_go(self) -> None:
        """Leaves nothing of what was not finished."""
        with suppress(OSError):
            # What waits to be written may find no room again.
            self._file.close()
        if self._is_named:
            self._draft.unlink(missing_ok=True)

    def _remove_dead(self) -> None:
        """Drafts that nobody holds any more: a lock ends with its program, however that ends."""
        for draft in self.path.parent.glob(f".{self._mark}-*.part"):
            with suppress(OSError):
                descriptor = os.open(draft, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    draft.unlink()
                finally:
                    os.close(descriptor)


def _without_a_name(folder: Path) -> int | None:
    """A new file in this folder, if its file system has such."""
    try:
        descriptor = os.open(folder, os.O_WRONLY | os.O_TMPFILE | os.O_CLOEXEC, 0o600)
    except (OSError, AttributeError):
        return None
    # By this way alone it is given a name later.
    if Path(f"{_DESCRIPTORS}/{descriptor}").exists():
        return descriptor
    os.close(descriptor)
    return None


@contextmanager
def written(name: str, *, data_dir: Path, read: Sequence[str] = ()) -> Iterator[AtomicFile]:
    """The file, to be written and finished. `UnusableFileError` if it is no plain file, one of
    those that are `read`, or in the portal's own folder; or cannot be made."""
    _refuse(name, data_dir, read)
    try:
        target = AtomicFile(Path(name))
    except OSError as error:
        raise _unwritable(name, error) from error
    try:
        yield target
    finally:
        target.let_go()


def name_shown(name: str) -> str:
    """The name of a file in a sentence."""
    if name == STDIN:
        return "standard input"
    return whole_shown(name) or "''"


def whole_shown(text: str) -> str:
    """As `shown`, uncut: a sentence of ours, whose values were cut already."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _refuse(name: str, data_dir: Path, read: Sequence[str]) -> None:
    shown = name_shown(name)
    if Path(name).name in ("", "..") or name.endswith(os.sep) or "\0" in name:
        raise UnusableFileError(f"{shown}: {_NO_NAME}")
    try:
        found = os.lstat(name)
    except FileNotFoundError:
        found = None
    except OSError as error:
        raise _unwritable(name, error) from error
    if found is not None:
        if not stat.S_ISREG(found.st_mode):
            raise UnusableFileError(f"{shown}: {_no_file(found.st_mode)}")
        if any(_is_same(found, each) for each in read):
            raise UnusableFileError(f"{shown}: This is a file that is read. Choose another name.")
        if not os.access(name, os.W_OK):
            raise _unwritable(name, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
    if Path(name).parent.resolve().is_relative_to(data_dir.resolve()):
        raise UnusableFileError(
            f"{shown}: This is in the portal's data folder. Choose another place."
        )


def _is_same(found: os.stat_result, name: str) -> bool:
    # One that cannot be looked at cannot be read either, which is said then.
    with suppress(OSError, ValueError, AttributeError):
        other = os.fstat(sys.stdin.fileno()) if name == STDIN else os.lstat(name)
        return os.path.samestat(found, other)
    return False


def _unwritable(name: str, error: OSError) -> UnusableFileError:
    return UnusableFileError(f"{name_shown(name)}: It cannot be written ({error.strerror}).")


def _reason(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "This is a symbolic link, and not a file."
    return f"It cannot be opened ({error.strerror})."


def _no_file(mode: int) -> str:
    if stat.S_ISLNK(mode):
        kind = "a symbolic link"
    elif stat.S_ISDIR(mode):
        kind = "a directory"
    else:
        kind = "a pipe" if stat.S_ISFIFO(mode) else "a device"
    return f"This is {kind}, and not a file."
