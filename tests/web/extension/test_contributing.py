"""CONTRIBUTING.md tells how to add a contact field and a verb. Its changes are made to a copy of
the code, and the copy is tried: one change, few places."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
#: Files that a change may touch, beside words and tests.
MAX_FILES = 3


def changes_in(heading: str) -> str:
    """The `diff` blocks of one section, one after another."""
    section = re.split(r"^## ", GUIDE, flags=re.MULTILINE)
    (text,) = [part for part in section if part.startswith(heading)]
    return "".join(re.findall(r"^```diff\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL))


FIELD = changes_in("Add a field of the contact form")
VERB = changes_in("Add a verb")


@pytest.mark.parametrize("diff", [FIELD, VERB], ids=["field", "verb"])
def test_a_change_touches_few_files(diff: str) -> None:
    assert 1 <= len(re.findall(r"^\+\+\+ ", diff, flags=re.MULTILINE)) <= MAX_FILES


def test_a_field_and_a_verb_that_are_added_to_a_copy_are_everywhere(tmp_path: Path) -> None:
    skip = shutil.ignore_patterns("__pycache__", "benchmarks", "browser", "screenshots")
    for folder in ("portal", "migrations_tools", "templates", "static", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=skip)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for diff in (FIELD, VERB):
        subprocess.run(
            ["git", "apply", "-"],
            input=diff, text=True, cwd=tmp_path, check=True, timeout=60,
        )  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist",
         "tests/web/extension/field_and_verb.py"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300,
        # Each time the copy first: what is installed is the code without the changes.
        env={**os.environ, "PYTHONPATH": str(tmp_path), "PYTEST_ADDOPTS": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^1[0-9] passed", done.stdout, flags=re.MULTILINE), done.stdout
