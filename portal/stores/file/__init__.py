"""The store in a file of JSON lines, on one machine.

store           the calls of the contract
writer_queue    the threads that write: group commit, and who waits how long
journal/        the format of the file, and when a bad line is damage
journal_writer  appends, compacts, recovers after a crash
journal_reader  reads commits into memory, in each process by itself
lock_file       the lock between processes, and the durable mark
snapshot        begins a new generation of the file
compaction      the same, while others write
table/          the items with their indexes, in SQLite: in memory, or in a file that is shared
table_opener    reads the file into memory, or finds its index file
kept_rows       what was made of items, kept while they are the same
housekeeping    compacts and tidies up in a process that serves no requests
verify_repair  `portal store verify` and `portal store repair`
backup_file     the file at one moment, for a backup; a whole file put into an empty folder
disk            system calls as an argument of the store: tests pass a disk that fails
folder_checks   owner, mode, file system and free space of the data folder
os_errors       an `OSError` -> a reason and a remedy
"""

from portal.stores.file.backup_file import HeldFile, hold_file, put_file, read_copy
from portal.stores.file.journal_writer import FILE_NAME, LOCK_NAME, UNFINISHED_RESTORE
from portal.stores.file.store import JsonFileStore
from portal.stores.file.verify_repair import repair_file, verify_file

__all__ = [
    "FILE_NAME", "LOCK_NAME", "UNFINISHED_RESTORE", "HeldFile", "JsonFileStore", "hold_file",
    "put_file", "read_copy", "repair_file", "verify_file",
]  # fmt: skip
