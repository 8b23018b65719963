"""Reads a file of any format as one entry after another.

The file is read once, as a stream: its beginning and its keys show its format. If the file has
several documents, one after another, each is read in its own format: people concatenate files.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from portal.imports.model import (
    KEY_PREFIX,
    Entry,
    Message,
    RefusedFileError,
    invalid_json,
    json_type_in_words,
    not_an_export,
    not_our_csv,
    printable_excerpt,
    too_many_entries,
)
from portal.imports.reading.decode import Limits, Readable, decode_text
from portal.imports.reading.document_places import DocumentPlaces
from portal.imports.reading.duplicate_keys import DuplicateKeys
from portal.imports.reading.formats import (
    CSV_HEADING,
    ENTRY_LISTS,
    FRAME_KEYS,
    OTHER_CSV,
    FileFormat,
    is_dump,
    is_json_line,
    is_tenant,
    pair_of,
)
from portal.imports.reading.json_stream import InvalidLineError, JsonStream
from portal.imports.reading.report_rows import entries_of_csv, entry_of_json_row
from portal.imports.reading.strict_json import ParsedValue, duplicate_key

_BEGINS_WITH_ORIGIN = re.compile(r'\{\s*"origin"')


class EntryReader:
    """The entries of one file.

    format: of the first document; `None` if the file is empty. Complete after iterating.
    ignored_keys: number of keys that belong to other programs. Complete after iterating.

    Iterating raises:
        RefusedFileError: the file is no export, cannot be read, or is over a limit.
        UnavailableError: the disk has no space for the keys of an object.
    """

    def __init__(self, file: Readable, limits: Limits) -> None:
        self.format: FileFormat | None = None
        self.ignored_keys = 0
        self._limits = limits
        self._counted = 0
        self._is_export = False
        self._places = DocumentPlaces()
        self._stream = JsonStream(decode_text(file, limits), limits)

    def __iter__(self) -> Iterator[Entry]:
        for entry in self._documents():
            self._count()
            yield entry
        if not self._is_export:
            if self.format is None:
                raise not_an_export(Message("It is empty."))
            raise not_an_export(
                Message("It contains no tenants and no keys that start with fsm_tenant_.")
            )

    def _count(self) -> None:
        """Counts what was read against the limit on entries: entries, and all else that takes
        time to read."""
        self._counted += 1
        if self._counted > self._limits.entries:
            raise too_many_entries(self._limits.entries)

    def _note_format(self, file_format: FileFormat) -> None:
        """The first format that is detected is the file's."""
        self.format = self.format or file_format

    def _entry(
        self, key: str, value: Any, parsed: ParsedValue, parsed_key: ParsedValue | None = None
    ) -> Entry:
        """An entry; or, in JSON Lines, an entry with a problem if it has a lone surrogate.

        parsed: the value in the file, which holds the key as well unless `parsed_key` does.

        Raises:
            RefusedFileError: it has a lone surrogate, and the file is not JSON Lines.
        """
        key_is_valid = (
            parsed_key is None or parsed_key.value.isascii() or parsed_key.is_valid_unicode()
        )
        if key_is_valid and parsed.is_valid_unicode():
            return Entry(key, value, parsed.line, parsed.column, place=self._places.current)
        invalid = parsed if parsed_key is None or key_is_valid else parsed_key
        error = invalid_json(invalid.line, invalid.column)
        if self.format is not FileFormat.LINES:
            raise error
        return Entry(
            printable_excerpt(key), None, parsed.line, parsed.column, error.message,
            place=self._places.current,
        )  # fmt: skip

    # ---- Documents

    def _documents(self) -> Iterator[Entry]:
        stream, is_first = self._stream, True
        while char := stream.next_char():
            counted_before = self._counted
            if is_first and stream.starts_with(CSV_HEADING):
                yield from self._csv()
                return
            if is_first and stream.starts_with(OTHER_CSV):
                raise not_our_csv()
            if self.format is FileFormat.LINES:
                yield from self._line()
            elif char == "[":
                self._places.begin_part()
                yield from self._list(1)
            elif char == "{":
                yield from self._object_or_line()
            elif is_first:
                kind = json_type_in_words(stream.read_value(self._limits.depth).value)
                raise not_an_export(
                    Message("It contains only a single value (%(kind)s).", kind=kind)
                )
            else:
                raise stream.invalid_here()
            is_first = False
            if self._counted == counted_before:
                # An empty document takes time as well.
                self._count()

    def _object_or_line(self) -> Iterator[Entry]:
        """The first line of JSON Lines, or an object, which may be too long to be held."""
        parsed = self._stream.peek_value(self._limits.depth)
        if parsed is not None and is_json_line(parsed.value):
            self._stream.skip(parsed)
            self._note_format(FileFormat.LINES)
            self._places.begin_line()
            yield from self._element(parsed)
        else:
            self._places.begin_part()
            yield from self._object(1)

    def _line(self) -> Iterator[Entry]:
        """A line of JSON Lines. An invalid line becomes an entry with a problem, and the lines
        after it are still read."""
        self._places.begin_line()
        try:
            parsed = self._stream.peek_line(self._limits.depth)
            if type(parsed.value) not in (dict, list):
                raise self._stream.skip_invalid_line(Message("This line is not a tenant."))
        except InvalidLineError as invalid:
            yield Entry(
                "", None, invalid.line, invalid.column, invalid.message, place=self._places.current
            )
            return
        if type(parsed.value) is list:
            self._places.begin_part()
            yield from self._list(1)
        elif is_json_line(parsed.value):
            self._stream.skip(parsed)
            yield from self._element(parsed)
        else:
            self._places.begin_part()
            yield from self._object(1)

    def _csv(self) -> Iterator[Entry]:
        self._note_format(FileFormat.REPORT)
        self._is_export = True
        self._places.begin_part()
        for entry in entries_of_csv(self._stream.read_lines(), self._limits.value):
            if entry is None:
                self._count()
            else:
                yield replace(entry, place=self._places.current)

    # ---- Lists

    def _elements(self, depth: int) -> Iterator[ParsedValue]:
        """The elements of a list that is `depth` levels deep; reads each."""
        for _ in self._positions():
            yield self._stream.read_value(self._limits.depth - depth)

    def _positions(self) -> Iterator[None]:
        """Stops before each element of a list; the caller must read the element."""
        stream = self._stream
        stream.expect("[")
        if stream.next_char() == "]":
            stream.expect("]")
            return
        while True:
            yield
            if stream.next_char() == "]":
                stream.expect("]")
                return
            stream.expect(",")

    def _list(self, depth: int) -> Iterator[Entry]:
        for parsed in self._elements(depth):
            yield from self._element(parsed)
        self._note_format(FileFormat.TENANTS)

    def _element(self, parsed: ParsedValue) -> Iterator[Entry]:
        pair = pair_of(parsed.value)
        if pair is None and is_dump(parsed.value):
            # A list of dumps, one for each browser.
            self._note_format(FileFormat.DUMP)
            list_place = self._places.current
            self._places.begin_part()
            for pair in parsed.value.items():
                yield from self._pair(pair, parsed)
            self._places.current = list_place
        elif pair is None:
            self._note_format(FileFormat.TENANTS)
            self._is_export |= is_tenant(parsed.value)
            yield self._entry("", parsed.value, parsed)
        else:
            self._note_format(FileFormat.PAIRS)
            yield from self._pair(pair, parsed)

    def _pair(self, pair: tuple[str, Any], parsed: ParsedValue) -> Iterator[Entry]:
        key, value = pair
        if not key.startswith(KEY_PREFIX):
            # Values of other programs may hold lone surrogates: they are not checked.
            self.ignored_keys += 1
            self._count()
            return
        self._is_export = True
        yield self._entry(key, value, parsed)

    # ---- Objects

    def _keys(self, depth: int) -> Iterator[ParsedValue]:
        """Stops after each key of an object; the caller must read the value."""
        stream = self._stream
        stream.expect("{")
        if stream.next_char() == "}":
            stream.expect("}")
            return
        keys = DuplicateKeys()
        while True:
            if stream.next_char() != '"':
                raise stream.invalid_here()
            key = stream.read_value(self._limits.depth - depth)
            if not keys.add(key):
                raise RefusedFileError(duplicate_key(key.value))
            stream.expect(":")
            yield key
            if stream.next_char() == "}":
                stream.expect("}")
                return
            stream.expect(",")

    def _object(self, depth: int) -> Iterator[Entry]:
        stream = self._stream
        self._note_format(FileFormat.DUMP)
        frame_keys, has_entry_list = 0, False
        for parsed_key in self._keys(depth):
            key, char = parsed_key.value, stream.next_char()
            if key.startswith(KEY_PREFIX):
                parsed = stream.read_value(self._limits.depth - depth)
                if char == "{" and self.format is FileFormat.DUMP:
                    self.format = FileFormat.TENANTS_BY_KEY
                self._is_export = True
                yield self._entry(key, parsed.value, parsed, parsed_key)
            elif char == "[" and key in ENTRY_LISTS:
                has_entry_list = True
                if self.format is FileFormat.DUMP:
                    self.format = ENTRY_LISTS[key]
                yield from self._entry_list(key, depth + 1)
            else:
                frame_keys += key in FRAME_KEYS
                self._skip_value(char, depth, is_ignored_key=key not in FRAME_KEYS)
        if not has_entry_list:
            # Then these are keys of other programs with the same names.
            self.ignored_keys += frame_keys

    def _entry_list(self, key: str, depth: int) -> Iterator[Entry]:
        if key == "tenants":
            yield from self._list(depth)
        elif key == "origins":
            for _ in self._positions():
                yield from self._origin(depth + 1)
        else:
            for parsed in self._elements(depth):
                yield from self._report_row(parsed)

    def _skip_value(self, char: str, depth: int, *, is_ignored_key: bool) -> None:
        """`char`: the first of the value."""
        self.ignored_keys += is_ignored_key
        self._count()
        if char == '"':
            self._stream.skip_string()
        else:
            self._stream.read_value(self._limits.depth - depth)

    def _origin(self, depth: int) -> Iterator[Entry]:
        self._count()
        document = self._places.current
        self._places.begin_origin(self._late_origin(depth), document)
        for key in self._keys(depth):
            char = self._stream.next_char()
            if key.value == "origin" and char == '"':
                self._count()
                parsed = self._stream.read_value(self._limits.depth - depth)
                self._places.begin_origin(parsed.value, document)
            elif key.value == "localStorage" and char == "[":
                for parsed in self._elements(depth + 1):
                    yield from self._element(parsed)
            else:
                self._skip_value(char, depth, is_ignored_key=False)
        self._places.current = document

    def _late_origin(self, depth: int) -> object:
        """The origin that an object names after its entries, as programs do that sort keys.
        `None` if it names it first, or after so many entries that they cannot be held."""
        self._stream.next_char()
        if self._stream.starts_with(_BEGINS_WITH_ORIGIN):
            return None
        parsed = self._stream.peek_value(self._limits.depth - depth)
        is_object = parsed is not None and isinstance(parsed.value, dict)
        return parsed.value.get("origin") if parsed and is_object else None

    def _report_row(self, parsed: ParsedValue) -> Iterator[Entry]:
        row = parsed.value
        if not isinstance(row, dict):
            raise invalid_json(parsed.line, parsed.column)
        self._is_export = True
        entry = entry_of_json_row(row, parsed)
        if entry is None:
            self._count()
        elif not parsed.is_valid_unicode():
            raise invalid_json(parsed.line, parsed.column)
        else:
            yield replace(entry, place=self._places.current)
