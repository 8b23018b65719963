"""The local storage of WebKit: a file of SQLite for each origin.

What pages in frames of other sites store, WebKit keeps in memory only.
"""

import re
from collections.abc import Iterator

from portal.imports.browsers.sqlite_file import SqliteFile
from portal.imports.browsers.stored_values import (
    BadValueError,
    bad_entry,
    decoded,
    entry_of,
    text_of_key,
    value_missing,
    value_too_long,
)
from portal.imports.model import KEY_PREFIX, Entry, Message, Place

TABLES = frozenset({"ItemTable"})
NOTE_ON_FRAMES = Message(
    "WebKit keeps what pages in frames of other sites store in memory only, so it is in no file:"
    " of the old application in the frame of the shell nothing can be found here."
)
NOTHING_OF_FRAMES = Message(
    "If the old application ran in the frame of the shell, export its tenants in the console of the"
    " browser, for that frame, before the browser is closed."
)
NOTE_ON_WAL = Message(
    "WebKit writes the latest changes into a file beside it whose name ends in -wal. If the browser"
    " was open when the file was copied, copy that one, too."
)
#: `https_app.example.com_8443.localstorage`, with 0 for the usual port.
_NAME = re.compile(r"([a-z][a-z0-9+.-]*)_(.+)_(\d{1,5})\.localstorage")


class WebKitStorage:
    """The entries of a file.

    most: characters of a value.
    ignored_keys: of other programs. Complete after iterating.
    has_wal: whether a `-wal` lay beside it.
    """

    def __init__(self, file: SqliteFile, most: int) -> None:
        self.ignored_keys = 0
        self.has_wal = file.has_wal
        self._file = file
        self._place = Place(origin=_origin(file.file_name), file=file.name)
        self._most = most

    def __iter__(self) -> Iterator[Entry]:
        """
        Raises:
            RefusedFileError: the file is damaged, or not WebKit's.
        """
        number = 0
        rows = self._file.rows("ItemTable", ("key",), "value", 2 * self._most)
        for key, value, is_too_long in rows:
            name = text_of_key(key)
            if not name.startswith(KEY_PREFIX):
                self.ignored_keys += 1
                continue
            number += 1
            try:
                if value is None:
                    raise value_too_long(self._most) if is_too_long else value_missing()
                text = _text(value)
            except BadValueError as error:
                yield bad_entry(name, error.message, number, self._place)
            else:
                yield entry_of(name, text, number, self._place)


def _text(value: object) -> str:
    """
    Raises:
        BadValueError: it is damaged.
    """
    if not isinstance(value, bytes):
        raise BadValueError(Message("The stored value is damaged: its encoding is unknown."))
    return decoded(value, "utf-16-le")


def _origin(file_name: str) -> str:
    """Empty if the name does not say."""
    found = _NAME.fullmatch(file_name)
    if found is None:
        return ""
    scheme, host, port = found.groups()
    return f"{scheme}://{host}" if port == "0" else f"{scheme}://{host}:{port}"
