"""Which files belong to a backup; files and folders that are made durably."""

import errno
import fcntl
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from portal.sealing import SEALING_KEYS_FILE
from portal.signing_keys import SECRET_KEY_FILE
from portal.stores.file import FILE_NAME, LOCK_NAME

#: Read after the store's file is held: what a commit was sealed with is in the key file before it.
KEY_FILES = (SEALING_KEYS_FILE, SECRET_KEY_FILE)
#: What a backup may hold.
FILES = (LOCK_NAME, FILE_NAME, *KEY_FILES)

#: What the portal makes in its data folder and does without: the generation before, what a crash
#: or damage left, the index file, what was answered lately, mails that were written into files, how
#: far a run came.
_DISPENSABLE = (
    "tenants.previous.jsonl", "tenants.new.jsonl", "tenants.kept.jsonl", "tenants.torn",
    "tenants.damaged-*.jsonl", "tenants.index*", "tenants.keeper", "last-known.sqlite*", "mail",
    "adopt-*.json", "from-file-progress.json", "lost+found", ".*",
)  # fmt: skip

_CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True)
class FileSum:
    """A file of a backup. The names of the fields are keys of its manifest."""

    name: str
    bytes: int
    sha256: str


def unknown_names(folder: Path) -> list[str]:
    """What is in a data folder and is neither in a backup nor made by the portal."""
    return sorted(
        name
        for name in os.listdir(folder)  # noqa: PTH208 - names, not paths
        if name not in FILES and not any(fnmatchcase(name, each) for each in _DISPENSABLE)
    )


def write_file(path: Path, chunks: Iterable[bytes]) -> FileSum:
    """Make a durable file for its owner alone.

    Raises:
        OSError: It is there, or cannot be written.
    """
    digest, size = hashlib.sha256(), 0
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        for chunk in chunks:
            file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
        file.flush()
        os.fsync(file.fileno())
    return FileSum(path.name, size, digest.hexdigest())


def read_file(path: Path) -> Iterator[bytes]:
    """The content of a file, in parts. `OSError` if it cannot be read, or is a symbolic link, a
    pipe or a device: one would wait for ever at a pipe."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = os.open(path, flags)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "no regular file", str(path))
        while chunk := file.read(_CHUNK):
            yield chunk


def sync_folder(path: Path) -> None:
    """Return when the names in the folder are durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some file systems, such as those of cameras, cannot do this with a folder.
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)


def lock_folder(path: Path) -> int | None:
    """A descriptor that excludes others from this folder until it is closed; `None` if another
    process has it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        # A file system without locks: nobody is excluded there.
        return descriptor
    return descriptor
