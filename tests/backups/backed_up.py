"""What a folder holds."""

from pathlib import Path

from portal.stores import Item, iter_scan
from portal.stores.file import JsonFileStore


def state_of(folder: Path) -> dict[str, Item]:
    """All items of the store in this folder, by id."""
    store = JsonFileStore(folder, may_make=False)
    try:
        return {str(item["tenantId"]): dict(item) for item in iter_scan(store)}
    finally:
        store.close()


def files_of(folder: Path) -> dict[str, bytes]:
    """The content of each file, by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
