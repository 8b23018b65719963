"""Reads a file of any format as one entry after another.

The file is read once, as a stream: its beginning and its keys show its format. If the file has
several documents, one after another, each is read in its own format: people concatenate files.
"""

from collections.abc import Iterator
from dataclasses import replace

from portal.imports.model import (
    KEY_PREFIX,
    Entry,
    Message,
    json_type_in_words,
    not_an_export,
    not_our_csv,
)
from portal.imports.reading.envelopes import JSON_TEXT_START, found_deeper, tenants_found_deeper
from portal.imports.reading.formats import (
    CSV_HEADING,
    OTHER_CSV,
    FileFormat,
    is_json_line,
    pair_of,
)
from portal.imports.reading.found_entries import Level
from portal.imports.reading.report_rows import entries_of_csv
from portal.imports.reading.storage_walk import StorageWalk
from portal.imports.streaming import InvalidLineError, JsonStream, Limits, Readable, decode_text
from portal.imports.tables import (
    is_schema,
    item_of,
    refuse_other_json,
    refuse_other_text,
    rest_of_answer,
)

#: A field that every tenant has.
_ID_FIELD = "accountId"


class EntryReader(StorageWalk):
    """The entries of one file.

    format: of the first document; `None` if the file is empty. Complete after iterating.
    ignored_keys: number of keys that belong to other programs. Complete after iterating.
    notes: what people must know before they look at a plan: that the file is only a part of a
        table, or that something in it was not read. Complete after iterating.

    Iterating raises:
        RefusedFileError: the file is no export, cannot be read, or is over a limit.
        UnavailableError: the disk has no space for the keys of an object.
    """

    def __init__(self, file: Readable, limits: Limits) -> None:
        self._has_prefix = self._has_ids = False
        stream = JsonStream(self._watched(decode_text(file, limits)), limits)
        super().__init__(stream, limits)
        self._is_lines = False

    def __iter__(self) -> Iterator[Entry]:
        for entry in self._documents():
            self._count()
            yield entry
        if not self._is_export:
            raise not_an_export(self._what_was_found())
        if self._deeper:
            self._note(found_deeper(self._deeper))
        if self._keyless:
            self._note(tenants_found_deeper(self._keyless))
        if self._deletions:
            self._note(
                Message(
                    "Deletions in it, which an import does not make: %(number)s.",
                    number=self._deletions,
                )
            )
        if self._part_key:
            self._note(
                Message(
                    "The file is only a part of the table, because it ends with %(key)s. Import"
                    " the other parts as well, or fetch the whole table: %(command)s",
                    key=self._part_key,
                    command="aws dynamodb scan --table-name TABLE --output json > table.json",
                )
            )

    def _watched(self, pieces: Iterator[str]) -> Iterator[str]:
        """The pieces; notes whether a key of the old application, or the name of a tenant's field,
        occurs anywhere in them."""
        end = ""
        for piece in pieces:
            if not (self._has_prefix and self._has_ids):
                text = end + piece
                self._has_prefix = self._has_prefix or KEY_PREFIX in text
                self._has_ids = self._has_ids or _ID_FIELD in text
                end = text[-len(KEY_PREFIX) :]
            yield piece

    def _what_was_found(self) -> Message:
        """In a file without tenants, as far as it was looked at."""
        if self.format is None and not self._counted:
            return Message("It is empty.")
        if self._deeper:
            return found_deeper(self._deeper)
        if self._keyless:
            return tenants_found_deeper(self._keyless)
        if self._has_prefix:
            return Message(
                "No tenants were found where they are read. The text fsm_tenant_ occurs in it, but"
                " not as the beginning of a key: perhaps inside of texts of other programs, which"
                " are not read."
            )
        if self._has_ids:
            return Message(
                "It contains no tenants where they are read. The text accountId occurs in it, but"
                " not in a tenant there: perhaps in a record or a text of another program, which is"
                " not read."
            )
        return Message("It contains no tenants and no keys that start with fsm_tenant_.")

    # ---- Documents

    def _documents(self) -> Iterator[Entry]:
        stream, is_first = self._stream, True
        while char := stream.next_char():
            counted_before = self._counted
            if is_first and stream.starts_with(CSV_HEADING):
                yield from self._csv()
                return
            if is_first and char not in '[{"':
                refuse_other_text(stream.start())
            if is_first and stream.starts_with(OTHER_CSV):
                refuse_other_text(stream.start())
                raise not_our_csv()
            if self._is_lines:
                yield from self._line()
            elif char == "[":
                self._places.begin_part()
                yield from self._list(Level())
                if self._has_pair_document:
                    self._begin_lines(is_first=is_first)
            elif char == "{":
                yield from self._object_or_line(is_first=is_first)
            elif char == '"' and stream.starts_with(JSON_TEXT_START):
                self._places.begin_part()
                yield from self._text(Level())
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

    def _begin_lines(self, *, is_first: bool) -> None:
        """What was read last was a line with a pair. `is_first`: it begins the file."""
        self._is_lines = True
        self._places.was_first_line()
        if is_first:
            self.format = FileFormat.LINES

    def _object_or_line(self, *, is_first: bool) -> Iterator[Entry]:
        """The first line of JSON Lines, or an object, which may be too long to be held."""
        parsed = self._stream.peek_value(self._limits.depth)
        if parsed is not None and is_first:
            refuse_other_json(parsed.value)
        if parsed is not None and is_json_line(parsed.value):
            self._stream.skip(parsed)
            self._is_lines = True
            is_item = item_of(parsed.value) is not None or is_schema(parsed.value)
            self._note_format(FileFormat.TABLE if is_item else FileFormat.LINES)
            self._places.begin_line()
            yield from self._element(parsed, Level())
        elif parsed is not None and (rest := rest_of_answer(parsed.value)) is not None:
            self._stream.skip(parsed)
            self._part_key = rest
        else:
            self._places.begin_part()
            yield from self._storage(Level(), parsed)

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
                "", None, invalid.line, invalid.column, invalid.message,
                place=self._places.of_entry(),
            )  # fmt: skip
            return
        if is_json_line(parsed.value) or pair_of(parsed.value):
            self._stream.skip(parsed)
            # A part ends with its rest: what follows is of the next part.
            self._part_key = ""
            yield from self._element(parsed, Level())
        elif (rest := rest_of_answer(parsed.value)) is not None:
            self._stream.skip(parsed)
            self._part_key = rest
        elif type(parsed.value) is list:
            self._places.begin_part()
            yield from self._list(Level())
        else:
            self._places.begin_part()
            yield from self._storage(Level(), parsed)

    def _csv(self) -> Iterator[Entry]:
        self._note_format(FileFormat.REPORT)
        self._is_export = True
        self._places.begin_part()
        for entry in entries_of_csv(self._stream.read_lines(), self._limits.value):
            if entry is None:
                self._count()
            else:
                yield replace(entry, place=self._places.of_entry())
