"""The store's file: its format, and how it is read.

format  the lines: header, snapshot, commits; the durable mark
scan    reading them, with `CorruptStoreError` for damage
"""

from portal.stores.file.journal.format import (
    MARK_SIZE,
    ROW_EXTRA,
    Apply,
    Changes,
    DurableMark,
    Header,
    JournalPosition,
    Location,
    commit_changes,
    commit_line,
    decode_line,
    encode_line,
    row_line,
)
from portal.stores.file.journal.scan import (
    corrupt_error,
    is_whole,
    lines,
    locate_rows,
    missing_error,
    other_store_error,
    read_commits,
    read_header,
    read_items,
    read_snapshot,
    refuse_newer_format,
    unfinished_restore_error,
)

__all__ = [
    "MARK_SIZE", "ROW_EXTRA", "Apply", "Changes", "DurableMark", "Header", "JournalPosition",
    "Location", "commit_changes", "commit_line", "corrupt_error", "decode_line", "encode_line",
    "is_whole", "lines", "locate_rows", "missing_error", "other_store_error", "read_commits",
    "read_header", "read_items", "read_snapshot", "refuse_newer_format", "row_line",
    "unfinished_restore_error",
]  # fmt: skip
