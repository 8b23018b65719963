"""Folders that were made to be read: nothing outside is read, and everything has a bound."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from portal.imports.browsers.folder import Folder
from portal.imports.browsers.storages import find_storages
from portal.imports.model import RefusedFileError
from tests.imports.browsers.profiles import (
    APP,
    ChromiumProfile,
    Reading,
    firefox_file,
    firefox_path,
    firefox_row,
    webkit_db,
)
from tests.imports.files import LIMITS

RECORDS = {"fsm_tenant_1_1": "{}"}
FOLDER = "https+++app.example.com"


def refused(path: Path) -> str:
    with pytest.raises(RefusedFileError) as caught:
        Reading(path)
    return str(caught.value)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder with whole storages that lies beside the folder that is read."""
    outside = tmp_path / "outside"
    ChromiumProfile(outside).write(APP, RECORDS)
    firefox_file(firefox_path(outside, FOLDER), APP, [firefox_row("fsm_tenant_1_1", "{}")])
    webkit_db(outside / "https_a.example_0.localstorage", RECORDS).close()
    assert len(Reading(outside).entries) == 3
    return outside


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("Default/Local Storage", "Default/Local Storage"),
        ("Default/Local Storage/leveldb", "Default/Local Storage/leveldb"),
        ("leveldb", "Default/Local Storage/leveldb"),
        ("storage/default/x/ls", f"storage/default/{FOLDER}/ls"),
        ("storage/default/x/ls/data.sqlite", f"storage/default/{FOLDER}/ls/data.sqlite"),
        ("data.sqlite", f"storage/default/{FOLDER}/ls/data.sqlite"),
        ("https_a.example_0.localstorage", "https_a.example_0.localstorage"),
    ],
)
def test_a_link_in_the_place_of_a_storage_is_refused_by_name(outside, tmp_path, link, target):
    inside = tmp_path / "inside"
    (inside / link).parent.mkdir(parents=True)
    (inside / link).symlink_to(outside / target)
    assert refused(inside) == (
        f"{link} is a symbolic link. Links are not followed. Copy what it leads to, and name the"
        " copy."
    )


def test_other_links_are_not_followed(outside, tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "Profile 1").symlink_to(outside / "Default")
    (inside / "storage").symlink_to(outside / "storage")
    (inside / "self").symlink_to(inside)
    assert refused(inside).startswith("No local storage of a browser was found in the folder.")
    ChromiumProfile(inside).write(APP, {"fsm_tenant_1_2": "{}"})
    assert Reading(inside).values == {"fsm_tenant_1_2": "{}"}


@pytest.mark.parametrize("pattern", ["*.log", "*.ldb", "CURRENT", "MANIFEST-*"])
@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_a_part_of_a_leveldb_that_is_no_plain_file_is_refused(tmp_path, pattern, kind):
    profile = ChromiumProfile(tmp_path / "inside")
    profile.write(APP, RECORDS)
    part = profile.files(pattern)[0]
    moved = part.rename(tmp_path / "moved")
    if kind == "link":
        part.symlink_to(moved)
    elif kind == "pipe":
        os.mkfifo(part)
    else:
        part.mkdir()
    message = refused(tmp_path / "inside")
    name = f"Default/Local Storage/leveldb/{part.name}"
    reason = "is a symbolic link." if kind == "link" else "is no plain file."
    assert message.startswith(f"{name} {reason}")


@pytest.mark.parametrize("name", ["data.sqlite", "data.sqlite-journal", "data.sqlite-wal"])
@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_a_part_of_a_file_of_firefox_that_is_no_plain_file_is_refused(tmp_path, name, kind):
    path = firefox_path(tmp_path / "inside", FOLDER)
    firefox_file(path, APP, [firefox_row("fsm_tenant_1_1", "{}")])
    part = path.with_name(name)
    part.unlink(missing_ok=True)
    if kind == "link":
        part.symlink_to("/etc/hostname")
    else:
        os.mkfifo(part)
    message = refused(tmp_path / "inside")
    reason = "is a symbolic link." if kind == "link" else "is no plain file."
    assert message.startswith(f"storage/default/{FOLDER}/ls/{name} {reason}")


def test_a_lock_that_is_a_pipe_or_a_link_is_refused(tmp_path):
    profile = ChromiumProfile(tmp_path / "inside")
    profile.write(APP, RECORDS)
    lock = profile.leveldb / "LOCK"
    lock.unlink()
    os.mkfifo(lock)
    assert refused(tmp_path / "inside") == ("Default/Local Storage/leveldb/LOCK is no plain file.")
    lock.unlink()
    lock.symlink_to("/etc/hostname")
    assert "LOCK is a symbolic link." in refused(tmp_path / "inside")


def test_too_many_files_are_refused_after_as_many_were_listed(tmp_path):
    ChromiumProfile(tmp_path).write(APP, RECORDS)
    for number in range(200):
        (tmp_path / f"{number}").touch()
    with Folder(tmp_path, 300) as folder:
        assert len(find_storages(folder)) == 1
    with Folder(tmp_path, 199) as folder, pytest.raises(RefusedFileError) as caught:
        find_storages(folder)
    assert str(caught.value) == (
        "The folder has more than 199 files and folders. Name the folder of the profile itself."
    )


def test_deep_folders_end_at_a_bound(tmp_path):
    path = tmp_path
    for _ in range(300):
        path /= "d"
        path.mkdir()
    ChromiumProfile(path)
    assert refused(tmp_path).startswith("No local storage of a browser was found in the folder.")


def test_more_bytes_than_allowed_are_not_copied(tmp_path):
    profile = ChromiumProfile(tmp_path / "inside")
    profile.write(APP, {"fsm_tenant_1_1": "x" * 50_000})
    with (profile.leveldb / "000999.ldb").open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(RefusedFileError) as caught:
        Reading(tmp_path / "inside", replace(LIMITS, profile=2_000_000))
    assert str(caught.value) == (
        "The storages are larger than 2 MB. Name the folder of one profile, or raise"
        " PORTAL_IMPORT_PROFILE_MEGABYTES."
    )


def test_names_that_a_terminal_would_obey_or_that_are_no_text_are_escaped(tmp_path):
    profile = ChromiumProfile(tmp_path / "made")
    storage = "https://a.example/\x1b[2J"
    profile.write(storage, {"fsm_tenant_1_1": "{}", "other": "1"})
    hostile = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\x1b]0;x\x07\xff"))
    profile.folder.rename(hostile)
    (entry,) = Reading(tmp_path).entries
    assert entry.place.file == "\x1b]0;x\x07\\xff/Default/Local Storage/leveldb"
    entry.place.file.encode()
    hostile.rename(profile.folder)
    profile.change(lambda db: db.delete(b"_" + storage.encode() + b"\0\1other"))
    profile.folder.rename(hostile)
    (message,) = map(str, Reading(tmp_path).notes)
    assert message.startswith("\\x1b]0;x\\x07\\xff/Default/Local Storage/leveldb: the storage")
    assert "https://a.example/\\x1b[2J is not complete" in message
    assert message.isprintable()
