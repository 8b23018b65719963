"""The shapes that people hand in, as one entry after another.

What a shape is shows at its beginning and in its keys, so the file is read once, and as a
stream. Where several documents follow each other, as when files were put together, each is read
for what it is.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from portal.imports.cells import Counted, cells_of, unguarded
from portal.imports.fields import FAILED, KNOWN, PREFIX, TOLD
from portal.imports.keys import Keys
from portal.imports.refusals import RefusedFileError, not_an_export, not_json, shown, too_many
from portal.imports.strict import Found, Window
from portal.imports.text import Limits, Readable, text_of


class Shape(StrEnum):
    DUMP = "localStorage dump"
    STORAGE_STATE = "storage state"
    PAIRS = "list of keys and values"
    TENANTS = "list of tenants"
    TENANTS_BY_KEY = "tenants by key"
    LINES = "JSON Lines"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class Entry:
    """One tenant as the file has it: `value` is a JSON text or what was read of one.

    `key` is empty where the shape has none; `line` and `column` count from 1. `problem` is a
    sentence about what could not be read at all.
    """

    key: str
    value: Any
    line: int
    column: int
    problem: str = ""


class Reader:
    """The entries of one file. `RefusedFileError` while it is read.

    `ignored` counts what belongs to other programs, and is complete at the end; so is `shape`.
    """

    def __init__(self, file: Readable, limits: Limits) -> None:
        self.shape: Shape | None = None
        self.ignored = 0
        self._limits = limits
        self._entries = 0
        self._recognised = False
        self._window = Window(text_of(file, limits), limits)

    def __iter__(self) -> Iterator[Entry]:
        for entry in self._documents():
            self._count()
            yield entry
        if not self._recognised:
            found = "nothing" if self.shape is None else "no tenant and no key of one"
            raise not_an_export(f"It holds {found}.")

    def _count(self) -> None:
        self._entries += 1
        if self._entries > self._limits.entries:
            raise too_many(self._limits.entries)

    def _ignore(self) -> None:
        self.ignored += 1
        self._count()

    # ---- Documents

    def _documents(self) -> Iterator[Entry]:
        window, first = self._window, True
        while char := window.next_char():
            if first and window.begins_with(_CSV_HEADING):
                yield from self._csv()
                return
            if char == "[" and not self._is_bad_line():
                yield from self._list(1)
            elif char == "{":
                yield from self._object_or_line()
            elif first:
                kind = type(window.value(self._limits.depth).value).__name__
                raise not_an_export(f"It holds one value alone ({_KINDS[kind]}).")
            elif self.shape is Shape.LINES:
                yield self._bad_line()
            else:
                raise window.bad()
            first = False

    def _object_or_line(self) -> Iterator[Entry]:
        """A line of JSON Lines, or an object that may be long."""
        found = self._window.peek(self._limits.depth)
        if found is not None and _is_line(found.value):
            self._window.skip(found)
            self._is(Shape.LINES)
            yield from self._element(found)
        elif self._is_bad_line():
            yield self._bad_line()
        else:
            yield from self._object(1)

    def _is_bad_line(self) -> bool:
        """Among lines, whether no whole value begins here."""
        return self.shape is Shape.LINES and self._window.peek(self._limits.depth) is None

    def _bad_line(self) -> Entry:
        line, column = self._window.place()
        # No further than its end, whatever it left open: the next line may be a good one.
        problem = self._window.bad_line() or "This line is not a tenant."
        return Entry("", None, line, column, problem)

    # ---- Lists

    def _elements(self, depth: int) -> Iterator[Found]:
        """The elements of a list at this depth, each passed."""
        window = self._window
        window.take("[")
        if window.next_char() == "]":
            window.take("]")
            return
        while True:
            yield window.value(self._limits.depth - depth)
            if window.next_char() == "]":
                window.take("]")
                return
            window.take(",")

    def _list(self, depth: int) -> Iterator[Entry]:
        for found in self._elements(depth):
            yield from self._element(found)
        self._is(Shape.TENANTS)

    def _element(self, found: Found) -> Iterator[Entry]:
        pair = _pair(found.value)
        if pair is None and _is_dump(found.value):
            # Several browsers' dumps in one list.
            self._is(Shape.DUMP)
            for pair in found.value.items():
                yield from self._of_pair(pair, found)
        elif pair is None:
            found.gate()
            self._is(Shape.TENANTS)
            self._recognised |= _is_tenant(found.value)
            yield Entry("", found.value, found.line, found.column)
        else:
            self._is(Shape.PAIRS)
            yield from self._of_pair(pair, found)

    def _of_pair(self, pair: tuple[str, Any], found: Found) -> Iterator[Entry]:
        key, value = pair
        if not key.startswith(PREFIX):
            # Another program's: it is not even looked at for characters that nobody can show.
            self._ignore()
            return
        found.gate()
        self._recognised = True
        yield Entry(key, value, found.line, found.column)

    # ---- Objects

    def _members(self, depth: int) -> Iterator[str]:
        """The keys of an object; the value of each is next, and must be passed."""
        window = self._window
        window.take("{")
        if window.next_char() == "}":
            window.take("}")
            return
        seen = Keys()
        while True:
            if window.next_char() != '"':
                raise window.bad()
            found = window.value(self._limits.depth - depth)
            if not seen.add(found):
                raise RefusedFileError(f"Key '{shown(found.value)}' appears twice.")
            window.take(":")
            yield found.value
            if window.next_char() == "}":
                window.take("}")
                return
            window.take(",")

    def _object(self, depth: int) -> Iterator[Entry]:
        window = self._window
        self._is(Shape.DUMP)
        for key in self._members(depth):
            char = window.next_char()
            if key.startswith(PREFIX):
                found = window.value(self._limits.depth - depth)
                found.gate()
                if char == "{" and self.shape is Shape.DUMP:
                    self.shape = Shape.TENANTS_BY_KEY
                self._recognised = True
                yield Entry(key, found.value, found.line, found.column)
            elif key == "origins" and char == "[":
                self.shape = Shape.STORAGE_STATE
                yield from self._origins(depth + 1)
            elif key == "rows" and char == "[":
                self.shape = Shape.REPORT
                for found in self._elements(depth + 1):
                    yield from self._report_row(found)
            elif key == "tenants" and char == "[":
                self.shape = Shape.TENANTS
                yield from self._list(depth + 1)
            else:
                self._other(char, depth, counts=key not in _FRAMES)

    def _other(self, char: str, depth: int, *, counts: bool) -> None:
        if counts:
            self._ignore()
        if char == '"':
            self._window.skip_string()
        else:
            self._window.value(self._limits.depth - depth)

    def _origins(self, depth: int) -> Iterator[Entry]:
        window = self._window
        window.take("[")
        if window.next_char() == "]":
            window.take("]")
            return
        while True:
            for key in self._members(depth + 1):
                if key == "localStorage" and window.next_char() == "[":
                    for found in self._elements(depth + 2):
                        yield from self._element(found)
                else:
                    self._other(window.next_char(), depth + 1, counts=False)
            if window.next_char() == "]":
                window.take("]")
                return
            window.take(",")

    # ---- The portal's own reports

    def _report_row(self, found: Found) -> Iterator[Entry]:
        """Only what failed: the rest is in the store, or another row's duplicate."""
        row = found.value
        if not isinstance(row, dict):
            raise not_json(found.line, found.column)
        self._recognised = True
        if row.get("kind") in FAILED:
            found.gate()
            key = row.get("key")
            values = row.get("values")
            # What could not be read at first has nothing to be mended here.
            problem = "" if values else "The report holds no values of this row."
            yield Entry(
                key if isinstance(key, str) else "", values, found.line, found.column, problem
            )

    def _csv(self) -> Iterator[Entry]:
        """As the portal wrote it, or as a spreadsheet saved it again."""
        self._is(Shape.REPORT)
        self._recognised = True
        lines = Counted(self._window.whole_lines())
        heading: list[str] = []
        begins = 1
        for cells in cells_of(lines):
            line, begins = begins, lines.number + 1
            heading = heading or cells
            row = dict(zip(heading, cells, strict=False))
            if line == 1 or row.get("kind") not in FAILED:
                continue
            plain = {name: unguarded(cell) for name, cell in row.items() if cell}
            values: dict[str, Any] = {name: plain[name] for name in TOLD if name in plain}
            if "openEnded" in values:
                values["openEnded"] = values["openEnded"] == "true"
            if values.get("isActive") in ("true", "false"):
                values["isActive"] = values["isActive"] == "true"
            problem = "" if values else "The report holds no values of this row."
            yield Entry(plain.get("key", ""), values, line, 1, problem)

    def _is(self, shape: Shape) -> None:
        """The first that is seen is what the file is called."""
        self.shape = self.shape or shape


