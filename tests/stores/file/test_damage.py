"""Damage of the file is found and named, and nothing is overwritten."""

import errno
import logging
import random
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portal.stores.contract import (
    Add,
    CorruptStoreError,
    UnavailableError,
)
from portal.stores.file import journal
from portal.stores.file.disk import FileStatus, LocalDisk, ProcessUser
from portal.stores.file.verify_repair import repair_file, verify_file
from tests.stores.file.damage import COMMIT, LAST, NOW, SNAPSHOT, damage, item, lines_of, state_of
from tests.stores.file.opening import open_store


def content_of(line: bytes) -> dict[str, Any]:
    content = journal.decode_line(line[:-1])
    assert content is not None
    return content


def test_the_fixture_has_the_lines_that_the_tests_expect(file):
    lines = [content_of(line) for line in lines_of(file)]
    assert len(lines) == LAST
    assert "row" in lines[SNAPSHOT - 1]
    assert [line["seq"] for line in lines[10:]] == [12, 13, 14, 15, 16]


@pytest.mark.parametrize("number", [1, SNAPSHOT, COMMIT, LAST])
def test_a_wrong_checksum_is_reported_with_line_and_byte(file, number):
    damage(file, "flip", number)
    if number == 1:
        file.write_bytes(file.read_bytes().replace(b"rows", b"rowz", 1))
    left = file.read_bytes()
    start = sum(len(line) for line in lines_of(file)[: number - 1])
    for call in (lambda store: store.check(), lambda store: store.get("t1")):
        with pytest.raises(CorruptStoreError) as caught:
            call(open_store(file.parent))
        assert f"line {number} (at byte {start})" in caught.value.reason
        assert "portal store verify" in caught.value.remedy
        assert "portal store repair" in caught.value.remedy
    assert file.read_bytes() == left
    assert not (file.parent / "tenants.torn").exists()


@pytest.mark.parametrize("kind", ["missing", "twice"])
@pytest.mark.parametrize("number", [SNAPSHOT, COMMIT, LAST])
def test_a_missing_or_repeated_line_is_damage(file, kind, number):
    damage(file, kind, number)
    left = file.read_bytes()
    with pytest.raises(CorruptStoreError) as caught:
        open_store(file.parent).check()
    assert re.search(r"line \d+ \(at byte \d+\)", caught.value.reason)
    assert file.read_bytes() == left


def test_without_the_lock_file_a_bad_line_with_a_newline_is_damage(file):
    damage(file, "flip", LAST)
    (file.parent / "tenants.lock").unlink()
    with pytest.raises(CorruptStoreError):
        open_store(file.parent).check()


def test_a_bad_line_is_damage_if_a_later_line_says_it_was_durable(file):
    damage(file, "flip", COMMIT)
    mark = journal.DurableMark(generation=1, seq=1, size=200)
    (file.parent / "tenants.lock").write_bytes(mark.encode())
    with pytest.raises(CorruptStoreError):
        open_store(file.parent).check()


def test_an_older_copy_of_the_file_is_damage(file):
    shutil.copy(file.parent / "tenants.previous.jsonl", file)
    with pytest.raises(CorruptStoreError, match="before commits that were durable"):
        open_store(file.parent).check()


@pytest.mark.parametrize("left", [1, SNAPSHOT, 9])
def test_a_snapshot_without_its_last_rows_is_damage_without_a_lock_file_too(file, left):
    file.write_bytes(b"".join(lines_of(file)[:left]))
    (file.parent / "tenants.lock").unlink()
    with pytest.raises(CorruptStoreError, match=f"line {left + 1} "):
        open_store(file.parent).check()


def test_a_missing_file_is_not_mistaken_for_a_new_store(file):
    file.unlink()
    previous = file.with_name("tenants.previous.jsonl").rename(file.with_name("aside"))
    with pytest.raises(CorruptStoreError, match="missing"):
        open_store(file.parent).check()
    previous.rename(file.with_name("tenants.previous.jsonl"))
    with pytest.raises(CorruptStoreError, match="missing"):
        open_store(file.parent).check()
    (file.parent / "tenants.lock").unlink()
    with pytest.raises(CorruptStoreError, match="missing"):
        open_store(file.parent).check()
    assert not file.exists()


def test_a_running_portal_finds_damage_on_its_next_write(file):
    store = open_store(file.parent)
    before = state_of(store)
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(CorruptStoreError):
        store.write([Add(item(77))])
    assert state_of(store) == before


def test_random_bit_flips_are_all_found_or_harmless(file):
    rng = random.Random(5)
    good = state_of(open_store(file.parent))
    backup = file.parent.with_name("kept")
    shutil.copytree(file.parent, backup)
    for _ in range(300):
        shutil.rmtree(file.parent)
        shutil.copytree(backup, file.parent)
        victim = file if rng.random() < 0.8 else file.parent / "tenants.lock"
        data = bytearray(victim.read_bytes())
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        victim.write_bytes(data)
        store = open_store(file.parent)
        try:
            assert state_of(store) == good
            assert victim != file
        except CorruptStoreError:
            assert victim == file
            assert victim.read_bytes() == data
            # `repair_file` makes a usable file that lacks at most one commit.
            repair_file(file.parent, NOW)
            restored = state_of(open_store(file.parent))
            assert sum(restored[name] != good[name] for name in good) <= 1
            assert verify_file(file.parent).problem is None
        store.close()


