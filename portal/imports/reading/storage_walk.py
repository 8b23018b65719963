"""Goes through the objects and texts of a document, and opens what may hold tenants."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from portal.imports.model import KEY_PREFIX, Entry, Message, Place, RefusedFileError
from portal.imports.reading.envelopes import (
    ENVELOPE_KEYS,
    JSON_TEXT_START,
    MAX_KEYS,
    MAX_TEXTS,
    ORIGIN_START,
    TEXT_KEYS,
    is_origin,
)
from portal.imports.reading.formats import (
    ENTRY_LISTS,
    FRAME_KEYS,
    FileFormat,
    is_json_line,
)
from portal.imports.reading.found_entries import Level
from portal.imports.reading.list_walk import ListWalk
from portal.imports.streaming import JsonStream, ParsedValue, keys, positions
from portal.imports.tables import ITEM_KEYS, PART_KEYS, TABLE_KEYS, is_deletion, item_of


@dataclass(slots=True)
class _ObjectSoFar:
    """What the keys of one object have been.

    others, frame: numbers of keys that are not read; `frame`: of those in `FRAME_KEYS`.
    part_key: the key that says that it is only a part of an answer.
    """

    others: int = 0
    frame: int = 0
    has_tenants: bool = False
    has_entry_list: bool = False
    has_envelope: bool = False
    has_report_rows: bool = False
    has_items: bool = False
    part_key: str = ""


class StorageWalk(ListWalk):
    """The base of `EntryReader`."""

    # ---- Objects

    def _object(self, level: Level, document: Place | None = None) -> Iterator[Entry]:
        """`document`: the place around the object, if it is one that may name its origin."""
        stream = self._stream
        around = self._places.current
        self._places.begin_storage()
        self._note_format(FileFormat.DUMP)
        so_far, found_before = _ObjectSoFar(), self._found
        for parsed_key in keys(stream, self._room(level)):
            key, char = parsed_key.value, stream.next_char()
            if key.startswith(KEY_PREFIX):
                parsed = stream.read_value(self._room(level))
                if char == "{" and self.format is FileFormat.DUMP:
                    self.format = FileFormat.TENANTS_BY_KEY
                so_far.has_tenants = self._is_export = True
                yield self._entry(key, parsed.value, parsed, parsed_key)
            elif key == "origin" and char == '"' and document is not None:
                self._name_origin(stream.read_value(1).value, document, found_before)
            elif char == '"' and self._is_text_of_json(key):
                yield from self._text(level.under(key)._replace(takes_lists=False))
                so_far.has_envelope = True
            elif char in ("{", "["):
                yield from self._container(key, char, level, so_far)
            else:
                self._skip_value(key, char, level, so_far)
        self._places.current = around
        self._end_object(so_far, found_anything=self._found != found_before)

    def _end_object(self, so_far: _ObjectSoFar, *, found_anything: bool) -> None:
        if so_far.has_items:
            self._part_key = so_far.part_key
        if so_far.has_report_rows:
            return
        if so_far.has_entry_list:
            self.ignored_keys += so_far.others
        elif so_far.has_tenants or not so_far.has_envelope or not found_anything:
            # Then the keys that belong to a format are keys of other programs with the same names.
            self.ignored_keys += so_far.others + so_far.frame

    def _storage(self, level: Level, parsed: ParsedValue | None) -> Iterator[Entry]:
        """An object that is in no list. It may be the storage of one origin.

        parsed: what comes next; `None` if it is too long to be looked at.
        """
        value = parsed.value if parsed else {}
        names_origin = "origin" in value and "localStorage" in value
        if names_origin or (parsed is None and self._stream.starts_with(ORIGIN_START)):
            around = self._places.current
            self._places.begin_origin(value.get("origin"), around.around)
            yield from self._object(level, around.around)
            self._places.current = around
        else:
            yield from self._object(level)

    def _name_origin(self, origin: str, document: Place, found_before: int) -> None:
        self._note_format(FileFormat.STORAGE_STATE)
        if origin == self._places.current.around.origin:
            return
        # Entries that were read before have a place without a name, and so have those behind them.
        if self._found == found_before:
            self._places.begin_origin(origin, document)

    def _skip_value(self, key: str, char: str, level: Level, so_far: _ObjectSoFar) -> None:
        """`char`: the first of the value."""
        if key in FRAME_KEYS:
            so_far.frame += 1
        else:
            so_far.others += 1
        self._count()
        if char == '"':
            self._stream.skip_string()
            value: Any = True
        else:
            value = self._stream.read_value(self._room(level)).value
        if key in PART_KEYS and value:
            so_far.part_key = key

    def _container(
        self, key: str, char: str, level: Level, so_far: _ObjectSoFar
    ) -> Iterator[Entry]:
        """A list or an object under a key."""
        inner = level.under(key)
        if len(inner.path) > MAX_KEYS or not (key in ENVELOPE_KEYS or is_origin(key)):
            yield from self._other_container(key, char, inner, so_far)
            return
        so_far.has_items |= key == "Items" or key in TABLE_KEYS
        exported_before = self._is_export
        if char == "[":
            if key in ENTRY_LISTS:
                so_far.has_entry_list = True
                if key != "rows":
                    self._note_format(ENTRY_LISTS[key])
            reports_before, around = self.format, self._places.current
            if not TABLE_KEYS.isdisjoint(level.path[-1:]):
                self._places.begin_table(key)
            yield from self._list(inner, key)
            self._places.current = around
            so_far.has_report_rows |= (
                key == "rows" and self.format is FileFormat.REPORT
                and (reports_before is FileFormat.REPORT or not exported_before)
            )  # fmt: skip
        elif is_origin(key):
            around = self._places.current
            self._places.begin_origin(key, around.around)
            yield from self._object(inner)
            self._places.current = around
        else:
            yield from self._storage(inner, self._stream.peek_value(self._room(level)))
        so_far.has_envelope = True

    def _other_container(
        self, key: str, char: str, level: Level, so_far: _ObjectSoFar
    ) -> Iterator[Entry]:
        """A list or an object under a key that is not opened. Items of a table are read wherever
        they stand: their types show what they are."""
        stream = self._stream
        around, found_before = self._places.current, self._found
        if char == "[":
            self._places.begin_table(key)
            for _ in positions(stream):
                parsed = stream.read_value(self._room(level))
                self._count()
                item = item_of(parsed.value)
                if item is not None:
                    yield from self._item(item, parsed)
                elif type(parsed.value) is dict and is_deletion(parsed.value):
                    self._deletions += 1
                else:
                    self._look_deeper(level.path, parsed.value)
        else:
            parsed = stream.read_value(self._room(level) + 1)
            item = item_of(parsed.value) if key in ITEM_KEYS else None
            if item is not None:
                yield from self._item(item, parsed)
            elif KEY_PREFIX in parsed.text or '"accountId"' in parsed.text:
                self._look_deeper(level.path, parsed.value)
            if key in PART_KEYS and parsed.value:
                so_far.part_key = key
        self._places.current = around
        self._count()
        if self._found != found_before:
            so_far.has_envelope = True
        elif key in FRAME_KEYS:
            so_far.frame += 1
        else:
            so_far.others += 1

    # ---- Texts of JSON

    def _is_text_of_json(self, key: str) -> bool:
        """Whether the text that comes next is opened."""
        return (
            key in TEXT_KEYS
            and self._open_texts < MAX_TEXTS
            and self._stream.starts_with(JSON_TEXT_START)
        )

    def _text(self, level: Level) -> Iterator[Entry]:
        """The documents in a text, which may be of any length."""
        outer, outer_position, found_before = self._stream, self._text_position, self._found
        around = self._places.current
        self._places.begin_storage()
        if outer_position is None:
            self._text_position = outer.line_and_column()
        pieces = outer.read_string()
        self._stream = JsonStream(pieces, self._limits)
        self._open_texts += 1
        try:
            while self._stream.next_char():
                yield from self._document(level)
        except RefusedFileError as error:
            if self._counted > self._limits.entries:
                raise
            if not level.path or self._found != found_before:
                sentence = Message("In the value: %(sentence)s", sentence=error.message)
                raise RefusedFileError(sentence, error.status, error.found) from error
            # It is a text of another program that only begins like JSON.
            for _ in pieces:
                pass
        finally:
            self._stream, self._text_position = outer, outer_position
            self._places.current = around
            self._open_texts -= 1

    def _document(self, level: Level) -> Iterator[Entry]:
        """A document inside a text."""
        stream = self._stream
        char = stream.next_char()
        if char == "[":
            yield from self._list(level)
        elif char == "{":
            parsed = stream.peek_value(self._room(level))
            if parsed is not None and level.takes_lists and is_json_line(parsed.value):
                stream.skip(parsed)
                yield from self._element(parsed, level)
            else:
                yield from self._storage(level, parsed)
        elif self._open_texts < MAX_TEXTS and stream.starts_with(JSON_TEXT_START):
            yield from self._text(level)
        else:
            stream.read_value(self._room(level))
            self._count()
