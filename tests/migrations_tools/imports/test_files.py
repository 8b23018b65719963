"""The files that the import reads and those that it and the export write, and what is none."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from migrations_tools.imports.special_files import AtomicFile
from tests.imports.importing import EXPORTS, LIMITS, dump, tenant
from tests.imports.reading.test_hostile import REFUSED, ROWS
from tests.migrations_tools.imports.import_tool import ROOT, items, tenants, tool, typed

pytestmark = pytest.mark.usefixtures("own_environment")


@pytest.fixture
def special(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "real.json").write_bytes(dump(tenant()))
    (tmp_path / "link").symlink_to(tmp_path / "real.json")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing", "It cannot be opened (No such file or directory)."),
        ("folder", "This is a directory, and not a file."),
        ("pipe", "This is a pipe, and not a file."),
        ("link", "This is a symbolic link, and not a file."),
        ("/dev/zero", "This is a device, and not a file."),
        ("\x1b]0;x\x07", "It cannot be opened (No such file or directory)."),
        ("a\0b", "This is not the name of a file."),
    ],
)
def test_only_plain_files_are_read_and_one_line_says_so(special, name, said):
    result = tool("import", special / name)
    assert result.exit_code == 2
    assert result.stderr.endswith(f": {said}\n")
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""
    assert "\x1b" not in result.output


def test_endless_standard_input_ends_at_the_limit(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTAL_IMPORT_COMMAND_MEGABYTES", "2")
    done = typed(f"yes '{json.dumps(tenant(1))}' | tool import -")
    assert done.returncode == 2
    assert done.stderr == "Error: standard input: The file is larger than 2 MB.\n"
    assert items(tmp_path) == {}


def test_endless_standard_input_ends_without_any_setting(tmp_path):
    done = typed("tr '\\0' ' ' </dev/zero | tool import -")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "Error: standard input: The file is larger than 50 MB.\n"
    assert items(tmp_path) == {}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_elsewhere_is_refused_with_the_same_sentence(tmp_path, monkeypatch, name):
    monkeypatch.setenv("PORTAL_IMPORT_COMMAND_MEGABYTES", str(LIMITS.size // 1_000_000))
    monkeypatch.setenv("PORTAL_IMPORT_COMMAND_ROWS", str(LIMITS.entries))
    body, _, message = REFUSED[name]
    result = tool("import", "-", stdin=body)
    assert (result.exit_code, result.stdout) == (2, "")
    # What to do may stand behind it.
    assert result.stderr.startswith(f"Error: standard input: {message}")
    assert result.stderr.index("\n") == len(result.stderr) - 1
    assert items(tmp_path) == {}


@pytest.mark.parametrize("name", ROWS)
def test_what_is_a_row_with_its_reason_elsewhere_is_told_so_and_the_others_are_in(tmp_path, name):
    value, reason = ROWS[name]
    path = tmp_path / "export.json"
    path.write_text(
        json.dumps({"fsm_tenant_86810_1": value, "fsm_tenant_86810_2": json.dumps(tenant(2))})
    )
    result = tool("import", path)
    assert result.exit_code == 1
    assert "Rows: 1 new, 0 same, 0 update, 0 conflict, 0 duplicate, 1 invalid.\n" in result.stdout
    assert reason in result.stdout
    assert "s3cr3t" not in result.output
    assert tenants(tmp_path) == 1


def test_a_file_over_the_limit_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(50_000_001)
    result = tool("import", path)
    assert (result.exit_code, result.stderr) == (
        2, f"Error: {path}: The file is larger than 50 MB.\n"
    )  # fmt: skip


def test_a_file_without_a_name_and_closed_standard_input_are_refused_in_one_line():
    nameless = tool("import", "")
    assert (nameless.exit_code, nameless.stderr) == (
        2, "Error: '': It cannot be opened (No such file or directory).\n"
    )  # fmt: skip
    closed = typed("tool import - <&-")
    assert (closed.returncode, closed.stderr) == (2, "Error: standard input: It is closed.\n")


# ---- To be written


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere/r.csv", "It cannot be written (No such file or directory)."),
        ("folder", "This is a directory, and not a file."),
        ("folder/", "This is not the name of a file."),
        ("pipe", "This is a pipe, and not a file."),
        ("link", "This is a symbolic link, and not a file."),
        ("/dev/full", "This is a device, and not a file."),
        ("data/tenants.jsonl", "This is in the portal's data folder. Choose another place."),
        ("folder/../data/r.csv", "This is in the portal's data folder. Choose another place."),
        ("real.json/r.csv", "It cannot be written (Not a directory)."),
        ("a\0b", "This is not the name of a file."),
    ],
)
@pytest.mark.parametrize("command", ["import", "export"])
def test_what_cannot_be_written_is_said_in_one_line_before_anything_is_done(
    special, command, name, said
):
    (special / "data").mkdir()
    words = (
        ["import", special / "real.json", "--report"]
        if command == "import"
        else ["export", "--out"]
    )
    result = tool(*words, os.path.join(special, name))  # noqa: PTH118 - a path loses the last stroke
    assert result.exit_code == 2
    assert result.stderr.endswith(f": {said}\n")
    assert (result.stderr.count("\n"), result.stdout) == (1, "")
    assert list((special / "data").iterdir()) == []


def test_a_target_without_a_name_is_none():
    for words in (("import", EXPORTS / "trouble.json", "--report", ""), ("export", "--out", "")):
        result = tool(*words)
        assert (result.exit_code, result.stderr) == (
            2, "Error: '': This is not the name of a file.\n"
        )  # fmt: skip


def test_no_file_that_is_read_becomes_the_report(export, tmp_path):
    before = export.read_bytes()
    other = tmp_path / "other.json"
    other.hardlink_to(export)
    for name in (export, other, tmp_path / "folder" / ".." / "export.json"):
        (tmp_path / "folder").mkdir(exist_ok=True)
        result = tool("import", EXPORTS / "trouble.json", export, "--report", name)
        assert (result.exit_code, result.stderr) == (
            2, f"Error: {name}: This is a file that is read. Choose another name.\n"
        )  # fmt: skip
    done = typed(f"tool import - <{export} --report {export}")
    assert (done.returncode, done.stderr) == (
        2, f"Error: {export}: This is a file that is read. Choose another name.\n"
    )  # fmt: skip
    assert export.read_bytes() == before
    assert items(tmp_path) == {}


def test_a_file_that_may_not_be_written_is_left_alone(export, tmp_path):
    target = tmp_path / "mine.csv"
    target.write_text("mine")
    target.chmod(0o400)
    result = tool("import", export, "--report", target)
    # Nothing is refused to root.
    assert result.exit_code == (0 if os.access(target, os.W_OK) else 2)
    assert (target.read_text() == "mine") is (result.exit_code == 2)


def test_what_was_there_stays_until_the_new_one_is_whole(tmp_path, monkeypatch):
    report = tmp_path / "report.json"
    report.write_text("of yesterday")
    assert tool("import", EXPORTS / "not-json.json", "--report", report).exit_code == 2
    assert report.read_text() == "of yesterday"
    monkeypatch.setenv("PORTAL_DATA_DIR", str(tmp_path / "file"))
    (tmp_path / "file").write_text("no folder")
    result = tool("export", "--out", report)
    assert result.exit_code == 1
    assert report.read_text() == "of yesterday"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "report.json"]


def test_what_is_written_takes_the_place_of_what_was_there_for_its_owner_alone(export, tmp_path):
    for words in (("import", export, "--report"), ("export", "--out")):
        target = tmp_path / "target.json"
        target.write_text("of yesterday")
        target.chmod(0o644)
        assert tool(*words, target).exit_code == 0
        assert "86810" in target.read_text()
        assert target.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "data", "export.json", "target.json"
    ]  # fmt: skip


@pytest.mark.parametrize("nameless", [True, False])
def test_a_target_is_whole_or_as_it_was(tmp_path, nameless):
    path = tmp_path / ("x" * 255)
    for text, before in (("one", []), ("two", [path])):
        target = AtomicFile(path, nameless=nameless)
        target.write(text)
        target.let_go()
        assert list(tmp_path.iterdir()) == before
        target = AtomicFile(path, nameless=nameless)
        target.write(text)
        target.finish()
        target.let_go()
        assert (list(tmp_path.iterdir()), path.read_text()) == ([path], text)
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("nameless", [True, False])
def test_whoever_is_killed_leaves_no_draft_behind_the_next_one(tmp_path, nameless):
    path = tmp_path / "report.csv"
    killed = f"""
import os, signal
from pathlib import Path
from migrations_tools.imports.special_files import AtomicFile
target = AtomicFile(Path({str(path)!r}), nameless={nameless})
target.write("some")
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", killed], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert nameless or len(list(tmp_path.iterdir())) == 1
    target = AtomicFile(path, nameless=nameless)
    target.finish()
    target.let_go()
    assert list(tmp_path.iterdir()) == [path]


def test_where_drafts_have_names_those_that_nobody_holds_any_more_are_removed(tmp_path):
    living = AtomicFile(tmp_path / "report.csv", nameless=False)
    (draft,) = tmp_path.iterdir()
    mark, _, rest = draft.name.partition("-")
    dead = tmp_path / f"{mark}-0{rest}"
    other = tmp_path / f".{'0' * 16}-{rest}"
    for left in (dead, other):
        left.write_text("left")
    last = AtomicFile(tmp_path / "report.csv", nameless=False)
    assert not dead.exists()
    assert other.exists()
    for target, text in ((living, "first"), (last, "last")):
        target.write(text)
        target.finish()
        assert (tmp_path / "report.csv").read_text() == text
        target.let_go()
    assert len(list(tmp_path.iterdir())) == 2
