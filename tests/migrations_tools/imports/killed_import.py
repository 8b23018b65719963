"""An import in a process of its own, which a test kills, and what it leaves in the store."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from migrations_tools.imports.importing import NEXT_STEP
from portal import records
from portal.imports import JobState, list_jobs
from portal.stores import Item, Store
from tests.conftest import SECRET_KEY
from tests.examples import all_items
from tests.imports.files import SECRET, lines, tenant
from tests.imports.harness import ImportHarness

ROOT = Path(__file__).parent.parent.parent.parent


@dataclass(frozen=True)
class Scene:
    """A store with the first `existing` tenants, and a file with `rows` tenants.

    The file has another name of the contact for all of them.
    """

    folder: Path
    environ: dict[str, str]
    open: Callable[[], Store]
    existing: int
    rows: int

    @property
    def export(self) -> Path:
        return self.folder / "export.jsonl"

    def set_up(self) -> None:
        self.export.write_bytes(
            lines(*(tenant(number, contactFullName="Kim") for number in range(self.rows)))
        )
        with self.opened() as store:
            importer = ImportHarness(store, self.folder / "data")
            job = importer.run(lines(*(tenant(number) for number in range(self.existing))))
            assert (job.state, job.processed) == (JobState.DONE, self.existing)

    @contextmanager
    def opened(self) -> Iterator[Store]:
        store = self.open()
        try:
            yield store
        finally:
            store.close()

    def start(self, *arguments: str, **streams: Any) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "migrations_tools", "import", *arguments]
        return subprocess.Popen(
            [*command, "--policy", "overwrite", "--json"],
            env=self.environ,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **streams,
        )

    def run_to_the_end(self) -> dict[str, int]:
        """The counts of a run that nobody stops."""
        status, output, errors = outcome(self.start(str(self.export)))
        assert (status, errors) == (0, "")
        report = json.loads(output)
        assert report["applied"] is True
        return {kind: number for kind, number in report["counts"].items() if number}

    def rows_written(self) -> int:
        """How many rows of the file are in the store.

        Checks that everything in the store is complete and there once: each tenant has one event
        for each of its versions, and belongs to an import that counts it.
        """
        with self.opened() as store:
            items = all_items(store)
            jobs = list_jobs(store, limit=1000).jobs
        tenants = {key: item for key, item in items.items() if records.is_tenant(item)}
        events = Counter(
            str(item["gsi2pk"]) for key, item in items.items() if key.startswith("event-")
        )
        assert events == {
            records.events_partition(key): item["version"] for key, item in tenants.items()
        }
        assert all(self._is_complete(key, item) for key, item in tenants.items())
        assert {item["importId"] for item in tenants.values()} <= {job.id for job in jobs}
        written = sum(item["contactFullName"] == "Kim" for item in tenants.values())
        assert sum(job.processed for job in jobs) == self.existing + written
        assert SECRET not in repr(items)
        return written

    def _is_complete(self, key: str, item: Item) -> bool:
        existed = int(key.partition("_")[2]) < self.existing
        renamed = item["contactFullName"] == "Kim"
        return (
            item["version"] == existed + renamed
            and str(item["clientSecret"]).startswith("v1.loc.")
            and item["contactEmailAddress"] == "joerg.weiss@muster-haustechnik.example"
        )

    def assert_next_run_writes_the_rest_once(self) -> None:
        """Rows in the store show as same, and after the run all rows are in the store."""
        written = self.rows_written()
        new = max(self.rows - self.existing - written, 0)
        expected = {"new": new, "same": written, "update": self.rows - written - new}
        assert self.run_to_the_end() == {
            kind: number for kind, number in expected.items() if number
        }
        assert self.rows_written() == self.rows


def environ_of(folder: Path, **more: str) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return inherited | {
        "PORTAL_DATA_DIR": str(folder / "data"),
        "PORTAL_SECRET_KEY": SECRET_KEY,
        **more,
    }


def outcome(process: "subprocess.Popen[bytes]") -> tuple[int, str, str]:
    """Exit status, output and errors of the process, without the warning about sealing keys and the
    id of the import."""
    output, errors = process.communicate(timeout=120)
    error_lines = [
        line
        for line in errors.decode().splitlines(keepends=True)
        if not line.startswith("Client secrets are sealed with ")
        and not re.fullmatch(r"Import import-\w{26}\.\n", line)
    ]
    return process.returncode, output.decode(), "".join(error_lines)


def rows_written_of(message: str) -> tuple[int, int]:
    """How many rows of how many are written, according to the message of a stopped import."""
    match = re.fullmatch(
        rf"Error: Stopped\. (\d+) of (\d+) rows are written\. Import import-\w{{26}}\."
        rf" {NEXT_STEP}\n",
        message,
    )
    assert match, message
    return int(match[1]), int(match[2])
