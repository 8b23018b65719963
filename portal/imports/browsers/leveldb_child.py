"""Reads a LevelDB, in a process of its own: `python leveldb_child.py FOLDER PREFIX MOST_BYTES`.

LevelDB believes what a file says about sizes, and memory that it does not get ends the whole
process; here that is not the import. When it runs, this file imports nothing of the portal, so that
it starts at once.

It writes messages to standard output, each a `HEAD` and then the bytes of a key and of a value.
PREFIX is that of the keys whose values are wanted; of other records only the sizes count.
"""

import os
import resource
import struct
import sys
from collections.abc import Callable, Iterator
from itertools import groupby

#: The kind of a message, and the sizes of its two parts.
HEAD = struct.Struct("<cII")
#: value: the version of the storage's form, empty if it has none. The first message.
VERSION = b"v"
#: key: a storage key, whose records follow.
BEGIN = b"b"
#: key and value of a record, each with the byte that says how it is encoded.
RECORD = b"r"
#: The beginning of a key; the key or the value is longer than MOST_BYTES.
LONG_RECORD = b"l"
#: key: the storage key; value: its `SIZES`, and behind them what the browser noted of it.
END = b"s"
#: value: what LevelDB says is wrong.
ERROR = b"e"
#: The last message. Without it the reading broke off.
DONE = b"d"
#: Of a storage: the bytes of all its records, and the number of those that are not wanted.
SIZES = struct.Struct("<QQ")

#: Bytes that are written, and read, at once.
BUFFER_BYTES = 64 * 1024

#: Bytes. LevelDB takes some 20 MB, and a value in a browser has at most 10 MB.
_MOST_MEMORY = 400_000_000
_NOTE_START = b"META:"
_RECORD_START = b"_"
#: Bytes of a name or a note that are passed on. No browser writes longer ones.
_MOST_NAME = 4_096

Pairs = Iterator[tuple[bytes, bytes]]
Tell = Callable[[bytes, bytes, bytes], None]


def tell_storages(notes: Pairs, records: Pairs, prefix: str, most_bytes: int, tell: Tell) -> None:
    """`notes` and `records` are in the order of their keys, so those of a storage meet. Some may
    have no notes, or no records."""
    wanted = (b"\x01" + prefix.encode("latin-1"), b"\0" + prefix.encode("utf-16-le"))
    note = _next_note(notes)
    for name, of_storage in groupby(records, _storage_of):
        while note is not None and note[0] < name:
            tell(END, note[0], SIZES.pack(0, 0) + note[1])
            note = _next_note(notes)
        short_name = name[:_MOST_NAME]
        tell(BEGIN, short_name, b"")
        size = others = 0
        start = len(_RECORD_START) + len(name) + 1
        for key, value in of_storage:
            text = key[start:]
            size += len(text) + len(value)
            if not text.startswith(wanted):
                others += 1
            elif len(text) > most_bytes or len(value) > most_bytes:
                tell(LONG_RECORD, text[:_MOST_NAME], b"")
            else:
                tell(RECORD, text, value)
        noted = b""
        if note is not None and note[0] == name:
            noted = note[1]
            note = _next_note(notes)
        tell(END, short_name, SIZES.pack(size, others) + noted)
    while note is not None:
        tell(END, note[0], SIZES.pack(0, 0) + note[1])
        note = _next_note(notes)


def _storage_of(record: tuple[bytes, bytes]) -> bytes:
    return record[0][len(_RECORD_START) :].partition(b"\0")[0]


def _next_note(notes: Pairs) -> tuple[bytes, bytes] | None:
    for key, value in notes:
        return key[len(_NOTE_START) :], value[:_MOST_NAME]
    return None


def main() -> None:
    import plyvel  # noqa: PLC0415 - whoever reads the messages need not have it

    folder, prefix, most_bytes = sys.argv[1:]
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_DATA, _MOST_MEMORY)
    with os.fdopen(sys.stdout.fileno(), "wb", BUFFER_BYTES, closefd=False) as output:

        def tell(kind: bytes, key: bytes, value: bytes) -> None:
            output.write(HEAD.pack(kind, len(key), len(value)))
            output.write(key)
            output.write(value)

        try:
            # By default a damaged log reads as an empty one.
            db = plyvel.DB(os.fsencode(folder), create_if_missing=False, paranoid_checks=True)
            tell(VERSION, b"", db.get(b"VERSION", b"")[:_MOST_NAME])
            notes, records = (
                db.iterator(prefix=start, verify_checksums=True, fill_cache=False)
                for start in (_NOTE_START, _RECORD_START)
            )
            tell_storages(notes, records, prefix, int(most_bytes), tell)
            tell(DONE, b"", b"")
        except plyvel.Error as error:
            reason = error.args[0] if error.args and isinstance(error.args[0], bytes) else b""
            tell(ERROR, b"", reason.replace(os.fsencode(folder) + b"/", b""))


def _limit(resource_number: int, most: int) -> None:
    hard = resource.getrlimit(resource_number)[1]
    soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(resource_number, (soft, hard))


if __name__ == "__main__":
    main()
