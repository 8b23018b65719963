"""Opens a path that holds storages of browsers: a folder, or a single file of SQLite."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from portal.imports.browsers import firefox, webkit
from portal.imports.browsers.chromium import ChromiumStorage
from portal.imports.browsers.firefox import FirefoxStorage
from portal.imports.browsers.folder import Folder
from portal.imports.browsers.private_copy import PrivateCopy
from portal.imports.browsers.running import check_not_running, other_computer
from portal.imports.browsers.sqlite_file import SQLITE_START, SqliteFile
from portal.imports.browsers.storages import MOST_NAMES, Storage, find_storages
from portal.imports.browsers.webkit import WebKitStorage
from portal.imports.model import (
    Entry,
    Message,
    Place,
    RefusedFileError,
    printable_excerpt,
    too_many_entries,
)
from portal.imports.reading import FileFormat
from portal.imports.streaming import Limits

_NOTE_ON_LAST_WRITE = Message(
    "If the last write of the browser is missing as a whole, nothing shows it: that happens if the"
    " folder was copied while the browser ran, or the computer was switched off."
)
_OF_FRAMES = Message(
    "Only what is on the disk was looked at. The old application stored its tenants under its own"
    " address, in the frame of the shell: look into the profile of whoever worked with it."
)

_OF_INCOMPLETE = Message(
    "Storages are not complete, so tenants may be among what is missing. Open the profile once more"
    " in the browser, close the browser, and try again; or name an older copy."
)

Tell = Callable[[Message], object]
_Reader = ChromiumStorage | FirefoxStorage | WebKitStorage


def is_browser_storage(path: Path) -> bool:
    """Whether the path is a folder, or a file of SQLite. Links are not followed."""
    try:
        mode = path.lstat().st_mode
        if not stat.S_ISREG(mode):
            return stat.S_ISDIR(mode)
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            return file.read(len(SQLITE_START)) == SQLITE_START
    except (OSError, ValueError):
        # Whoever reads it as a file says what is wrong.
        return False


@contextmanager
def open_browser_storage(
    path: Path, limits: Limits, tell: Tell = lambda _: None
) -> Iterator["ProfileReader"]:
    """The entries of all storages at a path, from a private copy that is removed at the end.

    tell: called with what people should know although it stops nothing.

    Raises:
        RefusedFileError: there is no storage, one cannot be read, or a browser still runs.
        UnavailableError: there is no room for the copy.
    """
    is_folder = path.is_dir()
    with ExitStack() as stack:
        copy = stack.enter_context(PrivateCopy(limits.profile))
        root = path if is_folder else Path(os.path.abspath(path)).parent  # noqa: PTH100 - links stay
        folder = stack.enter_context(Folder(root, MOST_NAMES))
        if is_folder:
            storages = find_storages(folder)
            check_not_running(folder, storages)
            _tell_other_computer(folder, tell)
            readers = [_reader(folder, each, copy, limits) for each in storages]
            file_format = storages[0].format
        else:
            readers, file_format = _reader_of_file(root, path.name, folder, copy, limits)
        copy.check_unchanged(folder)
        yield ProfileReader(readers, file_format, limits, tell)


class ProfileReader:
    """The entries of all storages, one storage after another: an `EntrySource`.

    caveats: what people should know of every import from such a profile.
    """

    def __init__(
        self, readers: list[_Reader], file_format: FileFormat, limits: Limits, tell: Tell
    ) -> None:
        self.format: FileFormat | None = file_format
        self._readers = readers
        self._limits = limits
        self._tell = tell
        self._of_chromium = [each for each in readers if isinstance(each, ChromiumStorage)]
        self.caveats = [_NOTE_ON_LAST_WRITE] if self._of_chromium else []

    @property
    def incomplete_places(self) -> list[Place]:
        """Places whose entries must not be imported: some are missing, cut, or there twice.
        Complete after iterating."""
        return [place for reader in self._of_chromium for place in reader.incomplete_places]

    @property
    def ignored_keys(self) -> int:
        """Number of keys of other programs. Complete after iterating."""
        return sum(reader.ignored_keys for reader in self._readers)

    def __iter__(self) -> Iterator[Entry]:
        number = 0
        for reader in self._readers:
            for entry in reader:
                number += 1
                if number > self._limits.entries:
                    raise too_many_entries(self._limits.entries)
                yield entry
        for note in self._notes():
            self._tell(note)
        if number == 0:
            raise self._nothing_found()

    def _nothing_found(self) -> RefusedFileError:
        if any(reader.problems for reader in self._of_chromium):
            hint = _OF_INCOMPLETE
        elif all(isinstance(reader, WebKitStorage) for reader in self._readers):
            hint = webkit.NOTHING_OF_FRAMES
        else:
            hint = _OF_FRAMES
        return RefusedFileError(
            Message(
                "No tenant was found: of %(keys)s keys in %(storages)s files none begins with"
                " fsm_tenant_.",
                keys=self.ignored_keys, storages=len(self._readers),
            ),
            422,
            hint,
        )  # fmt: skip

    def _notes(self) -> Iterator[Message]:
        for reader in self._of_chromium:
            yield from reader.problems
        of_webkit = [reader for reader in self._readers if isinstance(reader, WebKitStorage)]
        if of_webkit:
            yield webkit.NOTE_ON_FRAMES
        if not all(reader.has_wal for reader in of_webkit):
            yield webkit.NOTE_ON_WAL


def _reader(folder: Folder, storage: Storage, copy: PrivateCopy, limits: Limits) -> _Reader:
    parts, most = storage.parts, limits.value
    if storage.format is FileFormat.CHROMIUM:
        return ChromiumStorage(folder, parts, copy, most)
    file = SqliteFile(folder, parts, copy, is_alone=False)
    if storage.format is FileFormat.FIREFOX:
        return FirefoxStorage(file, storage.folder, most)
    return WebKitStorage(file, most)


def _reader_of_file(
    root: Path, name: str, folder: Folder, copy: PrivateCopy, limits: Limits
) -> tuple[list[_Reader], FileFormat]:
    """
    Raises:
        RefusedFileError: the file is not the local storage of a browser.
    """
    file = SqliteFile(folder, (name,), copy, is_alone=True)
    tables = file.tables()
    if tables >= firefox.TABLES:
        # The name of a folder outside is read, but nothing in that folder.
        origin = root.parent.name if root.name == "ls" else ""
        return [FirefoxStorage(file, origin, limits.value)], FileFormat.FIREFOX
    if tables >= webkit.TABLES:
        return [WebKitStorage(file, limits.value)], FileFormat.WEBKIT
    if not tables and file.lacks_wal:
        raise file.without_wal()
    raise RefusedFileError(
        Message("This is a database of SQLite, but not the local storage of a browser."), 422
    )


def _tell_other_computer(folder: Folder, tell: Tell) -> None:
    if host := other_computer(folder):
        tell(
            Message(
                "SingletonLock names another computer, %(host)s. If the browser runs there, close"
                " it first, and import again.",
                host=printable_excerpt(host),
            )
        )
