"""Whether the browser of a profile still runs.

A running browser keeps the latest changes in memory, for up to a minute.
"""

import fcntl
import os
import socket
import struct
import sys
from contextlib import suppress

from portal.imports.browsers.folder import Folder, Parts, shown_path
from portal.imports.browsers.storages import Storage
from portal.imports.model import Message, RefusedFileError
from portal.imports.reading import FileFormat

#: A link to `<host>-<process id>`, which stays behind when the browser is killed.
_CHROMIUM_LINK = "SingletonLock"
#: `struct flock` of Linux: type, whence, start, length, process id.
_FLOCK = "hhqqi4x"


def check_not_running(folder: Folder, storages: list[Storage]) -> None:
    """
    Raises:
        RefusedFileError: the browser runs on this computer.
    """
    for parts in _lock_files(storages):
        if _is_locked(folder, parts):
            raise _running(Message("another program holds %(name)s", name=shown_path(parts)))
    host, _, number = folder.read_link(_CHROMIUM_LINK).rpartition("-")
    if host == socket.gethostname() and number.isdecimal() and _is_alive(int(number)):
        raise _running(
            Message(
                "%(name)s names the process %(process)s; if that is no browser, delete it",
                name=_CHROMIUM_LINK, process=number,
            )
        )  # fmt: skip


def other_computer(folder: Folder) -> str:
    """The name of another computer on which the browser may run, or was killed; else empty."""
    host = folder.read_link(_CHROMIUM_LINK).rpartition("-")[0]
    return "" if host == socket.gethostname() else host


def _lock_files(storages: list[Storage]) -> list[Parts]:
    found: set[Parts] = set()
    for storage in storages:
        if storage.format is FileFormat.CHROMIUM:
            found.add((*storage.parts, "LOCK"))
        elif storage.format is FileFormat.FIREFOX and storage.parts[-5:-3] == (
            "storage", "default",
        ):  # fmt: skip
            found.add((*storage.parts[:-5], ".parentlock"))
    return sorted(found)


def _is_locked(folder: Folder, parts: Parts) -> bool:
    """Whether another process of this computer holds a lock. Asks only: the file stays as it is,
    and a browser that starts at this moment is not disturbed."""
    if sys.platform != "linux" or folder.status(parts) is None:
        return False
    with folder.open_file(parts) as descriptor:
        asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        with suppress(OSError):  # of file systems that know no locks
            answer = fcntl.fcntl(descriptor, fcntl.F_GETLK, asked)
            return bool(struct.unpack(_FLOCK, answer)[0] != fcntl.F_UNLCK)
    return False


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _running(sign: Message) -> RefusedFileError:
    return RefusedFileError(
        Message("The browser is running (%(sign)s).", sign=sign),
        409,
        Message(
            "Close the browser first: it writes what was changed up to a minute later, so a copy"
            " that is made while it runs may lack the latest changes."
        ),
    )