def test_a_newer_format_is_refused_and_the_needed_version_named(file):
    lines = lines_of(file)
    header = content_of(lines[0])
    running = open_store(file.parent)
    running.get("t1")
    header.update(format=2, needs="2.3", generation=3)
    del header["crc"]
    newer = journal.encode_line(header) + b"".join(lines[1:])
    # As a newer portal would do it: rename, then set the mark.
    file.with_name("x").write_bytes(newer)
    file.with_name("x").rename(file)
    (file.parent / "tenants.lock").write_bytes(journal.DurableMark(3, 16, len(newer)).encode())
    for store in (open_store(file.parent), running):
        for call in (store.check, lambda each=store: each.get("t1")):
            with pytest.raises(UnavailableError, match="format 2") as caught:
                call()
            assert "Format 2 needs portal ≥ 2.3" in caught.value.remedy
    assert file.read_bytes() == newer


def test_only_the_owner_can_read_folder_and_files(file):
    assert file.parent.stat().st_mode & 0o777 == 0o700
    for path in file.parent.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600, path


@pytest.mark.parametrize("which", ["file", "folder"])
def test_a_mode_that_lets_others_read_logs_a_warning(file, caplog, which):
    path = file if which == "file" else file.parent
    path.chmod(0o644 if which == "file" else 0o755)
    with caplog.at_level(logging.WARNING, "portal.store"):
        open_store(file.parent).check()
    assert [record.name for record in caplog.records] == ["portal.store"]
    assert str(path) in caplog.text
    assert "chmod" in caplog.text


class Elsewhere(LocalDisk):
    """Files of another owner or group, another file system, or another user of the process."""

    def __init__(
        self,
        kind: str = "ext4",
        *,
        user: ProcessUser | None = None,
        **status: int,
    ) -> None:
        self.kind, self.user, self.changed = kind, user, status

    def status(self, path: Path) -> FileStatus:
        return replace(super().status(path), **self.changed)

    def process_user(self) -> ProcessUser:
        return self.user or super().process_user()

    def mount_info(self) -> str:
        return f"22 1 8:1 / / rw - ext4 /dev/root rw\n36 22 0:30 / / rw - {self.kind} there rw\n"


def test_a_folder_of_another_user_is_refused(file):
    with pytest.raises(UnavailableError, match="another user") as caught:
        open_store(file.parent, disk=Elsewhere(owner=54321)).check()
    assert "chown" in caught.value.remedy


def test_a_volume_that_belongs_to_a_group_of_the_portal_is_used_without_a_warning(file, caplog):
    """As Kubernetes makes it for `fsGroup`: owner root, and the group may write."""
    user = ProcessUser(10001, frozenset({10001}))
    disk = Elsewhere(user=user, owner=0, group=10001, mode=0o2770)
    store = open_store(file.parent, disk=disk)
    store.check()
    store.write([Add({"tenantId": "new"})])
    assert not caplog.records
    open_to_all = Elsewhere(user=user, owner=0, group=10001, mode=0o2775)
    open_store(file.parent, disk=open_to_all).check()
    assert "chmod o= " in caplog.text


@pytest.mark.parametrize(
    ("user", "mode"),
    [
        # Another group, a group that may not write, and root: it may, but what it made there, the
        # portal could not read.
        (ProcessUser(10001, frozenset({10002})), 0o2770),
        (ProcessUser(10001, frozenset({10001})), 0o2750),
        (ProcessUser(0, frozenset({0, 10001})), 0o2770),
    ],
)
def test_a_folder_of_a_group_that_does_not_help_is_refused(file, user, mode):
    disk = Elsewhere(user=user, owner=54321, group=10001, mode=mode)
    with pytest.raises(UnavailableError, match="another user"):
        open_store(file.parent, disk=disk).check()


class ReadOnly(LocalDisk):
    """A disk that is mounted for reading, until `writable`."""

    writable = False

    def open(self, path: Path, *, create: bool = False, read_only: bool = False) -> int:
        if not read_only and not self.writable:
            raise OSError(errno.EROFS, "simulated")
        return super().open(path, create=create, read_only=read_only)


@pytest.mark.parametrize("torn", [b"", b'{"crc":"torn'])
def test_a_disk_that_is_read_only_at_the_start_can_be_read(file, torn):
    expected = state_of(open_store(file.parent))
    with file.open("ab") as tail:
        tail.write(torn)
    before = file.read_bytes()
    disk = ReadOnly()
    store = open_store(file.parent, disk=disk)
    for _ in range(2):
        assert state_of(store) == expected
        for call in (store.check, lambda: store.write([Add({"tenantId": "new"})])):
            with pytest.raises(UnavailableError, match="read-only"):
                call()
    assert file.read_bytes() == before
    # Once it is mounted for writing, everything works again by itself.
    disk.writable = True
    store.write([Add({"tenantId": "new"})])
    assert state_of(store) == state_of(open_store(file.parent)) != expected


@pytest.mark.parametrize("kind", ["nfs4", "cifs"])
def test_a_network_file_system_logs_a_warning(file, caplog, kind):
    open_store(file.parent, disk=Elsewhere(kind)).check()
    assert kind in caplog.text


def test_a_file_system_without_reliable_locks_is_refused(file):
    with pytest.raises(UnavailableError, match=r"fuse\.sshfs"):
        open_store(file.parent, disk=Elsewhere("fuse.sshfs")).check()
