"""A data folder that 1.0 wrote: the file goes on, also after a crash, and is repaired."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from portal.settings import Settings
from portal.stores import open_store
from tests.compatibility.conftest import WRITTEN, Written, copied, environ_of
from tests.compatibility.driver import Clock, Portal, run_portal, running


def items_in(folder: Path) -> dict[str, Mapping[str, Any]]:
    """Through a store that has just been opened."""
    store = open_store(Settings.from_environment(environ_of(folder)))
    try:
        return {str(item["tenantId"]): item for item in store.scan(limit=1000).items}
    finally:
        store.close()


def test_a_folder_is_read_again_after_today_wrote_in_it(in_folder: Written) -> None:
    in_folder.command("store", "verify")
    before = in_folder.items()
    in_folder.signs_up(company="From Today", name="Tay Today", email="tay@example.com")
    after = in_folder.items()
    assert len(after) == len(before) + 1
    assert items_in(in_folder.folder) == after
    # A generation of today's, since nothing of what was erased may stay; there is nothing.
    in_folder.command("erase-closed", "--older-than", "36500")
    in_folder.signs_up(company="Once More", name="Mo", email="mo@example.com")
    last = in_folder.items()
    assert len(last) == len(before) + 2
    assert items_in(in_folder.folder) == last
    in_folder.command("store", "verify")


def test_the_generation_before_replaces_a_damaged_snapshot(tmp_path: Path) -> None:
    whole = items_in(copied("folder", tmp_path / "whole"))
    folder = copied("folder", tmp_path / "data")
    environ = environ_of(folder)
    file = folder / "tenants.jsonl"
    file.write_bytes(file.read_bytes().replace(b"Nordlicht Aufz", b"Nordlicht AUFZ", 1))
    run_portal(environ, "store", "verify", ends_with=1)
    restored = run_portal(environ, "store", "restore")
    assert re.findall("[0-9]+", restored)[:2] == [str(len(whole)), "137"]
    assert items_in(folder) == whole
    run_portal(environ, "store", "verify")


def companies(folder: Path) -> list[str]:
    return [str(item["contactCompanyName"]) for item in items_in(folder).values()]


def test_a_torn_last_line_is_set_aside(tmp_path: Path) -> None:
    folder = copied("torn", tmp_path / "data")
    torn = (folder / "tenants.jsonl").read_bytes().rpartition(b"\n")[2]
    assert b"Third Ltd" in torn
    told = run_portal(environ_of(folder), "store", "verify")
    assert re.findall("[0-9]+", told) == ["2", "2", str(len(torn))]
    assert companies(folder) == ["First Ltd", "Second Ltd"]
    assert (folder / "tenants.torn").read_bytes() == torn + b"\n"
    assert goes_on(folder) == ["First Ltd", "Second Ltd", "Fourth Ltd"]


def test_what_lies_behind_a_spoilt_mark_was_refused(tmp_path: Path) -> None:
    folder = copied("spoilt", tmp_path / "data")
    assert b"Third Ltd" in (folder / "tenants.jsonl").read_bytes()
    assert b'"spoilt":true' in (folder / "tenants.lock").read_bytes()
    assert companies(folder) == ["First Ltd", "Second Ltd"]
    assert goes_on(folder) == ["First Ltd", "Second Ltd", "Fourth Ltd"]
    # A new generation: what was refused is nowhere in it.
    assert b"Third Ltd" not in (folder / "tenants.jsonl").read_bytes()
    assert b'"generation":2' in (folder / "tenants.jsonl").read_bytes()
    assert b'"spoilt":false' in (folder / "tenants.lock").read_bytes()


def goes_on(folder: Path) -> list[str]:
    """The companies, once one more has signed up."""
    with running(Portal(environ_of(folder), Clock())) as office:
        office.signs_up(company="Fourth Ltd", name="Sam", email="sam4@example.com")
    return companies(folder)


def test_the_secret_key_of_the_folder_stays(in_folder: Written) -> None:
    assert (in_folder.folder / "secret-key").read_bytes() == (
        WRITTEN / "folder" / "secret-key"
    ).read_bytes()
