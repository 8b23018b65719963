"""Writers are killed at random moments, and another process continues with their file."""

import multiprocessing
import os
import random
import signal
import struct
from multiprocessing.connection import Connection
from pathlib import Path

from portal.stores.contract import Add, Count, Replace, Value, VersionConflictError
from portal.stores.file.disk import LocalDisk
from portal.stores.file.store import JsonFileStore
from portal.stores.schema import GSI2
from tests.processes import CLEAN
from tests.stores.file import opening
from tests.stores.file.opening import open_store
from tests.stores.items import version_of

FORK = multiprocessing.get_context("fork")
KILLS = 600 if os.environ.get("CRASH_LONG") else 60


def pair(version: int, by: int) -> list[dict[str, Value]]:
    """Two items that every commit changes together."""
    return [
        {"tenantId": f"{name}{by}", "version": version, "gsi2pk": f"P{by}",
         "gsi2sk": f"{version:06}#{name}", "text": "x" * 400}
        for name in "ab"
    ]  # fmt: skip


def write_until_killed(folder: Path, by: int, sender: Connection, index_from: int | None) -> None:
    opening.index_from[0] = index_from
    store = open_store(folder)
    version = version_of(store.get(f"a{by}"))
    while True:
        changes = [Replace(item, version) for item in pair(version + 1, by)]
        store.write([*changes, Count(f"count{by}", {"n": 1_000_000})])
        version += 1
        # A write of eight bytes to a pipe is atomic.
        os.write(sender.fileno(), struct.pack("q", version))
        if version % 40 == 0:
            store.compact()


def receive_version(receiver: Connection) -> int:
    version: int = struct.unpack("q", os.read(receiver.fileno(), 8))[0]
    return version


def acknowledged(receiver: Connection, last: int) -> int:
    while receiver.poll() and (data := os.read(receiver.fileno(), 65536)):
        last = struct.unpack_from("q", data, len(data) - 8)[0]
    return last


def test_killed_writers_lose_no_acknowledged_commit_and_leave_no_half_of_one(folder):
    rng = random.Random()
    survivor = open_store(folder)
    survivor.write([Add(item) for by in (0, 1) for item in pair(1, by)])
    survivor.write([Add({"tenantId": "own", "version": 1})])
    for kill in range(1, KILLS + 1):
        pipes = [CLEAN.Pipe(duplex=False) for _ in (0, 1)]
        writers = [
            CLEAN.Process(
                target=write_until_killed,
                args=(folder, by, pipes[by][1], opening.index_from[0]),
                daemon=True,
            )
            for by in (0, 1)
        ]
        for writer in writers:
            writer.start()
        # Both are writing once the first acknowledgement of each has arrived.
        first_versions = [receive_version(receiver) for receiver, _ in pipes]
        for _ in range(rng.randrange(30)):
            first_versions[0] = receive_version(pipes[0][0])
        for writer in writers:
            assert writer.pid is not None
            os.kill(writer.pid, signal.SIGKILL)
        for writer in writers:
            writer.join()
        # Either of them recovers what the killed ones left.
        again = open_store(folder)
        opener = again if kill % 2 else survivor
        opener.write([Replace({"tenantId": "own", "version": kill + 1}, kill)])
        for by in (0, 1):
            last = acknowledged(pipes[by][0], first_versions[by])
            for store in (survivor, again):
                first, second = (store.get(f"{name}{by}") for name in "ab")
                assert first["version"] == second["version"]
                assert store.get(f"count{by}")["n"] == version_of(first) - 1
                # The commit that was under way may have succeeded, too.
                assert first["version"] in (last, last + 1)
                assert [row["version"] for row in store.query(GSI2, f"P{by}").items] == [
                    first["version"]
                ] * 2
            for end in pipes[by]:
                end.close()
        assert again.get("own")["version"] == kill + 1
        again.close()
    survivor.close()


def test_a_store_used_before_a_fork_works_in_parent_and_child(folder):
    store = open_store(folder)
    store.write([Add({"tenantId": "a", "version": 0})])

    def child() -> None:
        for _ in range(50):
            now = version_of(store.get("a"))
            store.write([Add({"tenantId": f"child{now}", "version": 1})])
            count_up(store)

    process = FORK.Process(target=child)
    process.start()
    for _ in range(50):
        count_up(store)
    process.join()
    assert process.exitcode == 0
    assert store.get("a")["version"] == 100
    store.close()


def open_files() -> list[str]:
    """The paths of the files that this process has open."""
    links = Path("/proc/self/fd").iterdir()
    return [str(link.readlink()) for link in links if link.is_symlink() and link.exists()]


class Unclosable(LocalDisk):
    """In a child."""

    def __init__(self) -> None:
        self.parent = os.getpid()

    def close(self, fd: int) -> None:
        if os.getpid() != self.parent:
            raise RuntimeError("not this one")
        super().close(fd)


def test_a_store_that_cannot_be_closed_does_not_keep_others_from_closing_after_a_fork(tmp_path):
    others = [open_store(tmp_path / str(n), disk=Unclosable()) for n in range(9)]
    store = open_store(tmp_path / "data")
    for each in (*others, store):
        each.write([Add({"tenantId": "a", "version": 0})])
    lock = str(tmp_path / "data" / "tenants.lock")
    assert lock in open_files()

    def child() -> None:
        # Nothing is open before the first call.
        os._exit(lock in open_files())

    process = FORK.Process(target=child)
    process.start()
    process.join()
    assert process.exitcode == 0
    store.close()


def count_up(store: JsonFileStore) -> None:
    while True:
        now = version_of(store.get("a"))
        try:
            store.write([Replace({"tenantId": "a", "version": now + 1}, now)])
        except VersionConflictError:
            continue
        return
