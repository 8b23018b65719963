"""Makes on a file what search needs, and copies it: the walk takes a minute on DynamoDB."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portal.stores.contract import Add, Change, Replace, Store
from portal.stores.file.disk import LocalDisk
from portal.stores.file.store import JsonFileStore
from portal.stores.reading import iter_scan
from portal.stores.schema import KEY

#: Items of one write.
_AT_ONCE = 100


class _Unsynced(LocalDisk):
    """Waits for no disk: nobody needs this file after the test."""

    def sync(self, fd: int) -> None:
        """Not this time."""


@contextmanager
def file_to_copy(folder: Path) -> Iterator[JsonFileStore]:
    """An empty file store."""
    store = JsonFileStore(folder / "to-copy", disk=_Unsynced())
    try:
        yield store
    finally:
        store.close()


def copy_changes(source: Store, target: Store) -> None:
    """Write what `source` has more than `target`, or in another version."""
    there = {str(item[KEY]): item for item in iter_scan(target)}
    changes: list[Change] = []
    for item in iter_scan(source):
        before = there.get(str(item[KEY]))
        if before is None:
            changes.append(Add(item))
        elif before != item:
            version = before.get("version")
            changes.append(Replace(item, version if isinstance(version, int) else None))
    for at in range(0, len(changes), _AT_ONCE):
        target.write(changes[at : at + _AT_ONCE])
