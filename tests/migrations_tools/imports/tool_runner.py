"""Runs the import and export commands, and shows what they printed and stored."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from migrations_tools.cli import main
from portal.imports import ImportJob, list_jobs
from portal.stores.file import JsonFileStore
from tests.examples import all_items

ROOT = Path(__file__).parent.parent.parent.parent


def run_tool(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    """`python -m migrations_tools <arguments>` in this process."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments], input=stdin)


def run_in_shell(line: str) -> "subprocess.CompletedProcess[str]":
    """A line of bash in which `tool` is `python -m migrations_tools`."""
    script = f'tool() {{ "{sys.executable}" -m migrations_tools "$@"; }}; {line}'
    return subprocess.run(
        ["bash", "-c", script],
        cwd=ROOT,
        env=os.environ.copy(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def json_output(result: Result) -> dict[str, Any]:
    output: dict[str, Any] = json.loads(result.stdout)
    return output


def stored_items(folder: Path) -> dict[str, Any]:
    """All items of the file store in `folder`/data."""
    store = JsonFileStore(folder / "data")
    items = all_items(store)
    store.close()
    return items


def count_tenants(folder: Path) -> int:
    return sum(key.startswith("86810_") for key in stored_items(folder))


def import_jobs(folder: Path) -> list[ImportJob]:
    store = JsonFileStore(folder / "data")
    jobs = list_jobs(store).jobs
    store.close()
    return jobs
