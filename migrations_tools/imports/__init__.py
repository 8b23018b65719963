"""`import` and `export`.

commands       what is typed
importing      reads, plans and applies
exporting      writes all tenants
summary        what is printed of an import
output         standard output that may be closed or full
special_files  files that an operator names: plain ones only, written atomically
signals        Ctrl-C and its like, between two writes
"""

from migrations_tools.imports.commands import export, import_

__all__ = [
    "export",
    "import_",
]
