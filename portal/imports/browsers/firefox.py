"""The local storage of Firefox: a file of SQLite for each origin, each site in whose frames it
was, and each container."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

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
from portal.imports.model import KEY_PREFIX, Entry, Message, Place, RefusedFileError

TABLES = frozenset({"data", "database"})
_COLUMNS = ("key", "utf16_length", "conversion_type", "compression_type")
_ENCODINGS = {0: "utf-16-le", 1: "utf-8"}
_UNCOMPRESSED, _SNAPPY = 0, 1
#: The most bytes that 16 bits of a text take in each encoding.
_MOST_BYTES = {"utf-16-le": 2, "utf-8": 3}


class FirefoxStorage:
    """The entries of a file.

    folder_name: of the folder of the origin; empty if it is not known.
    most: characters of a value.
    ignored_keys: of other programs. Complete after iterating.
    """

    def __init__(self, file: SqliteFile, folder_name: str, most: int) -> None:
        self.ignored_keys = 0
        self._file = file
        self._folder_name = folder_name
        self._most = most

    def __iter__(self) -> Iterator[Entry]:
        """
        Raises:
            RefusedFileError: the file is damaged, not Firefox's, or needs what is not installed.
        """
        place, number = self._place(), 0
        # Snappy makes no text longer by more than a sixth.
        rows = self._file.rows("data", _COLUMNS, blob="value", most=4 * self._most + 100)
        for key, length, conversion, compression, value, is_too_long in rows:
            name = text_of_key(key)
            if not name.startswith(KEY_PREFIX):
                self.ignored_keys += 1
                continue
            number += 1
            try:
                if value is None:
                    raise value_too_long(self._most) if is_too_long else value_missing()
                text = self._text(value, length, conversion, compression)
            except BadValueError as error:
                yield bad_entry(name, error.message, number, place)
            else:
                yield entry_of(name, text, number, place)

    def _place(self) -> Place:
        for (origin,) in self._file.rows("database", ("origin",)):
            return _place(text_of_key(origin), self._folder_name, self._file.name)
        raise self._file.refused(Message("it names no origin"))

    def _text(self, value: object, length: object, conversion: object, compression: object) -> str:
        """
        Raises:
            BadValueError: it is damaged or too long.
            RefusedFileError: it is compressed, and cramjam is not installed.
        """
        encoding = _ENCODINGS.get(conversion) if isinstance(conversion, int) else None
        if encoding is None or not isinstance(value, bytes) or not isinstance(length, int):
            raise BadValueError(Message("The stored value is damaged: its encoding is unknown."))
        if length > self._most:
            raise value_too_long(self._most)
        if compression == _SNAPPY:
            value = _decompressed(value, _MOST_BYTES[encoding] * length)
        elif compression != _UNCOMPRESSED:
            raise BadValueError(Message("The stored value is damaged: its compression is unknown."))
        text = decoded(value, encoding)
        if _utf16_length(text) != length:
            raise BadValueError(
                Message(
                    "The stored value is damaged: it has %(found)s characters instead of"
                    " %(length)s.",
                    found=_utf16_length(text), length=length,
                )
            )  # fmt: skip
        return text


def _decompressed(data: bytes, most: int) -> bytes:
    """`most`: bytes.

    Raises:
        BadValueError: it is damaged, or would be longer.
        RefusedFileError: cramjam is not installed.
    """
    try:
        import cramjam  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise RefusedFileError(
            Message("To read the storage of Firefox, cramjam has to be installed."),
            422,
            Message("Run: pip install 'fsm-onboarding-portal[browsers]'."),
        ) from error
    damaged = BadValueError(Message("The stored value is damaged: it cannot be decompressed."))
    try:
        # The length at its beginning is what memory would be taken for.
        if cramjam.snappy.decompress_raw_len(data) > most:
            raise damaged
        return bytes(cramjam.snappy.decompress_raw(data))
    except cramjam.DecompressionError as error:
        raise damaged from error


def _place(database_origin: str, folder_name: str, file: str) -> Place:
    """Firefox writes `<origin>^<attributes>`, into the database and as the name of the folder,
    where other characters stand in the origin."""
    origin, _, suffix = database_origin.partition("^")
    suffix = folder_name.partition("^")[2] or suffix
    attributes = dict(each.split("=", 1) for each in suffix.split("&") if "=" in each)
    return Place(
        origin=origin,
        storage_key=f"{origin}^{suffix}" if suffix else "",
        top_site=_top_site(unquote(attributes.get("partitionKey", ""))),
        container=unquote(attributes.get("userContextId", "")),
        file=file,
    )


def _top_site(partition_key: str) -> str:
    """`(https,example.com)` or `(https,example.com,8443)`; `f` behind it says that another site
    stands between."""
    found = re.fullmatch(r"\(([^,]+),([^,]+)(?:,(\d+))?(?:,f)?\)", partition_key)
    if found is None:
        return partition_key
    scheme, host, port = found.groups()
    return f"{scheme}://{host}:{port}" if port else f"{scheme}://{host}"


def _utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
