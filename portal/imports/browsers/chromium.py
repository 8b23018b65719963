"""The local storage of Chromium, Edge and Brave: one LevelDB for all origins.

A record's key is `_<storage key>`, a zero byte and the key, and each key and value begins with a
byte that says how it is encoded. Under `META:<storage key>` the browser notes how many bytes the
records of that storage have, with these bytes: a record that is missing, doubled or cut shows
there. A last write that is missing as a whole does not, as it brought its own note.
"""

import fcntl
import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from portal.imports.browsers import leveldb_child
from portal.imports.browsers.folder import Folder, Parts, path_text, shown_path
from portal.imports.browsers.leveldb_log import ends_within_a_write
from portal.imports.browsers.private_copy import PrivateCopy
from portal.imports.browsers.stored_values import (
    BadValueError,
    bad_entry,
    decoded,
    entry_of,
    printable_bytes,
    value_too_long,
)
from portal.imports.model import (
    KEY_PREFIX,
    Entry,
    Message,
    Place,
    RefusedFileError,
    printable_excerpt,
)

_FILES = re.compile(r"CURRENT|MANIFEST-\d+|\d+\.(?:ldb|sst|log)")
_VERSION = b"1"
#: What Linux allows everybody.
_PIPE_BYTES = 1024 * 1024
#: Storages without tenants that are named. A damaged profile may have thousands.
_MOST_PROBLEMS = 20
_ENCODINGS = {0: "utf-16-le", 1: "latin-1"}
#: The part of a storage key that names the site in whose frame the page was.
_TOP_SITE = re.compile(r"\^0([^^]+)")
#: `\x08` and a time, `\x10` and a number of bytes.
_META = re.compile(rb"\x08[\x80-\xff]{0,9}[\x00-\x7f]\x10([\x80-\xff]{0,9}[\x00-\x7f])", re.DOTALL)


