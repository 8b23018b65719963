"""The files that `import` reads and that `import` and `export` write: plain files only."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from migrations_tools.imports.plain_files import AtomicFile
from tests.imports.files import EXPORTS, LIMITS, dump, tenant
from tests.imports.reading.test_hostile import REFUSED, ROWS
from tests.migrations_tools.imports.tool_runner import (
    ROOT,
    count_tenants,
    run_in_shell,
    run_tool,
    stored_items,
)

pytestmark = pytest.mark.usefixtures("own_environment")


@pytest.fixture
def special(tmp_path: Path) -> Path:
    """A folder with a folder, a pipe, a file and a link."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "real.json").write_bytes(dump(tenant()))
    (tmp_path / "link").symlink_to(tmp_path / "real.json")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("missing", "It cannot be opened (No such file or directory)."),
        ("pipe", "This is a pipe, not a file."),
        ("link", "This is a symbolic link, not a file."),
        ("/dev/zero", "This is a device, not a file."),
        ("\x1b]0;x\x07", "It cannot be opened (No such file or directory)."),
        ("a\0b", "This is not a file name."),
    ],
)
def test_only_plain_files_are_read_and_one_line_says_so(special, name, sentence):
    result = run_tool("import", special / name)
    assert result.exit_code == 2
    assert result.stderr.endswith(f": {sentence}\n")
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""
    assert "\x1b" not in result.output


def test_endless_standard_input_ends_at_the_limit(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTAL_IMPORT_COMMAND_MEGABYTES", "2")
    process = run_in_shell(f"yes '{json.dumps(tenant(1))}' | tool import -")
    assert process.returncode == 2
    assert process.stderr == "Error: standard input: The file is larger than 2 MB.\n"
    assert stored_items(tmp_path) == {}


def test_endless_standard_input_ends_at_the_default_limit(tmp_path):
    process = run_in_shell("tr '\\0' ' ' </dev/zero | tool import -")
    assert (process.returncode, process.stdout) == (2, "")
    assert process.stderr == "Error: standard input: The file is larger than 50 MB.\n"
    assert stored_items(tmp_path) == {}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_is_refused_with_the_same_sentence_as_on_the_web(tmp_path, monkeypatch, name):
    monkeypatch.setenv("PORTAL_IMPORT_COMMAND_MEGABYTES", str(LIMITS.size // 1_000_000))
    monkeypatch.setenv("PORTAL_IMPORT_COMMAND_ROWS", str(LIMITS.entries))
    body, _, message = REFUSED[name]
    result = run_tool("import", "-", stdin=body)
    assert (result.exit_code, result.stdout) == (2, "")
    # Advice may follow.
    assert result.stderr.startswith(f"Error: standard input: {message}")
    assert result.stderr.index("\n") == len(result.stderr) - 1
    assert stored_items(tmp_path) == {}


@pytest.mark.parametrize("name", ROWS)
def test_an_invalid_row_has_the_same_reason_as_on_the_web(tmp_path, name):
    value, reason = ROWS[name]
    path = tmp_path / "export.json"
    path.write_text(
        json.dumps({"fsm_tenant_86810_1": value, "fsm_tenant_86810_2": json.dumps(tenant(2))})
    )
    result = run_tool("import", path)
    assert result.exit_code == 1
    assert "Rows: 1 new, 0 same, 0 update, 0 conflict, 0 duplicate, 1 invalid.\n" in result.stdout
    assert reason in result.stdout
    assert "s3cr3t" not in result.output
    assert count_tenants(tmp_path) == 1


def test_a_file_over_the_limit_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(50_000_001)
    result = run_tool("import", path)
    assert (result.exit_code, result.stderr) == (
        2, f"Error: {path}: The file is larger than 50 MB.\n"
    )  # fmt: skip


def test_an_empty_name_and_closed_standard_input_are_refused_in_one_line():
    no_name = run_tool("import", "")
    assert (no_name.exit_code, no_name.stderr) == (
        2, "Error: '': It cannot be opened (No such file or directory).\n"
    )  # fmt: skip
    closed = run_in_shell("tool import - <&-")
    assert (closed.returncode, closed.stderr) == (2, "Error: standard input: It is closed.\n")


# ---- Output


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nowhere/r.csv", "It cannot be written (No such file or directory)."),
        ("folder", "This is a directory, not a file."),
        ("folder/", "This is not a file name."),
        ("pipe", "This is a pipe, not a file."),
        ("link", "This is a symbolic link, not a file."),
        ("/dev/full", "This is a device, not a file."),
        ("data/tenants.jsonl", "This is in the portal's data folder. Choose another folder."),
        ("folder/../data/r.csv", "This is in the portal's data folder. Choose another folder."),
        ("real.json/r.csv", "It cannot be written (Not a directory)."),
        ("a\0b", "This is not a file name."),
    ],
)
@pytest.mark.parametrize("command", ["import", "export"])
def test_a_file_that_cannot_be_written_is_refused_in_one_line_before_anything_is_done(
    special, command, name, sentence
):
    (special / "data").mkdir()
    arguments = (
        ["import", special / "real.json", "--report"]
        if command == "import"
        else ["export", "--out"]
    )
    result = run_tool(*arguments, os.path.join(special, name))  # noqa: PTH118 - Path drops a final slash
    assert result.exit_code == 2
    assert result.stderr.endswith(f": {sentence}\n")
    assert (result.stderr.count("\n"), result.stdout) == (1, "")
    assert list((special / "data").iterdir()) == []


def test_an_output_file_needs_a_name():
    for arguments in (
        ("import", EXPORTS / "trouble.json", "--report", ""),
        ("export", "--out", ""),
    ):
        result = run_tool(*arguments)
        assert (result.exit_code, result.stderr) == (
            2, "Error: '': This is not a file name.\n"
        )  # fmt: skip


def test_an_input_file_cannot_be_the_report(export, tmp_path):
    before = export.read_bytes()
    other = tmp_path / "other.json"
    other.hardlink_to(export)
    for name in (export, other, tmp_path / "folder" / ".." / "export.json"):
        (tmp_path / "folder").mkdir(exist_ok=True)
        result = run_tool("import", EXPORTS / "trouble.json", export, "--report", name)
        assert (result.exit_code, result.stderr) == (
            2, f"Error: {name}: This is one of the files to read. Choose another name.\n"
        )  # fmt: skip
    process = run_in_shell(f"tool import - <{export} --report {export}")
    assert (process.returncode, process.stderr) == (
        2, f"Error: {export}: This is one of the files to read. Choose another name.\n"
    )  # fmt: skip
    assert export.read_bytes() == before
    assert stored_items(tmp_path) == {}


def test_a_read_only_file_is_left_alone(export, tmp_path):
    report = tmp_path / "read-only.csv"
    report.write_text("earlier")
    report.chmod(0o400)
    result = run_tool("import", export, "--report", report)
    # Root may write everything.
    assert result.exit_code == (0 if os.access(report, os.W_OK) else 2)
    assert (report.read_text() == "earlier") is (result.exit_code == 2)


def test_an_earlier_file_stays_until_the_new_one_is_complete(tmp_path, monkeypatch):
    report = tmp_path / "report.json"
    report.write_text("earlier")
    assert run_tool("import", EXPORTS / "not-json.json", "--report", report).exit_code == 2
    assert report.read_text() == "earlier"
    monkeypatch.setenv("PORTAL_DATA_DIR", str(tmp_path / "file"))
    (tmp_path / "file").write_text("no folder")
    result = run_tool("export", "--out", report)
    assert result.exit_code == 1
    assert report.read_text() == "earlier"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "report.json"]