_CSV_HEADING = re.compile('"?row"?[,;\t]"?kind')
_KINDS = {
    "str": "a text", "int": "a number", "float": "a number", "bool": "true or false",
    "NoneType": "null",
}  # fmt: skip
#: Not keys of localStorage, but of what stands round it.
_FRAMES = frozenset({
    "cookies", "origins", "importId", "at", "by", "policy", "allowed", "shapes", "counts",
    "ignoredKeys", "applied", "state", "store", "active",
})  # fmt: skip


def _is_tenant(value: Any) -> bool:
    if isinstance(value, str):
        return any(f'"{name}' in value.replace("\\", "") for name in ("accountId", "companyId"))
    return isinstance(value, dict) and not KNOWN.isdisjoint(value)


def _is_line(value: Any) -> bool:
    return _pair(value) is not None or (_is_tenant(value) and not _is_dump(value))


def _is_dump(value: Any) -> bool:
    return isinstance(value, dict) and any(key.startswith(PREFIX) for key in value)


def _pair(value: Any) -> tuple[str, Any] | None:
    """`{key, value}`, `{name, value}` or `[key, value]`."""
    if isinstance(value, dict) and "value" in value:
        key = value.get("key", value.get("name"))
        return (key, value["value"]) if isinstance(key, str) else None
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str):
        return value[0], value[1]
    return None
