"""Where PORTAL_NO_SKIPS is set, as in .ci/run, a skipped test is a failed one, by name."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent

#: A file of each way to be skipped, and its reason.
SKIPPED = {
    "whole_file": ("pytest.skip('no engine', allow_module_level=True)", "no engine"),
    "one_test": ("def test_it():\n    pytest.skip('no browser')", "no browser"),
    "marked": ("@pytest.mark.skip(reason='not today')\ndef test_it(): ...", "not today"),
    "one_fixture": (
        "@pytest.fixture\ndef x():\n    pytest.skip('no folder')\ndef test_it(x): ...",
        "no folder",
    ),
}

NOT_SKIPPED = {
    "expected_to_fail": "@pytest.mark.xfail(reason='known')\ndef test_it(): assert False",
    "long": "@pytest.mark.long\ndef test_it(): ...",
    "plain": "def test_it(): ...",
}


def run(folder: Path, sources: dict[str, str], *arguments: str, **environ: str) -> tuple[int, str]:
    """pytest's exit status and output for files of these sources, under our conftest.py."""
    for name, source in sources.items():
        (folder / f"test_{name}.py").write_text(f"import pytest\n{source}\n")
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    ours = ("-p", "tests.conftest", "--import-mode=importlib", "-o", "markers=long", "-ra")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *ours, *arguments, folder],
        env={**inherited, "PYTHONPATH": str(ROOT), **environ},
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout


def test_each_skip_fails_the_run_and_is_named(tmp_path: Path) -> None:
    sources = {name: source for name, (source, _) in SKIPPED.items()}
    status, output = run(tmp_path, sources, "--continue-on-collection-errors", PORTAL_NO_SKIPS="1")
    assert status == 1
    for name, (_, reason) in SKIPPED.items():
        assert f"test_{name}.py" in output
        assert f"{reason}, and PORTAL_NO_SKIPS lets no test be skipped" in output
    assert "4 skipped" not in output


def test_a_skip_in_a_process_of_xdist_fails_the_run_too(tmp_path: Path) -> None:
    sources = {"one_test": SKIPPED["one_test"][0]}
    status, output = run(tmp_path, sources, "--numprocesses=1", PORTAL_NO_SKIPS="1")
    assert status == 1
    assert "no browser, and PORTAL_NO_SKIPS lets no test be skipped" in output


def test_elsewhere_a_skip_is_a_skip(tmp_path: Path) -> None:
    status, output = run(tmp_path, {name: source for name, (source, _) in SKIPPED.items()})
    # 5: nothing failed, and nothing ran.
    assert (status, "4 skipped" in output) in ((0, True), (5, True))


def test_an_expected_failure_is_no_skip_and_a_long_test_is_left_out(tmp_path: Path) -> None:
    status, output = run(tmp_path, NOT_SKIPPED, PORTAL_NO_SKIPS="1")
    assert status == 0
    assert "1 passed, 1 deselected, 1 xfailed" in output


def test_long_tests_run_when_they_are_asked_for(tmp_path: Path) -> None:
    status, output = run(tmp_path, NOT_SKIPPED, PORTAL_NO_SKIPS="1", CRASH_LONG="1")
    assert status == 0
    assert "2 passed, 1 xfailed" in output
