"""`import`, `undo-import` and `export`.

commands         the commands: their options, and what an export prints
importing        reads, plans and applies an import, and says how far it came
file_entries     reads the files, and lists the places of their entries
undo_command     the command that undoes an import
undoing          undoes an import, and prints what became of its rows
exporting        writes all tenants
summary          what is printed about an import, and its report
sources          what is read: a file, or the profile of a browser
plain_files      files that an operator names: plain files only, written atomically
standard_output  standard output, which may be closed or full
signals          Ctrl-C and other signals, which stop an import between two writes
"""

from migrations_tools.imports.commands import export, import_
from migrations_tools.imports.undo_command import undo_import

__all__ = [
    "export",
    "import_",
    "undo_import",
]
