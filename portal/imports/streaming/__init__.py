"""Bytes -> one JSON value after another, in little memory.

decode          bytes -> text: encodings, compressed files, the limit on size
text_buffer     the part of a long text that is in memory
json_stream     text -> one JSON value after another
containers      the elements of lists and objects, one after another
strict_json     refuses equal keys, NaN and huge numbers
duplicate_keys  finds a key that occurs twice in an object
scratch_db      tables on disk that disappear with the process
"""

from portal.imports.streaming.containers import keys, positions
from portal.imports.streaming.decode import Limits, Readable, decode_text
from portal.imports.streaming.json_stream import InvalidLineError, JsonStream
from portal.imports.streaming.scratch_db import (
    disk_space_needed,
    no_disk_space_error,
    open_scratch_db,
)
from portal.imports.streaming.strict_json import (
    HALF_CHARACTER,
    OUT_OF_RANGE,
    ParsedValue,
    StrictJsonError,
    decode_json,
)

__all__ = [
    "HALF_CHARACTER", "OUT_OF_RANGE", "InvalidLineError", "JsonStream", "Limits", "ParsedValue",
    "Readable", "StrictJsonError", "decode_json", "decode_text", "disk_space_needed", "keys",
    "no_disk_space_error", "open_scratch_db", "positions",
]  # fmt: skip