class ChromiumStorage:
    """Copies a LevelDB; iterating reads the copy.

    Complete after iterating:
    ignored_keys: of other programs.
    incomplete_places: those with tenants whose records differ from what the browser noted.
    problems: what people should know of storages that are not complete, also without tenants.
    """

    def __init__(self, folder: Folder, parts: Parts, copy: PrivateCopy, most: int) -> None:
        """`most`: characters of a value.

        Raises:
            RefusedFileError: it cannot be copied, is no whole LevelDB, or plyvel is not installed.
        """
        self.ignored_keys = 0
        self.incomplete_places: list[Place] = []
        self.problems: list[Message] = []
        self._unnamed = 0
        self._parts = parts
        self._most = most
        if importlib.util.find_spec("plyvel") is None:
            raise _not_installed()
        self._folder = _copied(folder, parts, copy)

    def __iter__(self) -> Iterator[Entry]:
        """
        Raises:
            RefusedFileError: the LevelDB is damaged, or not the storage of a browser.
        """
        # `-P`: no file beside the program is imported in place of a library.
        command = [sys.executable, "-P", leveldb_child.__file__, str(self._folder), KEY_PREFIX]
        with subprocess.Popen(  # noqa: S603 - this interpreter, with our own program
            [*command, str(2 * self._most + 1)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            bufsize=leveldb_child.BUFFER_BYTES,
        ) as process:  # fmt: skip
            try:
                assert process.stdout is not None  # noqa: S101 - for mypy: it is a pipe
                _enlarge(process.stdout)
                yield from self._entries(process.stdout)
            finally:
                process.kill()

    def _entries(self, pipe: IO[bytes]) -> Iterator[Entry]:
        place, number, version = Place(), 0, b""
        while True:
            kind, key, value = _message(pipe)
            match kind:
                case leveldb_child.VERSION:
                    version = value
                case leveldb_child.BEGIN:
                    if version != _VERSION:
                        raise self._unknown_version(version)
                    place, number = _place(printable_bytes(key), path_text(self._parts)), 0
                case leveldb_child.RECORD:
                    number += 1
                    yield self._entry(key, value, number, place)
                case leveldb_child.LONG_RECORD:
                    number += 1
                    message = value_too_long(self._most).message
                    yield bad_entry(_lenient_text(key), message, number, place)
                case leveldb_child.END:
                    size, others = leveldb_child.SIZES.unpack_from(value)
                    note = value[leveldb_child.SIZES.size :]
                    self._compare(printable_bytes(key), size, note, place if number else None)
                    self.ignored_keys += others
                    number = 0
                case leveldb_child.DONE:
                    if self._unnamed:
                        self.problems.append(self._more_problems())
                    return
                case _:
                    raise self._damaged(printable_bytes(value))

    def _entry(self, key: bytes, value: bytes, number: int, place: Place) -> Entry:
        try:
            name, text = _text(key), _text(value)
            if len(text) > self._most:
                raise value_too_long(self._most)
        except BadValueError as error:
            return bad_entry(_lenient_text(key), error.message, number, place)
        return entry_of(name, text, number, place)

    def _compare(self, storage: str, size: int, note: bytes, place: Place | None) -> None:
        """`place`: of its tenants; `None` if it holds none, so that nothing of it is read."""
        noted = _noted_size(note)
        if noted == size:
            return
        problem = Message(
            "%(name)s: the storage %(storage)s is not complete. Its records have %(size)s"
            " bytes, and the browser noted %(noted)s.",
            name=shown_path(self._parts), storage=printable_excerpt(storage), size=size,
            noted=Message("nothing") if noted is None else noted,
        )  # fmt: skip
        if place is not None:
            self.incomplete_places.append(place)
            self.problems.append(problem)
        elif len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(Message("%(problem)s It holds no tenant.", problem=problem))
        else:
            self._unnamed += 1

    def _more_problems(self) -> Message:
        return Message(
            "%(name)s: more storages that hold no tenant are not complete: %(number)s.",
            name=shown_path(self._parts), number=self._unnamed,
        )  # fmt: skip

    def _damaged(self, reason: str) -> RefusedFileError:
        name = shown_path(self._parts)
        message = Message("%(name)s: the storage is damaged.", name=name)
        if reason:
            message = Message(
                "%(name)s: the storage is damaged (%(reason)s).",
                name=name, reason=printable_excerpt(reason),
            )  # fmt: skip
        return RefusedFileError(message, 422, _COPY_AGAIN)

    def _unknown_version(self, version: bytes) -> RefusedFileError:
        name = shown_path(self._parts)
        if not version:
            return RefusedFileError(
                Message(
                    "%(name)s is a LevelDB, but not the local storage of a browser.", name=name
                ),
                422,
            )
        return RefusedFileError(
            Message(
                "%(name)s: the local storage has the version %(version)s, and only 1 is known.",
                name=name, version=printable_excerpt(printable_bytes(version)),
            ),
            422,
        )  # fmt: skip


_COPY_AGAIN = Message(
    "Nothing of it was read. Open the profile once more in the browser, close the browser, and try"
    " again; or name an older copy."
)


def _copied(folder: Folder, parts: Parts, copy: PrivateCopy) -> Path:
    listing = folder.list(parts)
    target = copy.new_folder()
    # What is a folder or a link is refused there.
    for name in sorted(listing.files | listing.folders | listing.links):
        if _FILES.fullmatch(name):
            copy.add(folder, (*parts, name), target / name)
    _check_whole(parts, target)
    return target


def _check_whole(parts: Parts, copied: Path) -> None:
    """
    Raises:
        RefusedFileError: LevelDB would look elsewhere for a part, or would pass over the end.
    """
    current = copied / "CURRENT"
    manifest = current.read_bytes()[:100].decode("ascii", "replace") if current.exists() else ""
    # LevelDB would follow any path that stands here.
    is_name = re.fullmatch(r"MANIFEST-[0-9]+\n", manifest)
    if not is_name or not (copied / manifest.strip()).exists():
        raise RefusedFileError(
            Message(
                "%(name)s is not whole: CURRENT, or the MANIFEST that it names, is missing.",
                name=shown_path(parts),
            ),
            422,
            Message("Copy the whole folder."),
        )
    for log in sorted(copied.glob("*.log")):
        if ends_within_a_write(log):
            raise RefusedFileError(
                Message(
                    "%(name)s: the last write is cut off (%(file)s).",
                    name=shown_path(parts), file=log.name,
                ),
                422,
                _COPY_AGAIN,
            )  # fmt: skip


def _not_installed() -> RefusedFileError:
    return RefusedFileError(
        Message("To read the storage of Chromium, Edge or Brave, plyvel has to be installed."),
        422,
        Message(
            "Run: pip install 'fsm-onboarding-portal[browsers]'. Where pip finds no wheel of"
            " plyvel, it builds it: install a C++ compiler and LevelDB first (Debian:"
            " apt-get install g++ python3-dev libleveldb-dev)."
        ),
    )


def _message(pipe: IO[bytes]) -> tuple[bytes, bytes, bytes]:
    """Kind, key and value of the next message; all empty if the child is gone."""
    head = pipe.read(leveldb_child.HEAD.size)
    if len(head) < leveldb_child.HEAD.size:
        return b"", b"", b""
    kind, key_size, value_size = leveldb_child.HEAD.unpack(head)
    key, value = pipe.read(key_size), pipe.read(value_size)
    return (kind, key, value) if len(value) == value_size else (b"", b"", b"")


def _enlarge(pipe: IO[bytes]) -> None:
    """So that the child goes on reading while entries are validated."""
    if sys.platform == "linux":
        with suppress(OSError):  # of a system that allows no larger pipes
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _text(data: bytes) -> str:
    """
    Raises:
        BadValueError: it is damaged.
    """
    encoding = _ENCODINGS.get(data[0]) if data else None
    if encoding is None:
        raise BadValueError(Message("The stored value is damaged: its encoding is unknown."))
    return decoded(data[1:], encoding)


def _lenient_text(key: bytes) -> str:
    """A key that may be damaged, for a message."""
    return key[1:].decode(_ENCODINGS[key[0]], "replace")


def _place(storage_key: str, file: str) -> Place:
    origin, caret, rest = storage_key.partition("/^")
    top_site = _TOP_SITE.search(f"^{rest}") if caret else None
    return Place(
        origin=origin,
        storage_key=storage_key if caret else "",
        top_site=top_site[1] if top_site else "",
        file=file,
    )


def _noted_size(note: bytes) -> int | None:
    found = _META.fullmatch(note)
    if found is None:
        return None
    digits: bytes = found[1]
    return sum((byte & 0x7F) << 7 * index for index, byte in enumerate(digits))
