"""Whoever compacts is killed at each step, while others write. Nothing is lost or comes back."""

import os
import signal
from pathlib import Path

from portal.stores.contract import Add, Remove, Replace
from portal.stores.file.disk import FileStatus, LocalDisk
from portal.stores.file.store import JsonFileStore
from portal.stores.file.verify_repair import verify_file
from portal.stores.schema import GSI2
from tests.processes import CLEAN
from tests.stores.file import opening
from tests.stores.file.opening import open_store


class Dying(LocalDisk):
    """Kills its process before the call with this number, counted from 1."""

    def __init__(self, number: int) -> None:
        self.left = number

    def count(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def open(self, path: Path, *, create: bool = False, read_only: bool = False) -> int:
        self.count()
        return super().open(path, create=create, read_only=read_only)

    def status(self, path: Path) -> FileStatus:
        self.count()
        return super().status(path)

    def modified(self, fd: int) -> int:
        self.count()
        return super().modified(fd)

    def write(self, fd: int, data: bytes, offset: int) -> int:  # type: ignore[override] # wider
        self.count()
        return LocalDisk.write(fd, data, offset)

    def truncate(self, fd: int, size: int) -> None:
        self.count()
        super().truncate(fd, size)

    def sync(self, fd: int) -> None:
        self.count()
        super().sync(fd)

    def sync_folder(self, path: Path) -> None:
        self.count()
        super().sync_folder(path)

    def rename(self, old: Path, new: Path) -> None:
        self.count()
        super().rename(old, new)

    def link(self, old: Path, new: Path) -> None:
        self.count()
        super().link(old, new)

    def remove(self, path: Path) -> None:
        self.count()
        super().remove(path)

    def unlock(self, fd: int) -> None:
        self.count()
        super().unlock(fd)


def item(n: int, version: int) -> dict[str, str | int | bool]:
    return {
        "tenantId": f"t{n}", "version": version, "gsi2pk": "P", "gsi2sk": f"{n:05}",
        "text": "x" * 200,
    }  # fmt: skip


def compact(folder: Path, number: int, index_from: int | None) -> None:
    opening.index_from[0] = index_from
    open_store(folder, disk=Dying(number)).compact()


def exit_code(folder: Path, number: int) -> int | None:
    process = CLEAN.Process(target=compact, args=(folder, number, opening.index_from[0]))
    process.start()
    process.join()
    return process.exitcode


def versions(store: JsonFileStore) -> list[object]:
    return [row["version"] for row in store.query(GSI2, "P").items]


def test_a_compaction_that_is_killed_at_any_step_changes_nothing(folder, table):
    store, version = open_store(folder), 1
    store.write([Add(item(n, 1)) for n in range(10)])
    store.close()
    killed = 0
    while True:
        store, other = open_store(folder), open_store(folder)
        assert versions(store) == versions(other) == [version] * 10
        code = exit_code(folder, killed + 1)
        # Both were there before; one that comes now finds the same.
        for each in (store, other, open_store(folder)):
            assert versions(each) == [version] * 10
        version += 1
        other.write([Replace(item(n, version), version - 1) for n in range(5)])
        store.write([Replace(item(n, version), version - 1) for n in range(5, 10)])
        other.write([Add({"tenantId": "other", "version": 1})])
        other.write([Remove("other", 1)])
        for each in (store, other, open_store(folder)):
            assert versions(each) == [version] * 10
            assert len(each.scan().items) == 10
        assert verify_file(folder).problem is None
        store.close()
        other.close()
        if code == 0:
            break
        assert code == -signal.SIGKILL
        killed += 1
    assert killed > 20, table