def test_a_new_file_replaces_an_earlier_one_and_is_readable_only_by_its_owner(export, tmp_path):
    for arguments in (("import", export, "--report"), ("export", "--out")):
        target = tmp_path / "target.json"
        target.write_text("earlier")
        target.chmod(0o644)
        assert run_tool(*arguments, target).exit_code == 0
        assert "86810" in target.read_text()
        assert target.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "data", "export.json", "target.json"
    ]  # fmt: skip


@pytest.mark.parametrize("unnamed", [True, False])
def test_a_file_is_complete_or_as_it_was(tmp_path, unnamed):
    path = tmp_path / ("x" * 255)
    for text, before in (("one", []), ("two", [path])):
        file = AtomicFile(path, unnamed=unnamed)
        file.write(text)
        file.close()
        assert list(tmp_path.iterdir()) == before
        file = AtomicFile(path, unnamed=unnamed)
        file.write(text)
        file.publish()
        file.close()
        assert (list(tmp_path.iterdir()), path.read_text()) == ([path], text)
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("unnamed", [True, False])
def test_no_draft_of_a_killed_program_is_left_after_the_next_one(tmp_path, unnamed):
    path = tmp_path / "report.csv"
    script = f"""
import os, signal
from pathlib import Path
from migrations_tools.imports.plain_files import AtomicFile
file = AtomicFile(Path({str(path)!r}), unnamed={unnamed})
file.write("some")
os.kill(os.getpid(), signal.SIGKILL)
"""
    process = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False)
    assert process.returncode == -signal.SIGKILL
    assert unnamed or len(list(tmp_path.iterdir())) == 1
    file = AtomicFile(path, unnamed=unnamed)
    file.publish()
    file.close()
    assert list(tmp_path.iterdir()) == [path]


def test_drafts_with_a_name_are_removed_when_no_program_has_them_locked(tmp_path):
    first = AtomicFile(tmp_path / "report.csv", unnamed=False)
    (draft,) = tmp_path.iterdir()
    prefix, _, rest = draft.name.partition("-")
    abandoned = tmp_path / f"{prefix}-0{rest}"
    of_other_file = tmp_path / f".{'0' * 16}-{rest}"
    for path in (abandoned, of_other_file):
        path.write_text("some")
    second = AtomicFile(tmp_path / "report.csv", unnamed=False)
    assert not abandoned.exists()
    assert of_other_file.exists()
    for file, text in ((first, "first"), (second, "second")):
        file.write(text)
        file.publish()
        assert (tmp_path / "report.csv").read_text() == text
        file.close()
    assert len(list(tmp_path.iterdir())) == 2
