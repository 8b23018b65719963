"""The database of a table: its schema, and what is asked of it."""

from portal.stores.schema import INDEXES

NUMBERS = range(1, len(INDEXES) + 1)
KEY_COLUMNS = [column for n in NUMBERS for column in (f"p{n}", f"s{n}")]

#: `json` is NULL for an item that stays in the store's file, in the line at `line_at`.
COLUMNS = ["json", "checksum", "line_at", "line_size", "size", "seq", *KEY_COLUMNS]

SCHEMA = f"""
CREATE TABLE items (
    id TEXT PRIMARY KEY, hash INT NOT NULL, json BLOB, checksum INT, line_at INT, line_size INT,
    size INT NOT NULL, seq INT NOT NULL, {", ".join(f"{column} TEXT" for column in KEY_COLUMNS)}
);
"""
#: Made once the items are there, which is faster.
INDEX_SCHEMA = [
    f"CREATE INDEX gsi{n} ON items (p{n}, s{n}, id) WHERE p{n} IS NOT NULL" for n in NUMBERS
]

ITEM = "json, checksum, line_at, line_size"
FIND = f"SELECT {ITEM} FROM items WHERE id = ?"  # noqa: S608 - our own names
FIND_WITH_SEQ = f"SELECT seq, {ITEM} FROM items WHERE id = ?"  # noqa: S608
SEQ = "SELECT seq FROM items WHERE id = ?"
BEFORE = f"SELECT size, checksum, {', '.join(KEY_COLUMNS)} FROM items WHERE id = ?"  # noqa: S608
INSERT = (
    f"INSERT INTO items (id, hash, {', '.join(COLUMNS)})"  # noqa: S608
    f" VALUES (?, ?, {', '.join('?' * len(COLUMNS))})"
)
INSERT_OR_UPDATE = (
    f"{INSERT} ON CONFLICT (id) DO UPDATE SET"
    f" {', '.join(f'{column} = excluded.{column}' for column in COLUMNS)}"
)
UPDATE = f"UPDATE items SET {', '.join(f'{column} = ?' for column in COLUMNS)} WHERE id = ?"  # noqa: S608
#: SQLite takes an entry out of each index whose columns are named, and puts it in again.
UPDATE_SAME_KEYS = (
    f"UPDATE items SET {', '.join(f'{column} = ?' for column in COLUMNS[:6])} WHERE id = ?"  # noqa: S608
)
EVERYTHING = f"SELECT id, hash, json, checksum, size, {', '.join(KEY_COLUMNS)} FROM items"  # noqa: S608
DELETE = "DELETE FROM items WHERE id = ?"
TOTALS = "SELECT items, bytes, sums FROM state"
COUNTED_TOTALS = "SELECT count(*), coalesce(sum(size), 0), coalesce(sum(checksum), 0) FROM items"
