"""A data folder of 1.0: it can be extended, recovered after a crash, and restored."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from portal.settings import Settings
from portal.stores import open_store
from tests.compatibility.conftest import WRITTEN, UpgradedPortal, copy_folder, environ_of
from tests.compatibility.driver import Clock, Portal, closing_portal, run_portal


def items_in(folder: Path) -> dict[str, Mapping[str, Any]]:
    """All items, read through a new store."""
    store = open_store(Settings.from_environment(environ_of(folder)))
    try:
        return {str(item["tenantId"]): item for item in store.scan(limit=1000).items}
    finally:
        store.close()


def test_the_current_code_reads_what_it_added_to_the_folder(
    upgraded_folder: UpgradedPortal,
) -> None:
    upgraded_folder.command("store", "verify")
    before = upgraded_folder.items()
    upgraded_folder.sign_up(company="New Ltd", name="Nim New", email="nim@example.com")
    after = upgraded_folder.items()
    # Each sign-up has a mail and a mark for search, its domain a counter of mails of this day, and
    # the week one of sign-ups.
    assert len(after) == len(before) + 5
    assert items_in(upgraded_folder.folder) == after
    # This erases nothing, but it begins a new generation of the file.
    upgraded_folder.command("erase-closed", "--older-than", "36500")
    upgraded_folder.sign_up(company="Once More", name="Mo", email="mo@example.com")
    last = upgraded_folder.items()
    assert len(last) == len(before) + 8
    assert items_in(upgraded_folder.folder) == last
    upgraded_folder.command("store", "verify")


def test_restore_replaces_a_damaged_snapshot_by_the_previous_generation(tmp_path: Path) -> None:
    whole = items_in(copy_folder("folder", tmp_path / "whole"))
    folder = copy_folder("folder", tmp_path / "data")
    environ = environ_of(folder)
    file = folder / "tenants.jsonl"
    file.write_bytes(file.read_bytes().replace(b"Nordlicht Aufz", b"Nordlicht AUFZ", 1))
    run_portal(environ, "store", "verify", ends_with=1)
    restored = run_portal(environ, "store", "restore")
    assert re.findall("[0-9]+", restored)[:2] == [str(len(whole)), "137"]
    assert items_in(folder) == whole
    run_portal(environ, "store", "verify")


def companies(folder: Path) -> list[str]:
    items = items_in(folder).values()
    return [str(item["contactCompanyName"]) for item in items if "contactCompanyName" in item]


def test_a_torn_last_line_is_moved_to_its_own_file(tmp_path: Path) -> None:
    folder = copy_folder("torn", tmp_path / "data")
    torn = (folder / "tenants.jsonl").read_bytes().rpartition(b"\n")[2]
    assert b"Third Ltd" in torn
    output = run_portal(environ_of(folder), "store", "verify")
    assert re.findall("[0-9]+", output) == ["2", "2", str(len(torn))]
    assert companies(folder) == ["First Ltd", "Second Ltd"]
    assert (folder / "tenants.torn").read_bytes() == torn + b"\n"
    assert with_a_fourth(folder) == ["First Ltd", "Second Ltd", "Fourth Ltd"]


def test_bytes_behind_a_spoilt_mark_are_ignored(tmp_path: Path) -> None:
    folder = copy_folder("spoilt", tmp_path / "data")
    assert b"Third Ltd" in (folder / "tenants.jsonl").read_bytes()
    assert b'"spoilt":true' in (folder / "tenants.lock").read_bytes()
    assert companies(folder) == ["First Ltd", "Second Ltd"]
    assert with_a_fourth(folder) == ["First Ltd", "Second Ltd", "Fourth Ltd"]
    # The write began a new generation, without the sign-up that had failed.
    assert b"Third Ltd" not in (folder / "tenants.jsonl").read_bytes()
    assert b'"generation":2' in (folder / "tenants.jsonl").read_bytes()
    assert b'"spoilt":false' in (folder / "tenants.lock").read_bytes()


def with_a_fourth(folder: Path) -> list[str]:
    """The companies after one more sign-up."""
    with closing_portal(Portal(environ_of(folder), Clock())) as office:
        office.sign_up(company="Fourth Ltd", name="Sam", email="sam4@example.com")
    return companies(folder)


def test_the_secret_key_is_not_replaced(upgraded_folder: UpgradedPortal) -> None:
    assert (upgraded_folder.folder / "secret-key").read_bytes() == (
        WRITTEN / "folder" / "secret-key"
    ).read_bytes()
