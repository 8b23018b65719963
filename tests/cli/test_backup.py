"""`portal backup` and `portal restore`, as an operator types them."""

import subprocess
from pathlib import Path

import pytest

from portal.cli.backup import backup
from portal.stores import Add
from portal.stores.file import JsonFileStore
from tests.answer_diff.answer_rows import row
from tests.cli.portal_command import run
from tests.serving import serving

END = "2999-12-31T23:59:59.999Z"


@pytest.fixture
def filled(folder: Path) -> Path:
    store = JsonFileStore(folder)
    store.write([Add(row(number, validTo=END)) for number in (1, 2)])
    store.close()
    return folder


def test_a_portal_starts_on_what_was_backed_up(folder: Path, tmp_path: Path) -> None:
    own_key = {"PORTAL_SECRET_KEY": ""}
    for name in ("anna", "ben"):
        run(folder, "staff-link", f"{name}@example.com", "--role", "admin", **own_key)
    said = run(folder, "backup", str(tmp_path / "backup"), **own_key)
    assert " items, up to commit " in said.stdout
    assert "The keys are in it" in said.stdout
    portal_folder = tmp_path / "restored"
    portal_folder.mkdir()
    said = run(portal_folder / "data", "restore", str(tmp_path / "backup"), **own_key)
    assert " items, up to commit " in said.stdout
    assert "`portal answers --compare FILE`" in said.stdout
    with serving(portal_folder, settings=own_key) as portal:
        # While it runs.
        again = run(portal_folder / "data", "backup", str(tmp_path / "again"), **own_key)
        assert again.exit_code == 0
        people = portal.command("staff-list")
        assert all(f"{name}@example.com" in people for name in ("anna", "ben"))


def test_what_cannot_be_opened_without_keys_is_said(filled: Path, tmp_path: Path) -> None:
    result = run(filled, "backup", str(tmp_path / "backup"), "--without-keys")
    assert result.exit_code == 0
    said = " ".join(result.stdout.split())
    assert "Without the first nobody opens the client secrets (0 now)" in said
    assert "Not in it either: what these settings hold: PORTAL_SECRET_KEY." in said
    restored = run(tmp_path / "new", "restore", str(tmp_path / "backup"))
    assert "Put sealing-keys.json and secret-key there before you start" in restored.stdout


def test_files_that_the_portal_did_not_make_are_named(filled: Path, tmp_path: Path) -> None:
    (filled / "dkim.pem").touch()
    (filled / "tenants.damaged-20260102T030405.jsonl").touch()
    result = run(filled, "backup", str(tmp_path / "backup"))
    assert result.stderr.endswith("Not in it, since the portal did not make it: dkim.pem.\n")


def test_each_problem_is_one_sentence_and_status_1(filled: Path, tmp_path: Path) -> None:
    place = str(tmp_path / "backup")
    assert run(filled, "backup", place).exit_code == 0
    damaged = (filled / "tenants.jsonl").read_bytes().replace(b"86810_1", b"86810_7", 1)
    for arguments, sentence in (
        (("backup", place), "is not empty"),
        (("backup", str(filled / "here")), "is in the data folder"),
        (("restore", place), "is not empty"),
        (("restore", str(tmp_path)), "is no backup"),
    ):
        result = run(filled, *arguments)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith("Error: ")
        assert sentence in result.stderr
    nowhere = run(tmp_path / "nowhere", "backup", str(tmp_path / "other"))
    assert "There is no store in" in nowhere.stderr
    (filled / "tenants.jsonl").write_bytes(damaged)
    refused = run(filled, "backup", str(tmp_path / "other"))
    assert (refused.exit_code, (tmp_path / "other").exists()) == (1, False)
    assert "portal store repair" in refused.stderr
    for command in ("backup", "restore"):
        result = run(filled, command, place, USE_DYNAMODB="true")
        assert result.exit_code == 1
        assert "migrations_tools backup" in result.stderr


def test_whose_access_a_restore_changes(filled: Path, tmp_path: Path) -> None:
    place, answers, new = str(tmp_path / "backup"), str(tmp_path / "before"), tmp_path / "new"
    assert run(filled, "backup", place).exit_code == 0
    store = JsonFileStore(filled)
    store.write([Add(row(3, validTo=END))])
    store.close()
    assert run(filled, "answers", "--save", answers).exit_code == 0
    shown = run(new, "restore", place, "--answers", "--compare", answers)
    assert shown.exit_code == 0
    assert "2 the same, 1 loses access now" in shown.stdout
    refused = run(new, "restore", place, "--compare", answers, "--most-losing", "0")
    assert refused.exit_code == 1
    assert not new.exists()
    unknown = run(new, "restore", place, "--answers")
    assert (unknown.exit_code, new.exists()) == (1, False)
    assert run(new, "restore", place, "--compare", answers).exit_code == 0
    assert run(new, "store", "verify").exit_code == 0


def test_the_example_for_every_night_is_one_that_systemd_takes(tmp_path: Path) -> None:
    text = (Path(__file__).parent.parent.parent / "docs" / "operating.md").read_text("utf-8")
    blocks = text.partition("## Backup and restore")[2].partition("\n## ")[0].split("```")
    names = {"portal-backup.service": "[Service]", "portal-backup.timer": "[Timer]"}
    for name, section in names.items():
        (unit,) = [block.removeprefix("ini\n") for block in blocks if section in block]
        # The programs of the example are not on this machine.
        (tmp_path / name).write_text(unit.replace("/opt/portal/bin/portal", "/bin/true"))
    result = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name in names)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (result.returncode, result.stderr) == (0, "")


def test_the_help_says_what_it_needs() -> None:
    assert "The portal may keep running." in str(backup.help)
