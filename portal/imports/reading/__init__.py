"""Bytes -> one `Entry` after another.

decode          bytes -> text: encodings, compressed files, the limit on size
text_buffer     the part of a long text that is in memory
json_stream     text -> one JSON value after another
strict_json     refuses equal keys, NaN and huge numbers
formats         the formats of files, and how each is detected
entry_source    what yields entries: a file, or the folder of a browser
document_places the place of each entry of a file
envelopes       what programs wrap around a storage, and how far it is opened
containers      goes over lists and objects without holding them
found_entries   what is found: tenants, keys of other programs, what is not read
storage_walk    which lists, objects and texts are opened
entry_reader    a file of any format -> entries
report_rows     rows of the portal's own reports -> entries
csv_cells       CSV cells, guarded against formulas
duplicate_keys  finds a key that occurs twice in an object
scratch_db      tables on disk that disappear with the process
"""

from portal.imports.reading.csv_cells import EMPTY_TEXT, guard_cell
from portal.imports.reading.decode import Limits, Readable
from portal.imports.reading.entry_reader import EntryReader
from portal.imports.reading.entry_source import EntrySource
from portal.imports.reading.formats import FileFormat
from portal.imports.reading.scratch_db import (
    disk_space_needed,
    no_disk_space_error,
    open_scratch_db,
)
from portal.imports.reading.strict_json import OUT_OF_RANGE, StrictJsonError, decode_json

__all__ = [
    "EMPTY_TEXT", "OUT_OF_RANGE", "EntryReader", "EntrySource", "FileFormat", "Limits", "Readable",
    "StrictJsonError", "decode_json", "disk_space_needed", "guard_cell", "no_disk_space_error",
    "open_scratch_db",
]  # fmt: skip
