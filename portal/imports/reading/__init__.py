"""Values of a file -> one `Entry` after another.

formats         the formats of files, and how each is detected
entry_source    what yields entries: a file, or the folder of a browser
document_places the place of each entry of a file
envelopes       what programs wrap around a storage, and how far it is opened
found_entries   what is found: tenants, keys of other programs, what is not read
list_walk       the elements of lists
storage_walk    which objects and texts are opened
entry_reader    a file of any format -> entries
report_rows     rows of the portal's own reports -> entries
csv_cells       CSV cells, guarded against formulas
"""

from portal.imports.reading.csv_cells import EMPTY_TEXT, guard_cell
from portal.imports.reading.entry_reader import EntryReader
from portal.imports.reading.entry_source import EntrySource
from portal.imports.reading.formats import FileFormat

__all__ = ["EMPTY_TEXT", "EntryReader", "EntrySource", "FileFormat", "guard_cell"]
