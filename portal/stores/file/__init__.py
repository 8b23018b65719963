"""The store in a file of JSON lines, on one machine.

store           one commit at a time; writes that wait together share a sync
journal         the lines of the file, and what a damaged line means
journal_writer  appends, compacts, recovers after a crash
journal_reader  what one process has read so far
lock_file       the lock between processes, and the durable mark
snapshot        begins a new generation of the file
memory_table    the items in memory, with their indexes
sorted_index    one index: ids in the order of their keys
repair          `portal store verify` and `portal store restore`
disk            the operating system as an argument: tests hand in one that fails
folder_checks   owner, mode, file system and free space of the data folder
os_errors       an `OSError` -> a reason and a remedy
"""

from portal.stores.file.repair import restore_file, verify_file
from portal.stores.file.store import JsonFileStore

__all__ = [
    "JsonFileStore",
    "restore_file",
    "verify_file",
]
