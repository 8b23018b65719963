"""`portal store repair` says whose answer the restored file changes, before it is written."""

from pathlib import Path

import pytest

from portal import create_app
from portal.settings import Settings
from portal.stores.contract import Add, Replace
from portal.stores.file import JsonFileStore
from tests.answer_diff.answer_rows import row
from tests.cli.portal_command import run
from tests.conftest import SECRET_KEY
from tests.strict_client import StrictClient

END = "2999-12-31T23:59:59.999Z"
GAINED = 6


def ask(folder: Path, *companies: int) -> None:
    """A portal on this folder answers, and remembers whom it let in."""
    settings = Settings.from_environment(
        {"PORTAL_DATA_DIR": str(folder), "PORTAL_SECRET_KEY": SECRET_KEY}
    )
    store = JsonFileStore(folder)
    app = create_app(settings, store=store)
    app.test_client_class = StrictClient
    for company in companies:
        answer = app.test_client().get(f"/api/validate?accountId=86810&companyId={company}")
        assert answer.status_code == 200
    assert app.extensions["portal"].last_known.flush()
    store.close()


def fill(folder: Path) -> None:
    """1 to 3 are valid. 4 is not, until the last commit but one; 5 comes with that as well."""
    store = JsonFileStore(folder)
    store.write([
        *(Add(row(number, validTo=END)) for number in (1, 2, 3)),
        Add(row(4, validTo=END, status="suspended")),
    ])  # fmt: skip
    store.write([
        Replace(row(4, validTo=END, version=2, companyName="Lost GmbH"), 1),
        Add(row(5, validTo=END)),
    ])  # fmt: skip
    store.write([Add(row(GAINED, validTo=END))])
    store.close()


def damage(folder: Path) -> bytes:
    """Nothing can be read any more of the commit that let 4 and 5 in."""
    path = folder / "tenants.jsonl"
    damaged = path.read_bytes().replace(b"Lost GmbH", b"Lust GmbH")
    assert damaged != path.read_bytes()
    path.write_bytes(damaged)
    return damaged


@pytest.fixture
def damaged(folder: Path) -> bytes:
    fill(folder)
    ask(folder, 1, 2, 4, 5)
    return damage(folder)


def test_who_had_access_last_is_compared_with_what_would_be_restored(
    folder: Path, damaged: bytes
) -> None:
    shown = run(folder, "store", "repair", "--answers")
    assert shown.exit_code == 0, shown.output
    assert shown.stdout == (
        "Compared with 4 tenants that had access when they last asked.\n"
        "Answers to the application: 4 the same, 2 lose access now.\n"
        "  86810_4 loses access now.\n"
        "  86810_5 loses access now.\n"
    )
    refused = run(folder, "store", "repair", "--most-losing", "1")
    assert refused.exit_code == 1
    assert "2 tenants would lose access, and at most 1 may." in refused.stderr
    assert (folder / "tenants.jsonl").read_bytes() == damaged
    assert not list(folder.glob("*damaged*"))
    restored = run(folder, "store", "repair", "--most-losing", "2")
    assert restored.exit_code == 0, restored.output
    store = JsonFileStore(folder)
    assert store.get("86810_4")["status"] == "suspended"
    assert store.get("86810_6")["status"] == "active"
    store.close()


def test_a_file_of_answers_is_compared_where_there_is_one(folder: Path, tmp_path: Path) -> None:
    fill(folder)
    file = tmp_path / "before.jsonl"
    assert run(folder, "answers", "--save", str(file)).exit_code == 0
    damage(folder)
    shown = run(folder, "store", "repair", "--answers", "--compare", str(file))
    assert shown.exit_code == 0, shown.output
    assert shown.stdout == (
        "Answers to the application: 4 the same, 2 lose access now.\n"
        "  86810_4 loses access now.\n"
        "  86810_5 loses access now.\n"
    )


def test_what_is_not_known_is_said(folder: Path) -> None:
    fill(folder)
    before = damage(folder)
    for arguments in (("--answers",), ("--most-losing", "9")):
        result = run(folder, "store", "repair", *arguments)
        assert result.exit_code == 1
        assert "it is not known what was answered before" in result.stderr
    assert (folder / "tenants.jsonl").read_bytes() == before
    assert not (folder / "last-known.sqlite").exists()
    assert run(folder, "store", "repair").exit_code == 0


def test_a_newer_row_than_the_one_that_was_answered_counts(folder: Path) -> None:
    """Staff have suspended 1 since, and nobody asked: its restored row says so already."""
    fill(folder)
    ask(folder, 1, 2)
    store = JsonFileStore(folder)
    store.write([Replace(row(1, validTo=END, version=2, status="suspended"), 1)])
    store.close()
    damage(folder)
    shown = run(folder, "store", "repair", "--answers")
    assert "Answers to the application: 5 the same.\n" in shown.stdout
