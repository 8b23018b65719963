"""The items of the file store in memory, packed.

Events and the rows of imports stay in the file, and memory holds only where, with their index keys:
they are half of a large file, and nobody reads them often.
"""

from collections.abc import Iterator, Mapping, Set

import orjson

from portal.stores.contract import Item
from portal.stores.file.journal import Changes, Location
from portal.stores.file.packed_row import (
    IN_FILE_PREFIX,
    SHAPE_BYTES,
    ItemInFile,
    OpenGeneration,
    Shape,
    moved,
    pack_location,
    unpack_location,
)
from portal.stores.schema import INDEXES, KEY


class PackedRows:
    """All items. Without a `file`, all of them stay in memory.

    It is in no cycle of references: who forgets it, forgets the file as well.
    """

    def __init__(self, file: OpenGeneration | None = None) -> None:
        self._rows: dict[str, bytes] = {}
        self._file = file
        #: The ids of the items that stay in `_file`.
        self._in_file: set[str] = set()
        # Shape 0 is that of an item in the file.
        self._shapes = [Shape(0, ())]
        self._shapes_by_names: dict[tuple[str, ...], Shape] = {}
        #: Bytes of all items as JSON.
        self.size = 0

    def __len__(self) -> int:
        return len(self._rows)

    def row(self, item_id: str) -> bytes | None:
        """The item as it is packed: the same object as long as nothing has replaced the item."""
        return self._rows.get(item_id)

    def find(self, item_id: str) -> Item | ItemInFile | None:
        """The item, or where to read it; `None` if there is none."""
        row = self._rows.get(item_id)
        if row is None:
            return None
        names = self._shapes[int.from_bytes(row[:SHAPE_BYTES], "big")].names
        if not names:
            return self._item_in_file(item_id, row)
        return dict(zip(names, orjson.loads(row[SHAPE_BYTES:]), strict=True))

    def get(self, item_id: str) -> Item | None:
        """The item, read from the file if need be."""
        found = self.find(item_id)
        return found.read() if isinstance(found, ItemInFile) else found

    def all(self) -> Iterator[Item]:
        """All items. Those that stay in the file come first, so that they are found quickly."""
        yield from self._all_in_file()
        for item_id in self._rows:
            if item_id not in self._in_file:
                item = self.get(item_id)
                if item is not None:
                    yield item

    def _all_in_file(self) -> Iterator[Item]:
        # An import writes some hundred items with one line, which is read once for all of them.
        by_line: dict[Location, set[str]] = {}
        for item_id in self._in_file:
            location = unpack_location(self._rows[item_id])[0]
            by_line.setdefault(location, set()).add(item_id)
        for location in sorted(by_line):
            if self._file is None:
                raise AssertionError("there is no file to read from")
            for item in self._file.read_items(location):
                if item[KEY] in by_line[location]:
                    yield item

    def frozen(self) -> "PackedRows":
        """The items as they are now. Later changes leave them."""
        frozen = PackedRows(self._file)
        frozen._rows, frozen._in_file = self._rows.copy(), self._in_file.copy()
        frozen._shapes, frozen.size = self._shapes.copy(), self.size
        return frozen

    def load(self, changes: Changes, location: Location | None = None) -> None:
        """Apply `changes`; `None` removes. A table with indexes needs `index` at the end.

        `location` is that of their line in the file.
        """
        for item_id, item in changes.items():
            self._set(item_id, None if item is None else self._pack(item, location))

    # ---- Items that stay in the file

    @property
    def ids_in_file(self) -> Set[str]:
        """The ids of the items that stay in the file."""
        return self._in_file

    def is_in_file(self, item_id: str) -> bool:
        return item_id in self._in_file

    def relocate(self, file: OpenGeneration, locations: Mapping[str, Location]) -> bool:
        """From now on read from this `file`. `False` if it is not known where all items are."""
        if not self._in_file <= locations.keys():
            return False
        for item_id in self._in_file:
            self._rows[item_id] = moved(self._rows[item_id], locations[item_id])
        self._file = file
        return True

    def forget_file(self) -> None:
        """Let the file be closed. The items in it cannot be read any more."""
        self._file = None

    def _item_in_file(self, item_id: str, row: bytes) -> ItemInFile:
        if self._file is None:
            raise AssertionError("there is no file to read from")
        return ItemInFile(self._file, unpack_location(row)[0], item_id)

    # ---- Rows

    def _set(self, item_id: str, row: bytes | None) -> None:
        old = self._rows.get(item_id)
        if old is not None:
            self.size -= self._size(old)
        self._in_file.discard(item_id)
        if row is not None:
            self.size += self._size(row)
            self._rows[item_id] = row
            if row.startswith(IN_FILE_PREFIX):
                self._in_file.add(item_id)
        elif old is not None:
            del self._rows[item_id]

    def _pack(self, item: Item, location: Location | None) -> bytes:
        names = tuple(item)
        shape = self._shapes_by_names.get(names)
        if shape is None:
            shape = Shape(len(self._shapes), names)
            self._shapes.append(shape)
            self._shapes_by_names[names] = shape
        values = orjson.dumps(list(item.values()))
        if (
            shape.max_bytes is None
            or len(values) <= shape.max_bytes
            or location is None
            or self._file is None
        ):
            return shape.prefix + values
        keys = [
            (str(item[index.partition]), str(item[index.sort])) if position else None
            for index, position in zip(INDEXES, shape.key_positions, strict=True)
        ]
        return pack_location(location, len(values) + shape.names_size, keys)

    def _size(self, row: bytes) -> int:
        shape = self._shapes[int.from_bytes(row[:SHAPE_BYTES], "big")]
        if not shape.names:
            return unpack_location(row)[1]
        return len(row) - SHAPE_BYTES + shape.names_size
