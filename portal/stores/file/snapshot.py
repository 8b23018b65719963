"""Begins a generation: writes all items to a new file, which then takes the old one's name."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from portal.stores.file import journal
from portal.stores.file.disk import Disk, close_quietly, exists, write_all
from portal.stores.file.journal import Header
from portal.stores.file.memory_table import MemoryTable

_CHUNK = 256 * 1024


def previous_path(path: Path) -> Path:
    """The path of the previous generation."""
    return path.with_name("tenants.previous.jsonl")


def snapshot_size(table: MemoryTable) -> int:
    """Bytes of a snapshot without its header."""
    return table.size + len(table) * journal.ROW_EXTRA


def begin_generation(
    disk: Disk, path: Path, table: MemoryTable, *, generation: int, continues: int | None, seq: int
) -> tuple[int, Header]:
    """Write a snapshot, sync it and give it the name `path`. Returns its descriptor and header.

    After an `OSError`, `path` still leads to a whole file, the old or the new one. Both hold the
    same items.
    """
    header = Header(generation, continues, seq, len(table), snapshot_size(table))
    header = replace(header, length=len(header.line()))
    new_path = path.with_name("tenants.new.jsonl")
    fd = disk.open(new_path, create=True)
    try:
        disk.truncate(fd, 0)
        _write_items(disk, fd, header, table)
        disk.sync(fd)
        if exists(disk, path):
            _keep_previous(disk, path)
        disk.rename(new_path, path)
        # Until this is done, a power cut could take the new file's name, and its commits with it.
        disk.sync_folder(path.parent)
    except BaseException:
        close_quietly(disk, fd)
        with suppress(OSError):
            disk.remove(new_path)
        raise
    return fd, header


def _write_items(disk: Disk, fd: int, header: Header, table: MemoryTable) -> None:
    offset, buffer = 0, bytearray(header.line())
    for item in table.all():
        buffer += journal.encode_line({"row": item})
        if len(buffer) >= _CHUNK:
            write_all(disk, fd, bytes(buffer), offset)
            offset += len(buffer)
            buffer.clear()
    write_all(disk, fd, bytes(buffer), offset)


def _keep_previous(disk: Disk, path: Path) -> None:
    # Through a third name, so that both names lead to a whole file at any moment.
    new_link = path.with_name("tenants.kept.jsonl")
    disk.remove(new_link)
    disk.link(path, new_link)
    disk.rename(new_link, previous_path(path))
