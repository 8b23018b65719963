"""Begins a generation: writes all items to a new file, which then takes the old one's name."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from portal.stores.file import journal
from portal.stores.file.disk import Disk, OpenFile, exists, write_all
from portal.stores.file.journal import Header, Location
from portal.stores.file.table import FrozenItems, ItemTable

_CHUNK = 256 * 1024


def previous_path(path: Path) -> Path:
    """The path of the previous generation."""
    return path.with_name("tenants.previous.jsonl")


def snapshot_size(items: ItemTable | FrozenItems) -> int:
    """Bytes of a snapshot without its header."""
    return items.size + len(items) * journal.ROW_EXTRA


def new_path(path: Path) -> Path:
    """The path of a generation that is being written."""
    return path.with_name("tenants.new.jsonl")


def begin_generation(
    disk: Disk, path: Path, table: ItemTable, *, generation: int, continues: int | None, seq: int
) -> tuple[OpenFile, Header, dict[str, Location]]:
    """Write a snapshot, sync it and give it the name `path`, all under the lock.

    Returns the file, its header, and where the items are that stay in the file. After an
    `OSError`, `path` still leads to a whole file, the old or the new one. Both hold the same
    items.
    """
    # A compaction, perhaps of another process, may be writing to a file of this name.
    disk.remove(new_path(path))
    file = OpenFile.open(disk, new_path(path), create=True)
    try:
        frozen = table.frozen()
        try:
            header, locations = write_snapshot(
                disk, file, frozen, generation=generation, continues=continues, seq=seq
            )
        finally:
            frozen.close()
        disk.sync(file)
        publish(disk, path)
    except BaseException:
        with suppress(OSError):
            disk.remove(new_path(path))
        raise
    return file, header, locations


def write_snapshot(
    disk: Disk,
    file: OpenFile,
    items: FrozenItems,
    *,
    generation: int,
    continues: int | None,
    seq: int,
) -> tuple[Header, dict[str, Location]]:
    """Write the header and all items. Returns the header, and where the items are that stay in
    the file."""
    header = Header(generation, continues, seq, len(items), snapshot_size(items))
    header = replace(header, length=len(header.line()))
    locations: dict[str, Location] = {}
    offset, buffer = 0, bytearray(header.line())
    for item_id, encoded, is_in_file in items.rows():
        line = journal.row_line(encoded)
        if is_in_file:
            locations[item_id] = (offset + len(buffer), len(line) - 1)
        buffer += line
        if len(buffer) >= _CHUNK:
            write_all(disk, file, bytes(buffer), offset)
            offset += len(buffer)
            buffer.clear()
    write_all(disk, file, bytes(buffer), offset)
    return header, locations


def publish(disk: Disk, path: Path) -> None:
    """Give the new file, which was synced, the name `path`. The old one is kept beside it."""
    if exists(disk, path):
        _keep_previous(disk, path)
    disk.rename(new_path(path), path)
    # Until this is done, a power cut could take the new file's name, and its commits with it.
    disk.sync_folder(path.parent)


def _keep_previous(disk: Disk, path: Path) -> None:
    # Through a third name, so that both names lead to a whole file at any moment.
    new_link = path.with_name("tenants.kept.jsonl")
    disk.remove(new_link)
    disk.link(path, new_link)
    disk.rename(new_link, previous_path(path))
