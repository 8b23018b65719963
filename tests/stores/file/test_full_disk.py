"""A full disk: nothing is saved, reading still works, and with room writing works again.

On a tiny file system where one may be mounted; where not, under a limit on the size of files,
which the system enforces in the same place. So it always runs.
"""

import resource
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from portal.stores.contract import Add, ItemNotFoundError, Replace, UnavailableError
from portal.stores.file.store import JsonFileStore
from tests.stores.file.opening import open_store


@dataclass
class SmallDisk:
    folder: Path
    fill: Callable[[], None]
    make_room: Callable[[], None]
    #: Whether the system can tell the free space.
    measurable: bool


@pytest.fixture(params=["file system", "limit"])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallDisk]:
    mount = tmp_path / "mount"
    mount.mkdir(mode=0o700)
    mounted = request.param == "file system" and _mount(mount)
    if mounted:
        yield SmallDisk(mount / "data", lambda: _fill(mount), (mount / "filler").unlink, True)
        subprocess.run(["umount", "--lazy", mount], check=True)
        return
    folder = mount / "data"
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit() -> None:
        size = (folder / "tenants.jsonl").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, unlimited[1]))

    def lift() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)

    yield SmallDisk(folder, limit, lift, False)
    lift()


def _mount(point: Path) -> bool:
    command: list[str | Path] = ["mount", "-t", "tmpfs", "-o", "size=256k,mode=700", "tmpfs", point]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _fill(point: Path) -> None:
    with (point / "filler").open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 512):
                pass
        except OSError:
            return


def item(n: int, version: int = 1) -> dict:
    return {"tenantId": f"t{n}", "version": version, "text": "x" * 3000}


def write_until_refused(store: JsonFileStore) -> tuple[int, UnavailableError]:
    """The number of the refused commit, and its error. The last page of the disk may hold some."""
    for n in range(1, 100):
        try:
            store.write([Add(item(n)), Add({"tenantId": f"with{n}"})])
        except UnavailableError as error:
            return n, error
    raise AssertionError("the disk is not full")


def test_reading_works_on_a_full_disk_and_writing_works_again_with_room(small):
    store = open_store(small.folder)
    store.write([Add(item(0))])
    small.fill()
    refused, error = write_until_refused(store)
    assert "Nothing was saved" in error.reason
    assert "full" in error.reason or "grow" in error.reason
    assert error.remedy
    expected = {"t0"} | {f"{kind}{n}" for kind in ("t", "with") for n in range(1, refused)}
    other = open_store(small.folder)
    for each in (store, other):
        assert {row["tenantId"] for row in each.scan().items} == expected
        assert each.get("t0") == item(0)
        with pytest.raises(ItemNotFoundError):
            each.get(f"t{refused}")
        if small.measurable:
            with pytest.raises(UnavailableError, match="full") as caught:
                each.check()
            assert caught.value.remedy
    with pytest.raises(UnavailableError):
        other.write([Replace(item(0, version=2), 1)])
    small.make_room()
    for version, each in ((2, other), (3, store)):
        each.check()
        each.write([Replace(item(0, version=version), version - 1)])
    again = open_store(small.folder)
    assert again.get("t0")["version"] == 3
    assert {row["tenantId"] for row in again.scan().items} == expected
    for each in (store, other, again):
        each.close()


def test_reading_works_in_spite_of_a_torn_line_on_a_full_disk(small):
    store = open_store(small.folder)
    store.write([Add(item(0))])
    store.close()
    with (small.folder / "tenants.jsonl").open("ab") as file:
        file.write(b'{"crc":"' + b"x" * 200)
    small.fill()
    store = open_store(small.folder)
    assert store.get("t0") == item(0)
    small.make_room()
    store.write([Add(item(1))])
    assert open_store(small.folder).get("t1") == item(1)


def test_compaction_without_room_is_no_error(small):
    store = open_store(small.folder)
    for n in range(20):
        store.write([Add(item(n))])
    small.fill()
    before = (small.folder / "tenants.jsonl").stat()
    if small.measurable:
        store.compact()
        after = (small.folder / "tenants.jsonl").stat()
        assert (after.st_ino, after.st_size) == (before.st_ino, before.st_size)
    assert len(store.scan().items) == 20
    small.make_room()
    store.compact()
    assert (small.folder / "tenants.jsonl").stat().st_ino != before.st_ino
    store.write([Add(item(20))])
    assert len(open_store(small.folder).scan().items) == 21
