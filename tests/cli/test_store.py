"""`portal store`, and what other commands say about a damaged file."""

import socket
from pathlib import Path

import pytest

from portal import create_app
from portal.settings import Settings
from portal.stores.contract import CorruptStoreError
from tests.cli.portal_command import run


def journal_path(folder: Path) -> Path:
    return folder / "tenants.jsonl"


def test_an_intact_file_is_verified_and_left_alone(folder: Path) -> None:
    run(folder, "staff-link", "anna@example.com", "--role", "viewer")
    before = journal_path(folder).read_bytes()
    verified, restored = run(folder, "store", "verify"), run(folder, "store", "repair")
    assert (verified.exit_code, restored.exit_code) == (0, 0)
    assert "The file is intact." in verified.stdout
    assert "nothing was changed" in restored.stdout
    assert journal_path(folder).read_bytes() == before


def damage(folder: Path) -> bytes:
    """A file with three people, one of whose lines is not what was written any more."""
    for name in ("anna", "ben", "clara"):
        run(folder, "staff-link", f"{name}@example.com", "--role", "viewer")
    intact = journal_path(folder).read_bytes()
    damaged = intact.replace(b"ben@example.com", b"bon@example.com")
    assert damaged != intact
    journal_path(folder).write_bytes(damaged)
    return damaged


def test_a_damaged_file_is_reported_and_restored(folder: Path) -> None:
    damaged = damage(folder)
    refused = run(folder, "staff-link", "dora@example.com", "--role", "viewer")
    assert refused.exit_code == 1
    assert "portal store repair" in refused.stderr
    assert run(folder, "store", "verify").exit_code == 1
    assert journal_path(folder).read_bytes() == damaged

    restored = run(folder, "store", "repair")
    assert restored.exit_code == 0
    assert "The damaged file is kept as" in restored.stdout
    assert damaged in [path.read_bytes() for path in folder.glob("*damaged*")]
    assert run(folder, "store", "verify").exit_code == 0
    assert run(folder, "staff-disable", "clara@example.com").exit_code == 0


def test_the_earlier_name_of_repair_still_works_and_warns(folder: Path) -> None:
    damage(folder)
    compared = run(folder, "store", "restore", "--answers", "--most-losing", "0")
    assert compared.exit_code == 1
    assert "Nothing was changed" in compared.stderr
    repaired = run(folder, "store", "restore")
    assert repaired.exit_code == 0
    assert "The damaged file is kept as" in repaired.stdout
    for result in (compared, repaired):
        assert "`portal store restore` is called `portal store repair` now" in result.stderr
        assert "`portal store restore`" not in result.stdout
    assert "restore" not in run(folder, "store", "--help").stdout
    assert run(folder, "store", "verify").exit_code == 0


def test_d02_no_server_starts_on_a_damaged_file(folder: Path) -> None:
    damaged = damage(folder)
    with pytest.raises(CorruptStoreError) as refused:
        create_app(Settings.from_environment({"PORTAL_DATA_DIR": str(folder)}))
    assert "portal store repair" in refused.value.remedy
    assert journal_path(folder).read_bytes() == damaged


def test_d02_serve_says_how_to_repair_a_damaged_file(folder: Path) -> None:
    damaged = damage(folder)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
    result = run(folder, "serve", "--port", port)
    assert result.exit_code == 1
    assert "portal store repair" in result.stderr
    assert journal_path(folder).read_bytes() == damaged


@pytest.mark.parametrize("command", ["verify", "repair"])
def test_the_file_is_not_touched_when_the_data_is_in_dynamodb(folder: Path, command: str) -> None:
    result = run(folder, "store", command, USE_DYNAMODB="true")
    assert result.exit_code == 1
    assert "DynamoDB" in result.stderr
