"""The shapes that people hand in, as one entry after another.

What a shape is shows at its beginning and in its keys, so the file is read once, and as a
stream. Where several documents follow each other, as when files were put together, each is read
for what it is.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from portal.imports.model import (
    KEY_PREFIX,
    Entry,
    Message,
    RefusedFileError,
    invalid_json,
    json_type_in_words,
    not_an_export,
    printable_excerpt,
    too_many_entries,
)
from portal.imports.reading.decode import Limits, Readable, text_of
from portal.imports.reading.detect import is_dump, is_line, is_tenant, pair_in
from portal.imports.reading.duplicate_keys import DuplicateKeys
from portal.imports.reading.json_stream import InvalidLineError, JsonStream
from portal.imports.reading.report_rows import entries_of_csv, entry_of_json
from portal.imports.reading.strict_json import ParsedValue, twice_in_it


class FileFormat(StrEnum):
    DUMP = "localStorage dump"
    STORAGE_STATE = "storage state"
    PAIRS = "list of keys and values"
    TENANTS = "list of tenants"
    TENANTS_BY_KEY = "tenants by key"
    LINES = "JSON Lines"
    REPORT = "report"


class EntryReader:
    """The entries of one file. `RefusedFileError` while it is read.

    `ignored` counts what belongs to other programs, and is complete at the end; so is `shape`.
    """

    def __init__(self, file: Readable, limits: Limits) -> None:
        self.shape: FileFormat | None = None
        self.ignored = 0
        self._limits = limits
        self._counted = 0
        self._recognised = False
        self._window = JsonStream(text_of(file, limits), limits)

    def __iter__(self) -> Iterator[Entry]:
        for entry in self._documents():
            self._count()
            yield entry
        if not self._recognised:
            if self.shape is None:
                raise not_an_export(Message("It holds nothing."))
            raise not_an_export(Message("It holds no tenant and no key of one."))

    def _count(self) -> None:
        self._counted += 1
        if self._counted > self._limits.entries:
            raise too_many_entries(self._limits.entries)

    def _ignore(self) -> None:
        self.ignored += 1
        self._count()

    def _entry(
        self, key: str, value: Any, found: ParsedValue, name: ParsedValue | None = None
    ) -> Entry:
        """What nobody can write as text counts against the whole file, and against no more than
        its line where each is by itself. `name`: where the key stands, if not in `found`."""
        good_name = name is None or name.value.isascii() or name.is_text()
        if good_name and found.is_text():
            return Entry(key, value, found.line, found.column)
        bad = found if name is None or good_name else name
        refused = invalid_json(bad.line, bad.column)
        if self.shape is not FileFormat.LINES:
            raise refused
        return Entry(printable_excerpt(key), None, found.line, found.column, refused.message)

    # ---- Documents

    def _documents(self) -> Iterator[Entry]:
        window, first = self._window, True
        while char := window.next_char():
            before = self._counted
            if first and window.begins_with(_CSV_HEADING):
                yield from self._csv()
                return
            if self.shape is FileFormat.LINES:
                yield from self._line()
            elif char == "[":
                yield from self._list(1)
            elif char == "{":
                yield from self._object_or_line()
            elif first:
                kind = json_type_in_words(window.value(self._limits.depth).value)
                raise not_an_export(Message("It holds one value alone (%(kind)s).", kind=kind))
            else:
                raise window.bad()
            first = False
            if self._counted == before:
                # Nothing is in it, and yet it takes time.
                self._count()

    def _object_or_line(self) -> Iterator[Entry]:
        """The first line of JSON Lines, or an object that may be long."""
        found = self._window.peek(self._limits.depth)
        if found is not None and is_line(found.value):
            self._window.skip(found)
            self._is(FileFormat.LINES)
            yield from self._element(found)
        else:
            yield from self._object(1)

    def _line(self) -> Iterator[Entry]:
        """Any of them may be broken, and the next one a good one."""
        try:
            found = self._window.peek_line(self._limits.depth)
            if type(found.value) not in (dict, list):
                raise self._window.bad_line(Message("This line is not a tenant."))
        except InvalidLineError as broken:
            yield Entry("", None, broken.line, broken.column, broken.sentence)
            return
        if type(found.value) is list:
            yield from self._list(1)
        elif is_line(found.value):
            self._window.skip(found)
            yield from self._element(found)
        else:
            yield from self._object(1)

    # ---- Lists

    def _elements(self, depth: int) -> Iterator[ParsedValue]:
        """The elements of a list at this depth, each passed."""
        for _ in self._items():
            yield self._window.value(self._limits.depth - depth)

    def _items(self) -> Iterator[None]:
        """For each element of a list, which is next, and must be passed."""
        window = self._window
        window.take("[")
        if window.next_char() == "]":
            window.take("]")
            return
        while True:
            yield
            if window.next_char() == "]":
                window.take("]")
                return
            window.take(",")

    def _list(self, depth: int) -> Iterator[Entry]:
        for found in self._elements(depth):
            yield from self._element(found)
        self._is(FileFormat.TENANTS)

    def _element(self, found: ParsedValue) -> Iterator[Entry]:
        pair = pair_in(found.value)
        if pair is None and is_dump(found.value):
            # Several browsers' dumps in one list.
            self._is(FileFormat.DUMP)
            for pair in found.value.items():
                yield from self._of_pair(pair, found)
        elif pair is None:
            self._is(FileFormat.TENANTS)
            self._recognised |= is_tenant(found.value)
            yield self._entry("", found.value, found)
        else:
            self._is(FileFormat.PAIRS)
            yield from self._of_pair(pair, found)

    def _of_pair(self, pair: tuple[str, Any], found: ParsedValue) -> Iterator[Entry]:
        key, value = pair
        if not key.startswith(KEY_PREFIX):
            # Another program's: it is not even looked at for characters that nobody can show.
            self._ignore()
            return
        self._recognised = True
        yield self._entry(key, value, found)

    # ---- Objects

    def _members(self, depth: int) -> Iterator[ParsedValue]:
        """The keys of an object; the value of each is next, and must be passed."""
        window = self._window
        window.take("{")
        if window.next_char() == "}":
            window.take("}")
            return
        seen = DuplicateKeys()
        while True:
            if window.next_char() != '"':
                raise window.bad()
            found = window.value(self._limits.depth - depth)
            if not seen.add(found):
                raise RefusedFileError(twice_in_it(found.value))
            window.take(":")
            yield found
            if window.next_char() == "}":
                window.take("}")
                return
            window.take(",")

    def _object(self, depth: int) -> Iterator[Entry]:
        window = self._window
        self._is(FileFormat.DUMP)
        round_it, is_frame = 0, False
        for name in self._members(depth):
            key, char = name.value, window.next_char()
            if key.startswith(KEY_PREFIX):
                found = window.value(self._limits.depth - depth)
                if char == "{" and self.shape is FileFormat.DUMP:
                    self.shape = FileFormat.TENANTS_BY_KEY
                self._recognised = True
                yield self._entry(key, found.value, found, name)
            elif char == "[" and key in _WITHIN:
                is_frame = True
                if self.shape is FileFormat.DUMP:
                    self.shape = _WITHIN[key]
                yield from self._within(key, depth + 1)
            else:
                round_it += key in _FRAMES
                self._other(char, depth, ignored=key not in _FRAMES)
        if not is_frame:
            # Then another program's key is called like that.
            self.ignored += round_it

    def _within(self, key: str, depth: int) -> Iterator[Entry]:
        if key == "tenants":
            yield from self._list(depth)
        elif key == "origins":
            for _ in self._items():
                yield from self._origin(depth + 1)
        else:
            for found in self._elements(depth):
                yield from self._report_row(found)

    def _other(self, char: str, depth: int, *, ignored: bool) -> None:
        self.ignored += ignored
        self._count()
        if char == '"':
            self._window.skip_string()
        else:
            self._window.value(self._limits.depth - depth)

    def _origin(self, depth: int) -> Iterator[Entry]:
        self._count()
        for name in self._members(depth):
            char = self._window.next_char()
            if name.value == "localStorage" and char == "[":
                for found in self._elements(depth + 1):
                    yield from self._element(found)
            else:
                self._other(char, depth, ignored=False)

    # ---- The portal's own reports

    def _report_row(self, found: ParsedValue) -> Iterator[Entry]:
        row = found.value
        if not isinstance(row, dict):
            raise invalid_json(found.line, found.column)
        self._recognised = True
        entry = entry_of_json(row, found)
        if entry is None:
            self._count()
        elif not found.is_text():
            raise invalid_json(found.line, found.column)
        else:
            yield entry

    def _csv(self) -> Iterator[Entry]:
        self._is(FileFormat.REPORT)
        self._recognised = True
        for entry in entries_of_csv(self._window.whole_lines(), self._limits.value):
            if entry is None:
                self._count()
            else:
                yield entry

    def _is(self, shape: FileFormat) -> None:
        """The first that is seen is what the file is called."""
        self.shape = self.shape or shape


_CSV_HEADING = re.compile('"?row"?[,;\t]"?kind')
#: Lists under these keys hold what is looked for; localStorage has texts alone.
_WITHIN = {
    "origins": FileFormat.STORAGE_STATE, "rows": FileFormat.REPORT, "tenants": FileFormat.TENANTS,
}  # fmt: skip
#: What stands beside one of those is no key of another program.
_FRAMES = frozenset({
    "cookies", "importId", "at", "by", "policy", "allowed", "shapes", "counts",
    "ignoredKeys", "applied", "state", "store", "active",
})  # fmt: skip
