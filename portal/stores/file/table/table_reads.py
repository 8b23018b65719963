"""What can be read of a table."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache

from portal.stores.contract import Cursor, Item, Segment
from portal.stores.file.table.connections import Connections
from portal.stores.file.table.items import (
    MAX_BYTES_KEPT,
    ItemInFile,
    OpenGeneration,
    decoded,
    kept_row,
    shown,
)
from portal.stores.file.table.kept_ranges import Answer, Asked, KeptRanges
from portal.stores.file.table.sql import FIND, FIND_WITH_SEQ, ITEM, SEQ
from portal.stores.reading import CountedRange
from portal.stores.schema import INDEXES, Index

#: The item as JSON with its checksum, or the place of its line.
_Row = tuple[bytes | None, int, int, int]

_NUMBERS = {index.name: number for number, index in enumerate(INDEXES)}

#: What follows directly on the surrogates; nobody has it in a key.
_NO_CHARACTER = "\ue000\0"


class TableReads:
    """Any number of threads may read at the same time.

    Args:
        connections: To the database.
        file: Where items that do not stay in memory are read.
    """

    def __init__(self, file: OpenGeneration | None, connections: Connections) -> None:
        self._file = file
        self._connections = connections
        #: `None` for a table that other processes change as well.
        self._kept = None if connections.is_shared else KeptRanges()

    def find(self, item_id: str) -> Item | ItemInFile | None:
        """The item, or where to read it; `None` if there is none."""
        connections = self._connections
        # Each access check comes here, and this is faster than a `with`.
        db = connections.take()
        try:
            row: _Row | None = db.execute(FIND, (item_id,)).fetchone()
            file = self._file
        except UnicodeEncodeError:
            # No item can have such an id.
            return None
        finally:
            connections.give_back(db)
        return None if row is None else _item(file, item_id, row)

    def find_row(self, item_id: str) -> tuple[int, Item | ItemInFile] | None:
        """The number of the commit with the item as it is now, and the item.

        The number may be too low for an item that has not changed since the table was made. It
        grows with each change.
        """
        rows, file = self._rows(FIND_WITH_SEQ, [_bindable(item_id)])
        return (rows[0][0], _item(file, item_id, rows[0][1:])) if rows else None

    def find_row_at_once(self, item_id: str) -> tuple[bool, tuple[int, Item | ItemInFile] | None]:
        """The same for a thread that must not wait, and whether that is possible."""
        db = self._connections.take_at_once()
        if db is None:
            return False, None
        try:
            row = db.execute(FIND_WITH_SEQ, (_bindable(item_id),)).fetchone()
            file = self._file
        finally:
            self._connections.give_back(db)
        return True, None if row is None else (row[0], _item(file, item_id, row[1:]))

    def get(self, item_id: str) -> Item | None:
        """The item, read from the file if need be."""
        found = self.find(item_id)
        return found.read() if isinstance(found, ItemInFile) else found

    def seq_of(self, item_id: str) -> int | None:
        """That number alone; `None` if there is no item."""
        rows = self._all(SEQ, [_bindable(item_id)])
        return int(rows[0][0]) if rows else None

    def query(
        self,
        index: Index,
        partition: str,
        *,
        between: tuple[str, str] | None,
        after: Cursor | None,
        limit: int,
        newest_first: bool,
    ) -> Answer:
        number = _NUMBERS[index.name]
        place, asked = (number, partition), (between, after, limit, newest_first)
        connections, kept = self._connections, self._kept
        db = connections.take()
        try:
            answer = kept.find(place, asked) if kept else None
            if answer is not None:
                return answer
            sql, values = _query(number + 1, partition, asked)
            found, file = db.execute(sql, values).fetchall(), self._file
            rows = found[:limit]
            cursor = (rows[-1][1], rows[-1][0]) if len(found) > limit else None
            answer = Answer(_shown_items(file, rows, index, number), cursor)
            sizes = [0 if row[2] is None else len(row[2]) for row in rows]
            # What stays in the file has another place in the next generation of it.
            if kept and 0 not in sizes:
                next_sort = found[limit][1] if cursor else None
                kept.keep(place, asked, answer, next_sort=next_sort, size=sum(sizes))
            return answer
        finally:
            connections.give_back(db)

    def count(
        self, index: Index, partition: str, *, between: tuple[str, str] | None, cap: int
    ) -> int:
        return self.count_each(index, [(partition, between)], cap=cap)[0]

    def count_each(
        self, index: Index, ranges: Sequence[CountedRange], *, cap: int
    ) -> Sequence[int]:
        number = _NUMBERS[index.name]
        connections = self._connections
        db = connections.take()
        try:
            known = [
                self._known_count(db, number, partition) if between is None else None
                for partition, between in ranges
            ]
            values: list[str | int] = []
            asked: list[bool] = []
            for (partition, between), count in zip(ranges, known, strict=True):
                if count is None:
                    asked.append(between is not None)
                    values += [*_bindables(partition, between), cap]
            counted: Sequence[int] = ()
            if asked:
                counted = db.execute(_counts(number + 1, tuple(asked)), values).fetchone()
        finally:
            connections.give_back(db)
        others = iter(counted)
        return [next(others) if count is None else min(count, cap) for count in known]

    def _known_count(self, db: sqlite3.Connection, number: int, partition: str) -> int | None:
        """How many rows a whole partition has, which is counted once; `None`: other processes may
        change that."""
        if self._kept is None:
            return None
        place = number, partition
        count = self._kept.count(place)
        if count is None:
            (count,) = db.execute(_whole_count(number + 1), [_bindable(partition)]).fetchone()
            self._kept.keep_count(place, count)
        return count

    def scan(
        self, segment: Segment, after: str | None, limit: int
    ) -> tuple[list[Item | ItemInFile], Cursor | None]:
        """The next items, or where to read them, and the cursor behind them."""
        sql = (
            f"SELECT id, {ITEM} FROM items WHERE id > ? AND hash % ? = ?"  # noqa: S608
            " ORDER BY id LIMIT ?"
        )
        start = _bindable(after or "")
        rows, file = self._rows(sql, [start, segment.of, segment.number, limit + 1])
        items = [_item(file, row[0], row[1:]) for row in rows[:limit]]
        return items, ("", rows[limit - 1][0]) if len(rows) > limit else None

    def _all(self, sql: str, values: list[str | int]) -> list[tuple]:  # type: ignore[type-arg]
        return self._rows(sql, values)[0]

    def _rows(self, sql: str, values: list[str | int]) -> tuple[list[tuple], OpenGeneration | None]:  # type: ignore[type-arg]
        """The rows, and the file to which their places belong: the next generation has others."""
        connections = self._connections
        db = connections.take()
        try:
            return db.execute(sql, values).fetchall(), self._file
        finally:
            connections.give_back(db)

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """A connection for this thread."""
        db = self._connections.take()
        try:
            yield db
        finally:
            self._connections.give_back(db)


def _item(
    file: OpenGeneration | None, item_id: str, row: _Row, index: Index | None = None
) -> Item | ItemInFile:
    encoded, checksum, line_at, line_size = row
    if encoded is None:
        if file is None:
            raise AssertionError("there is no file to read from")
        return ItemInFile(file, (line_at, line_size), item_id, index)
    item = decoded(encoded, checksum)
    return item if index is None else shown(item, index)


def _shown_items(
    file: OpenGeneration | None,
    rows: list[tuple],  # type: ignore[type-arg]
    index: Index,
    number: int,
) -> list[Item | ItemInFile]:
    """What this index, the one with this number, shows of the items, or where to read them."""
    may_keep = index.projected is not None
    return [
        kept_row(row[2], row[3], number)
        if may_keep and type(row[2]) is bytes and len(row[2]) <= MAX_BYTES_KEPT
        else _item(file, row[0], row[2:], index)
        for row in rows
    ]


def _query(n: int, partition: str, asked: Asked) -> tuple[str, list[str | int]]:
    between, after, limit, newest_first = asked
    values: list[str | int] = [*_bindables(partition, between)]
    if after is not None:
        values += map(_bindable, after)
    sql = _rows_of_range(n, between is not None, after is not None, newest_first)
    return sql, [*values, limit + 1]


@lru_cache
def _rows_of_range(n: int, has_range: bool, has_cursor: bool, newest_first: bool) -> str:
    condition = _condition(n, has_range)
    if has_cursor:
        condition += f" AND (s{n}, id) {'<' if newest_first else '>'} (?, ?)"
    order = "DESC" if newest_first else "ASC"
    return (
        f"SELECT id, s{n}, {ITEM} FROM items INDEXED BY gsi{n} WHERE {condition}"  # noqa: S608
        f" ORDER BY s{n} {order}, id {order} LIMIT ?"
    )


@lru_cache
def _whole_count(n: int) -> str:
    return f"SELECT count(*) FROM items INDEXED BY gsi{n} WHERE {_condition(n, False)}"  # noqa: S608


@lru_cache
def _counts(n: int, have_range: tuple[bool, ...]) -> str:
    """One number for each of several ranges."""
    counts = [
        f"(SELECT count(*) FROM (SELECT 1 FROM items INDEXED BY gsi{n}"  # noqa: S608
        f" WHERE {_condition(n, has_range)} LIMIT ?))"
        for has_range in have_range
    ]
    return f"SELECT {', '.join(counts)}"


def _condition(n: int, has_range: bool) -> str:
    return f"p{n} = ? AND s{n} >= ? AND s{n} <= ?" if has_range else f"p{n} = ?"


def _bindables(partition: str, between: tuple[str, str] | None) -> list[str]:
    return [*map(_bindable, (partition, *(between or ())))]


def _bindable(text: str) -> str:
    """The text itself, or one that no item has and that lies where the text would: half of a
    surrogate pair has no place in UTF-8."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return text[: error.start] + _NO_CHARACTER
    return text
