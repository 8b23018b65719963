"""Goes through the elements of a list: tenants, pairs, dumps, and what may hold a storage."""

from collections.abc import Iterator
from typing import Any

from portal.imports.model import Entry, Place
from portal.imports.reading.envelopes import ENVELOPE_START, is_envelope
from portal.imports.reading.formats import (
    FileFormat,
    is_json_line,
    is_report_row,
    is_tenant,
    pair_of,
)
from portal.imports.reading.found_entries import FoundEntries, Level
from portal.imports.streaming import ParsedValue, positions


class ListWalk(FoundEntries):
    """The base of `StorageWalk`, which opens objects."""

    def _object(self, level: Level, document: Place | None = None) -> Iterator[Entry]:
        raise NotImplementedError

    def _list(self, level: Level, key: str = "") -> Iterator[Entry]:
        """`key`: of the object that holds the list."""
        stream, places = self._stream, self._places
        around = places.current
        places.begin_storage()
        #: The first element if it may be the key of a pair.
        held: ParsedValue | None = None
        for number, _ in enumerate(positions(stream)):
            char = stream.next_char()
            if char == "{" and held is None:
                yield from self._object_in_list(level, key)
            elif char == "[" and held is None:
                yield from self._list_in_list(level)
            else:
                parsed = stream.read_value(self._room(level))
                if number == 0 and self._may_be_key(parsed.value, level):
                    held = parsed
                elif held is not None and stream.next_char() == "]":
                    self._has_pair_document |= level.depth == 1
                    self._note_format(FileFormat.PAIRS)
                    # The list is no storage, but one entry of one.
                    places.current = around
                    yield from self._pair((held.value, parsed.value), parsed, level, held)
                    held = None
                else:
                    if held is not None:
                        yield from self._element(held, level)
                    held = None
                    yield from self._element(parsed, level)
        if held is not None:
            yield from self._element(held, level)
        places.current = around
        self._note_format(FileFormat.TENANTS)

    def _may_be_key(self, value: Any, level: Level) -> bool:
        """Whether the value can be the key of `[key, value]`."""
        is_text = type(value) is str and not is_tenant(value)
        return is_text and self._dump_of_text(value, level) is None

    def _object_in_list(self, level: Level, key: str) -> Iterator[Entry]:
        stream = self._stream
        parsed = stream.peek_value(self._room(level))
        if parsed is None:
            if not stream.starts_with(ENVELOPE_START):
                # It is refused for its own reason.
                parsed = stream.read_value(self._room(level))
            yield from self._storage_in_list(level, None)
        elif key == "rows" and is_report_row(parsed.value):
            stream.skip(parsed)
            yield from self._report_row(parsed)
        elif (
            # Nearly all objects are plain tenants, which are no envelopes.
            "accountId" not in parsed.value
            and is_envelope(parsed.value)
            and not is_json_line(parsed.value)
        ):
            yield from self._storage_in_list(level, parsed.value.get("origin"))
        else:
            stream.skip(parsed)
            yield from self._element(parsed, level)

    def _storage_in_list(self, level: Level, origin: object) -> Iterator[Entry]:
        """An object in a list that holds a storage. `origin`: `None` if it is not known yet."""
        self._count()
        around = self._places.current
        self._places.begin_origin(origin, around.around)
        yield from self._object(level.deeper(), around.around)
        self._places.current = around

    def _list_in_list(self, level: Level) -> Iterator[Entry]:
        stream = self._stream
        parsed = stream.peek_value(self._room(level))
        if parsed is None and self._room(level) <= 1:
            parsed = stream.read_value(self._room(level))
        pair = pair_of(parsed.value) if parsed else None
        if parsed and pair:
            stream.skip(parsed)
            self._note_format(FileFormat.PAIRS)
            yield from self._pair(pair, parsed, level)
        else:
            self._count()
            yield from self._list(level.deeper())
