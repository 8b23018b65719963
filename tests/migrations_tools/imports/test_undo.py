"""`undo-import`: what would go back, what went back, and when it refuses."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from portal import onboarding
from portal.imports import JobState, UndoOutcome, apply_step, undo_step
from portal.imports.undo.stopping import UNATTENDED_AFTER
from portal.stores.file import JsonFileStore
from portal.tenants import AuditInfo, Reason
from portal.timestamps import format_timestamp, utc_now
from tests.conftest import START
from tests.imports.files import lines, tenant
from tests.imports.harness import ImportHarness
from tests.migrations_tools.imports.tool_runner import (
    ROOT,
    count_tenants,
    import_jobs,
    json_output,
    run_tool,
    stored_items,
)

pytestmark = pytest.mark.usefixtures("own_environment")
ANN = AuditInfo(by="Ann Approver", who="staff-ann", at=START)


def imported(folder: Path) -> str:
    """Two tenants are there; an import changes both, and makes two more. Returns its id."""
    first, second = folder / "first.jsonl", folder / "second.jsonl"
    first.write_bytes(lines(tenant(0), tenant(1)))
    second.write_bytes(lines(*(tenant(n, contactFullName="Kim") for n in range(4))))
    assert run_tool("import", first).exit_code == 0
    assert run_tool("import", second, "--policy", "overwrite").exit_code == 0
    return import_jobs(folder)[0].id


def suspend(folder: Path, tenant_id: str, version: int) -> None:
    store = JsonFileStore(folder / "data")
    onboarding.suspend(store, tenant_id, expected_version=version, audit=ANN, reason=Reason.UNPAID)
    store.close()


def test_a_dry_run_says_what_would_go_back_and_writes_nothing(tmp_path: Path) -> None:
    import_id = imported(tmp_path)
    before = stored_items(tmp_path)
    result = run_tool("undo-import", import_id, "--dry-run")
    assert (result.exit_code, result.stdout) == (
        0,
        (
            f"Import {import_id} wrote 4 rows. Would go back to what they were: 2. Would go away,"
            " since they were new: 2. Would stay: 0.\n"
            "Answers to the application: 2 the same, 2 lose access now.\n"
            "  86810_2 loses access now.\n"
            "  86810_3 loses access now.\n"
            "Nothing was changed. Run the command without --dry-run to undo the rows.\n"
        ),
    )
    report = json_output(run_tool("undo-import", import_id, "--dry-run", "--json"))
    assert report["undone"] is False
    assert (report["answerDiff"]["same"], report["answerDiff"]["loseNow"]) == (2, 2)
    assert {row["tenant"]: (row["outcome"], row["access"]) for row in report["rows"]} == {
        "86810_0": ("back", "same"), "86810_1": ("back", "same"),
        "86810_2": ("removed", "lost"), "86810_3": ("removed", "lost"),
    }  # fmt: skip
    assert stored_items(tmp_path) == before


def test_what_was_changed_since_stays_and_is_named(tmp_path: Path) -> None:
    import_id = imported(tmp_path)
    suspend(tmp_path, "86810_1", 2)
    result = run_tool("undo-import", import_id)
    assert (result.exit_code, result.stdout) == (
        1,
        (
            f"Import {import_id} wrote 4 rows. Went back to what they were: 1. Went away, since"
            " they were new: 2. Stayed: 1.\n"
            "  stays: 86810_1: Somebody has changed the tenant since, so it stays as it is."
            " (Ann Approver, 2026-11-23T10:00:00.000Z)\n"
            "Answers to the application: 2 the same, 2 lose access now.\n"
            "  86810_2 loses access now.\n"
            "  86810_3 loses access now.\n"
        ),
    )
    items = stored_items(tmp_path)
    assert sorted(key for key in items if key.startswith("86810_")) == ["86810_0", "86810_1"]
    assert items["86810_0"]["contactFullName"] == tenant()["contactFullName"]
    assert items["86810_1"]["contactFullName"] == "Kim"
    again = run_tool("undo-import", import_id)
    assert (again.exit_code, again.stdout) == (2, "")
    assert "has undone this import already" in again.stderr


def test_it_goes_on_where_another_run_was_stopped(tmp_path: Path) -> None:
    import_id = imported(tmp_path)
    report = json_output(run_tool("undo-import", import_id, "--json"))
    assert (report["undone"], report["importId"]) == (True, import_id)
    assert report["counts"]["back"] + report["counts"]["removed"] == 4


def test_a_resumed_run_says_that_its_answers_are_of_the_rest(tmp_path: Path) -> None:
    import_id = imported(tmp_path)
    store = JsonFileStore(tmp_path / "data")
    # Of two that were new and two that were there: the first one.
    job = undo_step(store, import_id, replace(ANN, at=utc_now()), rows=1)
    assert job.undo
    assert job.undo.counts == {UndoOutcome.REMOVED: 1}
    store.close()
    report = json_output(run_tool("undo-import", import_id, "--dry-run", "--json"))
    assert (report["undoneBefore"], report["counts"]["removed"]) == (1, 2)
    assert (report["answerDiff"]["same"], report["answerDiff"]["loseNow"]) == (2, 1)
    refused = run_tool("undo-import", import_id, "--most-losing", "0")
    assert (refused.exit_code, refused.stderr) == (
        1,
        (
            "Error: Rows that were undone before: 1. This time: Nothing was written: 1 tenant"
            " would lose access, and at most 0 may. Look at them with --dry-run.\n"
        ),
    )
    done = run_tool("undo-import", import_id)
    assert (
        "Went back to what they were: 2. Went away, since they were new: 2. Stayed: 0.\n"
        "Rows that were undone before this run: 1. Of the others:\n"
        "Answers to the application: 2 the same, 1 loses access now.\n"
    ) in done.stdout


def half_written(folder: Path, moved_at: datetime) -> str:
    """An import whose process was killed after 2 of 4 rows. Returns its id."""
    store = JsonFileStore(folder / "data")
    harness = ImportHarness(store, folder / "data")
    job = harness.plan(lines(*(tenant(n) for n in range(4))))
    apply_step(harness.store, job.id, replace(ANN, at=moved_at), rows=2)
    store.close()
    return job.id


def test_what_a_killed_import_wrote_is_undone_by_one_command(tmp_path: Path) -> None:
    import_id = half_written(tmp_path, utc_now() - UNATTENDED_AFTER)
    before = stored_items(tmp_path)
    shown = run_tool("undo-import", import_id, "--dry-run")
    assert shown.stdout.startswith(f"Import {import_id} wrote 2 rows. Would go back to what")
    assert stored_items(tmp_path) == before
    refused = run_tool("undo-import", import_id, "--most-losing", "0")
    assert refused.exit_code == 1
    assert import_jobs(tmp_path)[0].state is JobState.APPLYING
    result = run_tool("undo-import", import_id)
    assert (result.exit_code, "Went away, since they were new: 2." in result.stdout) == (0, True)
    assert count_tenants(tmp_path) == 0
    assert import_jobs(tmp_path)[0].state is JobState.STOPPED


def test_an_import_that_somebody_may_be_writing_is_stopped_only_if_asked(tmp_path: Path) -> None:
    # The clock of whoever writes may be ahead.
    moved_at = utc_now() + timedelta(minutes=5)
    import_id = half_written(tmp_path, moved_at)
    before = stored_items(tmp_path)
    for options in ([], ["--dry-run"]):
        result = run_tool("undo-import", import_id, *options)
        assert (result.exit_code, result.stderr) == (
            2,
            (
                "Error: This import is still being written: its latest rows are of"
                f" {format_timestamp(moved_at)}. If nobody writes it any more, wait a minute and"
                " run the command again. To stop it at once and undo what it wrote, add --stop.\n"
            ),
        )
    assert stored_items(tmp_path) == before
    assert run_tool("undo-import", import_id, "--stop").exit_code == 0
    assert count_tenants(tmp_path) == 0


def test_too_many_who_lose_access_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    import_id = imported(tmp_path)
    before = stored_items(tmp_path)
    result = run_tool("undo-import", import_id, "--most-losing", "1")
    assert (result.exit_code, result.stderr) == (
        1,
        (
            "Error: Nothing was written: 2 tenants would lose access, and at most 1 may. Look at"
            " them with --dry-run.\n"
        ),
    )
    assert stored_items(tmp_path) == before
    assert run_tool("undo-import", import_id, "--most-losing", "2").exit_code == 0


def test_an_unknown_import_is_refused(tmp_path: Path) -> None:
    result = run_tool("undo-import", "import-none")
    assert (result.exit_code, result.stderr) == (2, "Error: No import has this id.\n")


def test_a_report_that_cannot_be_printed_is_said(tmp_path: Path) -> None:
    import_id = imported(tmp_path)
    with Path("/dev/full").open("w") as full:
        process = subprocess.run(
            [sys.executable, "-m", "migrations_tools", "undo-import", import_id, "--json"],
            stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=os.environ.copy(),
            check=False, timeout=60,
        )  # fmt: skip
    assert process.returncode == 1
    assert process.stderr == (
        "Error: The report could not be written (No space left on device). 4 of 4 rows are"
        " undone.\n"
    )
    assert json.dumps(sorted(stored_items(tmp_path))).count("86810_") >= 2
