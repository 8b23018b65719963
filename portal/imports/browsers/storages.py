"""Which storages of browsers lie in a folder."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from portal.imports.browsers.folder import Folder, Listing, Parts, link_refused
from portal.imports.model import Message, RefusedFileError
from portal.imports.reading import FileFormat

#: Of files and folders that are listed to find storages. A profile in use has some 10,000; this
#: many take two seconds.
MOST_NAMES = 500_000
#: Levels of folders. From a home folder on macOS to a file of Firefox it is nine.
_MOST_LEVELS = 12
#: Firefox moves what it was told to forget into this folder before it deletes it.
_FORGOTTEN = "to-be-removed"
_WEBKIT_END = ".localstorage"
_WEBKIT_NAME = "localstorage.sqlite3"
_FIREFOX_NAME = "data.sqlite"


@dataclass(frozen=True, order=True, slots=True)
class Storage:
    """One storage.

    parts: below the folder that was handed in, the folder of a LevelDB, or a file of SQLite.
    folder: the name of the folder that Firefox has for an origin; empty if it is not known.
    """

    parts: Parts
    format: FileFormat
    folder: str = ""


def find_storages(folder: Folder) -> list[Storage]:
    """All storages in the folder, sorted by their paths.

    Raises:
        RefusedFileError: there is none, there are too many files, or a link stands in the place
            of a storage.
    """
    storages = sorted(_storages(folder))
    if storages:
        return storages
    raise RefusedFileError(
        Message("No local storage of a browser was found in the folder."),
        422,
        Message(
            "Looked for Local Storage/leveldb (Chromium, Edge, Brave),"
            " storage/default/…/ls/data.sqlite (Firefox) and *.localstorage (WebKit), up to"
            " %(levels)s levels deep. Links are not followed.",
            levels=_MOST_LEVELS,
        ),
    )


def _storages(folder: Folder) -> Iterator[Storage]:
    queue: deque[Parts] = deque([()])
    while queue:
        parts = queue.popleft()
        listing = folder.list(parts)
        for name in listing.links:
            if _would_be_read(parts, name):
                raise link_refused((*parts, name))
        if _is_leveldb(parts, listing):
            yield Storage(parts, FileFormat.CHROMIUM)
            continue
        yield from _sqlite_files(parts, listing)
        if len(parts) < _MOST_LEVELS:
            queue += [(*parts, name) for name in listing.folders if name != _FORGOTTEN]


def _is_leveldb(parts: Parts, listing: Listing) -> bool:
    """Other parts of a profile are LevelDB as well, in folders with other names."""
    if parts:
        return parts[-1] == "leveldb" and parts[-2:-1] in ((), ("Local Storage",))
    return any(name == "CURRENT" or name.startswith("MANIFEST-") for name in listing.files)


def _sqlite_files(parts: Parts, listing: Listing) -> Iterator[Storage]:
    for name in listing.files:
        if name == _FIREFOX_NAME and parts[-1:] in ((), ("ls",)):
            yield Storage((*parts, name), FileFormat.FIREFOX, "".join(parts[-2:-1]))
        elif name.endswith(_WEBKIT_END) or name == _WEBKIT_NAME:
            yield Storage((*parts, name), FileFormat.WEBKIT)


def _would_be_read(parts: Parts, name: str) -> bool:
    return (
        name in ("Local Storage", "ls", _FIREFOX_NAME, _WEBKIT_NAME)
        or name.endswith(_WEBKIT_END)
        or (name == "leveldb" and parts[-1:] in ((), ("Local Storage",)))
    )
