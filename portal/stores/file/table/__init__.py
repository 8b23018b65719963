"""All items of the file store with their indexes, so that each is found at once.

item_table    the table: a database of SQLite, in memory or in a file that processes share
table_reads   what can be read of it
kept_ranges   answers about ranges of the indexes, as long as they are right
change        what changes in it together
frozen_items  all items at one moment
items         an item as the table holds it
sql           the schema, and the statements
connections   connections to the database
state         how far a shared table was brought up to date
index_file    finds, makes and checks the file of a shared table
"""

from portal.stores.file.table.connections import is_damage, is_shortage
from portal.stores.file.table.frozen_items import FrozenItems
from portal.stores.file.table.index_file import IndexFile
from portal.stores.file.table.item_table import ItemTable
from portal.stores.file.table.items import (
    TABLE_ERRORS,
    ItemInFile,
    OpenGeneration,
    ReplacedTableError,
)
from portal.stores.file.table.state import TableState

__all__ = [
    "TABLE_ERRORS", "FrozenItems", "IndexFile", "ItemInFile", "ItemTable", "OpenGeneration",
    "ReplacedTableError", "TableState", "is_damage", "is_shortage",
]  # fmt: skip
