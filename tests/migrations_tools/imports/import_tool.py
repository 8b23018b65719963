"""What tests of the import command share: the tool, and what it answers and leaves."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from migrations_tools.cli import main
from portal.imports.jobs.job import ImportJob, list_jobs
from portal.stores.file.store import JsonFileStore
from tests.examples import all_items

ROOT = Path(__file__).parent.parent.parent.parent


def tool(*words: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], input=stdin)


def typed(line: str) -> "subprocess.CompletedProcess[str]":
    """As somebody types it, with the tool as `tool`."""
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


def answered(result: Result) -> dict[str, Any]:
    return json.loads(result.stdout)


def items(folder: Path) -> dict[str, Any]:
    """Of the file store, whose data is there in `data`."""
    store = JsonFileStore(folder / "data")
    found = all_items(store)
    store.close()
    return found


def tenants(folder: Path) -> int:
    return sum(key.startswith("86810_") for key in items(folder))


def listed(folder: Path) -> list[ImportJob]:
    store = JsonFileStore(folder / "data")
    found = list_jobs(store).runs
    store.close()
    return found
