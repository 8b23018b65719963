"""Bytes -> one `Entry` after another.

decode          bytes -> text: encodings, size, compressed files
json_stream     text -> one JSON value after another, in little memory
strict_json     JSON without what nobody can mean: equal keys, NaN, huge numbers
formats         the formats that people hand in -> entries
detect          which format a value belongs to
report_rows     rows of the portal's own reports
csv_cells       CSV cells, guarded against formulas
duplicate_keys  whether a key of an object was there before
scratch_db      tables on disk that end with the program
"""

from portal.imports.reading.csv_cells import EMPTY, guarded
from portal.imports.reading.decode import Limits, Readable
from portal.imports.reading.formats import EntryReader, FileFormat
from portal.imports.reading.scratch_db import (
    disk_space_needed,
    no_disk_space_error,
    open_scratch_db,
)
from portal.imports.reading.strict_json import OUT_OF_RANGE, StrictJsonError, value_of

__all__ = [
    "EMPTY",
    "OUT_OF_RANGE",
    "EntryReader",
    "FileFormat",
    "Limits",
    "Readable",
    "StrictJsonError",
    "disk_space_needed",
    "guarded",
    "no_disk_space_error",
    "open_scratch_db",
    "value_of",
]
