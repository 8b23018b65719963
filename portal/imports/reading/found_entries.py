"""What is found in a file, one value after another: a tenant, a key of another program, or where
tenants stand that are not read."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from portal.imports.model import (
    KEY_PREFIX,
    Entry,
    Message,
    printable_excerpt,
    too_many_entries,
)
from portal.imports.reading.document_places import DocumentPlaces
from portal.imports.reading.envelopes import path_in_words, path_of_keyless, path_of_tenants
from portal.imports.reading.formats import FileFormat, is_dump, is_tenant, pair_of
from portal.imports.reading.report_rows import entry_of_json_row
from portal.imports.streaming import (
    HALF_CHARACTER,
    JsonStream,
    Limits,
    ParsedValue,
    StrictJsonError,
    decode_json,
)
from portal.imports.tables import is_deletion, is_schema, item_of, unwrapped

#: Places of tenants that are not read, which a message names.
_MAX_DEEPER = 3
_SCHEMA_SKIPPED = Message("The file begins with the schema of a table, which was skipped.")


class Level(NamedTuple):
    """Where in a document something stands.

    path: the keys that lead to it.
    depth: the number of lists and objects around it.
    takes_all: whether each element of a list is taken for a tenant: as an invalid one if it is
        none.
    takes_lists: whether a tenant may stand in a list, without its key.
    """

    path: tuple[str, ...] = ()
    depth: int = 1
    takes_all: bool = True
    takes_lists: bool = True

    def under(self, key: str) -> "Level":
        takes_all = self.takes_lists and key == "tenants"
        return self._replace(path=(*self.path, key), depth=self.depth + 1, takes_all=takes_all)

    def deeper(self) -> "Level":
        return self._replace(depth=self.depth + 1)


class FoundEntries:
    """The base of `ListWalk`. `EntryReader` documents the attributes."""

    def __init__(self, stream: JsonStream, limits: Limits) -> None:
        self.format: FileFormat | None = None
        self.ignored_keys = 0
        self.notes: list[Message] = []
        self._limits = limits
        self._stream = stream
        self._places = DocumentPlaces()
        self._counted = 0
        self._found = 0
        self._is_export = False
        self._has_pair_document = False
        #: Where keys of tenants stand that are not read, and tenants without a key.
        self._deeper: list[str] = []
        self._keyless: list[str] = []
        self._deletions = 0
        #: The key that says that the latest answer of a table is a part of one; else empty.
        self._part_key = ""
        self._open_texts = 0
        #: Where the outermost text of JSON begins that is being read.
        self._text_position: tuple[int, int] | None = None

    def _count(self) -> None:
        """Counts what was read against the limit on entries: entries, and all else that takes
        time to read."""
        self._counted += 1
        if self._counted > self._limits.entries:
            raise too_many_entries(self._limits.entries)

    def _note_format(self, file_format: FileFormat) -> None:
        """The first format that is detected is the file's. Each object looks like a dump at
        first."""
        if self.format is None or (self.format is FileFormat.DUMP and not self._is_export):
            self.format = file_format

    def _note(self, note: Message) -> None:
        if note not in self.notes:
            self.notes.append(note)

    def _room(self, level: Level) -> int:
        """Levels that a value in this list or object may have."""
        return self._limits.depth - level.depth

    def _look_deeper(self, path: tuple[str, ...], value: Any, *, keyless: bool = True) -> None:
        """Notes where tenants stand in a value that is not read. `keyless`: also those without a
        key; what stands under the key of another program is that program's."""
        if type(value) is str and KEY_PREFIX not in value:
            return
        inner, found = path_of_tenants(value), self._deeper
        if inner is None and keyless:
            inner, found = path_of_keyless(value), self._keyless
        if inner is not None and len(found) < _MAX_DEEPER:
            words = path_in_words((*path, *inner))
            if words not in found:
                found.append(words)

    # ---- Entries

    def _entry(
        self, key: str, value: Any, parsed: ParsedValue, parsed_key: ParsedValue | None = None
    ) -> Entry:
        """An entry; with a problem if it has a lone surrogate.

        parsed: the value in the file, which holds the key as well unless `parsed_key` does.
        """
        self._found += 1
        line, column = self._text_position or (parsed.line, parsed.column)
        place = self._places.of_entry()
        key_is_valid = (
            parsed_key is None or parsed_key.value.isascii() or parsed_key.is_valid_unicode()
        )
        if key_is_valid and parsed.is_valid_unicode():
            return Entry(key, value, line, column, place=place)
        return Entry(printable_excerpt(key), None, line, column, HALF_CHARACTER, place=place)

    def _pair(
        self,
        pair: tuple[str, Any],
        parsed: ParsedValue,
        level: Level,
        parsed_key: ParsedValue | None = None,
    ) -> Iterator[Entry]:
        key, value = pair
        if not key.startswith(KEY_PREFIX):
            # Values of other programs may hold lone surrogates: they are not checked.
            self._look_deeper((*level.path, key), value, keyless=False)
            self.ignored_keys += 1
            self._count()
            return
        self._is_export = True
        yield self._entry(key, value, parsed, parsed_key)

    def _item(self, item: dict[str, Any], parsed: ParsedValue) -> Iterator[Entry]:
        """`item`: of a table, in DynamoDB's JSON."""
        self._note_format(FileFormat.TABLE)
        fields = unwrapped(item)
        if not fields.is_tenant:
            self.ignored_keys += 1
            self._count()
            return
        self._is_export = True
        self._places.of_item()
        entry = self._entry("", fields.fields, parsed)
        yield replace(entry, left_out=fields.left_out, is_table_item=True)

    def _element(self, parsed: ParsedValue, level: Level) -> Iterator[Entry]:
        """An element of a list, or a line."""
        value = parsed.value
        pair = pair_of(value)
        if pair is not None:
            self._note_format(FileFormat.PAIRS)
            yield from self._pair(pair, parsed, level)
        elif is_dump(value):
            yield from self._dump_in_list(value, parsed, level)
        elif type(value) is str and (dump := self._dump_of_text(value, level)) is not None:
            yield from self._dump_in_list(dump, parsed, level)
        elif (item := item_of(value)) is not None:
            yield from self._item(item, parsed)
        elif is_schema(value):
            self._note(_SCHEMA_SKIPPED)
            self._count()
        elif type(value) is dict and is_deletion(value):
            self._deletions += 1
            self._count()
        elif level.takes_all or (level.takes_lists and is_tenant(value)):
            self._note_format(FileFormat.TENANTS)
            if is_tenant(value):
                self._is_export = True
            else:
                self._look_deeper(level.path, value)
            yield self._entry("", value, parsed)
        else:
            self._look_deeper(level.path, value)
            self.ignored_keys += 1
            self._count()

    def _dump_in_list(
        self, dump: dict[str, Any], parsed: ParsedValue, level: Level
    ) -> Iterator[Entry]:
        """One of several dumps, one for each browser. `parsed`: the dump, or the text of it."""
        self._note_format(FileFormat.DUMP)
        around = self._places.current
        self._places.begin_part()
        for pair in dump.items():
            yield from self._pair(pair, parsed, level)
        self._places.current = around

    def _dump_of_text(self, text: str, level: Level) -> dict[str, Any] | None:
        """The dump of a browser that is held as a text of JSON; else `None`."""
        if not level.takes_lists or KEY_PREFIX not in text:
            return None
        try:
            value = decode_json(text, self._room(level))
        except StrictJsonError:
            return None
        return value if is_dump(value) else None

    def _report_row(self, parsed: ParsedValue) -> Iterator[Entry]:
        self._note_format(FileFormat.REPORT)
        self._is_export = True
        entry = entry_of_json_row(parsed.value, parsed)
        if entry is None:
            self._count()
            return
        checked = self._entry(entry.key, entry.value, parsed)
        yield checked if checked.problem else replace(entry, place=checked.place)
