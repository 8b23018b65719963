"""What a shared table says of the store's file from which it was made."""

import sqlite3
from dataclasses import dataclass
from zlib import crc32

from portal.stores.file.disk import Disk, OpenFile
from portal.stores.file.journal import JournalPosition

#: Of the last lines that the table holds: with their checksums, no two stores agree in them.
_TAIL_BYTES = 1024

STATE_SCHEMA = """
CREATE TABLE state (
    generation INT, size INT, seq INT, line INT, tail INT, inode INT, modified INT,
    items INT, bytes INT, sums INT
);
"""
_READ = "SELECT generation, size, seq, line, tail, inode, modified FROM state"
_WRITE = (
    "UPDATE state SET generation = ?, size = ?, seq = ?, line = ?, tail = ?, inode = ?,"
    " modified = ?"
)


@dataclass(frozen=True, slots=True)
class TableState:
    """How far the table was brought up to date.

    Attributes:
        position: Behind the last commit that the table holds.
        tail: A checksum of the bytes before it.
        inode: Of the file.
        modified: When the file was changed last, in nanoseconds.
    """

    position: JournalPosition
    tail: int
    inode: int
    modified: int

    @classmethod
    def of(cls, disk: Disk, file: OpenFile, position: JournalPosition) -> "TableState":
        """The state of a table that holds this file up to this position."""
        tail = _tail(disk, file, position.size)
        return cls(position, tail, disk.inode(file), disk.modified(file))

    @classmethod
    def read(cls, db: sqlite3.Connection) -> "TableState | None":
        """The state in this database; `None` if there is none."""
        row = db.execute(_READ).fetchone()
        return None if row is None else cls(JournalPosition(*row[:4]), *row[4:])

    def write(self, db: sqlite3.Connection) -> None:
        position = self.position
        db.execute(
            _WRITE,
            (position.generation, position.size, position.seq, position.line,
             self.tail, self.inode, self.modified),
        )  # fmt: skip

    def fits(self, disk: Disk, file: OpenFile) -> bool:
        """Whether this is the file from which the table was made, or that file with more in it."""
        size = self.position.size
        # In a copy of the folder the index file may be torn, if somebody wrote while it was copied.
        if self.inode != disk.inode(file):
            return False
        return disk.size(file) >= size and _tail(disk, file, size) == self.tail

    def is_untouched(self, disk: Disk, file: OpenFile) -> bool:
        """Whether nobody has changed the file since."""
        return self.modified == disk.modified(file)


def _tail(disk: Disk, file: OpenFile, size: int) -> int:
    start = max(size - _TAIL_BYTES, 0)
    return crc32(disk.read(file, size - start, start))
