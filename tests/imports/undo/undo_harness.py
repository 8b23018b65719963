"""Imports over tenants that are there already, and undoes them."""

from datetime import timedelta

from portal.imports.jobs.apply import ROWS_PER_COMMIT
from portal.imports.jobs.job import ImportJob
from portal.imports.jobs.undo_progress import UndoProgress
from portal.imports.undo.steps import undo_step
from portal.stores.contract import (
    Item,
    Store,
)
from portal.tenants import AuditInfo
from tests.conftest import START
from tests.imports.files import lines, tenant
from tests.imports.harness import ImportHarness

BOB = AuditInfo(by="Bob Boss", who="staff-bob", at=START + timedelta(hours=1))
#: More than one commit.
ROWS = ROWS_PER_COMMIT + 7
#: Those that are there before; the import changes them.
EXISTING = 20
#: What undoing never puts back: each change sets it anew.
OF_THE_CHANGE = {
    "version", "undo", "decidedVerb", "decidedBy", "decidedAt", "decidedWho", "decidedMark",
}  # fmt: skip


def undo(harness: ImportHarness, job: ImportJob, store: Store | None = None) -> ImportJob:
    while not (job.undo and job.undo.is_over):
        job = undo_step(store or harness.store, job.id, BOB)
    return job


def progress(job: ImportJob) -> UndoProgress:
    assert job.undo
    return job.undo


def outcomes(job: ImportJob) -> dict[str, int]:
    return {outcome.value: number for outcome, number in progress(job).counts.items()}


def without_change(item: Item) -> Item:
    return {name: value for name, value in item.items() if name not in OF_THE_CHANGE}


def renamed(number: int) -> dict[str, object]:
    return tenant(number, contactFullName="Kim", clientSecret="another-secret")


def import_over(harness: ImportHarness, *, existing: int = EXISTING, rows: int = ROWS) -> ImportJob:
    """An import of `rows` tenants, `existing` of which were there before with another contact."""
    if existing:
        harness.run(lines(*(tenant(n) for n in range(existing))))
    return harness.run(lines(*(renamed(n) for n in range(rows))), policy="overwrite")


def assert_all_is_as_before(harness: ImportHarness, before: dict[str, Item]) -> None:
    now = harness.tenants()
    assert {key: without_change(item) for key, item in now.items()} == {
        key: without_change(item) for key, item in before.items()
    }
    assert {key: item["version"] for key, item in now.items()} == {
        key: int(item["version"]) + 2 for key, item in before.items()
    }
