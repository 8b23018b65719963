"""Retention removes the rows of old imports, and nothing else of them."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from portal.imports.jobs.apply import apply_step
from portal.imports.jobs.create import draft_marker_id, job_id_of_marker
from portal.imports.jobs.job import ImportJob, JobState, end_job, find_job, list_jobs
from portal.imports.jobs.retention import remove_rows_before
from portal.imports.jobs.row_chunks import page_of_rows
from portal.imports.model.rows import RowKind
from portal.imports.reports.report import job_summary, report_as_json
from portal.stores.contract import Add, Replace, UnavailableError, VersionConflictError
from portal.stores.file.store import JsonFileStore
from portal.tenants import AuditInfo
from tests.conftest import START
from tests.examples import Behind, Counting, Failing, Interrupted, all_items
from tests.imports.files import dump, lines, tenant
from tests.imports.harness import ADMIN, ImportHarness, counts, on_both_stores, rows_of

LATER = START + timedelta(days=200)
RETENTION = AuditInfo(by="retention", at=LATER)
#: Rows of every kind: new, same, update, conflict, duplicate, invalid.
FILE = lines(
    tenant(1), tenant(2, contactFullName="Kim", updatedAt="2026-01-01T00:00:00.000Z"),
    tenant(3, contactFullName="Kim"), tenant(4), tenant(4), tenant(5, validTo="x"),
)  # fmt: skip


def remove_rows(harness: ImportHarness, before: datetime = LATER - timedelta(days=100)) -> int:
    return remove_rows_before(harness.store, before, RETENTION)


def chunk_ids(harness: ImportHarness) -> list[str]:
    return [key for key, item in all_items(harness.raw_store).items() if "rows" in item]


def draft_markers(harness: ImportHarness) -> list[str]:
    return [key for key in all_items(harness.raw_store) if key.endswith("-begun")]


def plan_all_kinds(harness: ImportHarness) -> ImportJob:
    harness.run(lines(tenant(1), tenant(2), tenant(3)))
    return harness.plan(FILE, policy="newer-wins")


def assert_only_rows_are_removed(harness: ImportHarness, before: ImportJob, now: ImportJob) -> None:
    assert (now.by, now.at, now.counts, now.to_write) == (
        before.by, before.at, before.counts, before.to_write
    )  # fmt: skip
    assert (now.processed, now.written) == (before.processed, before.written)
    assert not now.rows_kept
    assert not now.is_open
    assert rows_of(harness, now) == []
    assert all(page_of_rows(harness.store, now, kind) == ([], None) for kind in RowKind)
    report = json.loads("".join(report_as_json([], lambda: job_summary(now))))
    assert report["counts"] == {kind.value: before.counts[kind] for kind in RowKind}
    assert now in list_jobs(harness.store).jobs


@on_both_stores
def test_an_import_done_long_ago_loses_only_its_rows(harness):
    done = harness.apply(plan_all_kinds(harness))
    assert set(counts(done)) == {"new", "same", "update", "conflict", "duplicate", "invalid"}
    tenants, events = harness.tenants(), harness.events()
    # The second one is the import that the tenants came from.
    assert remove_rows(harness) == 2
    now = find_job(harness.store, done.id)
    assert (now.state, now.finished_at, now.ended_by) == (JobState.DONE, done.finished_at, "")
    assert_only_rows_are_removed(harness, done, now)
    assert chunk_ids(harness) == []
    assert (harness.tenants(), harness.events()) == (tenants, events)
    assert remove_rows(harness) == 0


@on_both_stores
def test_an_old_plan_is_discarded_and_cannot_be_applied(harness):
    plan = plan_all_kinds(harness)
    before = harness.tenants()
    assert remove_rows(harness) == 2
    now = find_job(harness.store, plan.id)
    assert (now.state, now.ended_by, now.finished_at) == (JobState.DISCARDED, "retention", LATER)
    assert_only_rows_are_removed(harness, plan, now)
    assert apply_step(harness.store, plan.id, ADMIN) == now
    assert harness.tenants() == before


@on_both_stores
def test_an_import_left_halfway_is_stopped(harness):
    job = apply_step(harness.store, plan_all_kinds(harness).id, ADMIN, rows=1)
    assert job.state is JobState.APPLYING
    assert remove_rows(harness) == 2
    now = find_job(harness.store, job.id)
    assert (now.state, now.ended_by, now.written) == (JobState.STOPPED, "retention", 1)
    assert_only_rows_are_removed(harness, job, now)
    assert apply_step(harness.store, job.id, ADMIN) == now


@on_both_stores
def test_an_ended_import_keeps_who_ended_it(harness):
    bob = AuditInfo(by="Bob Boss", who="staff-bob", at=START)
    job = end_job(harness.store, plan_all_kinds(harness).id, bob)
    assert remove_rows(harness) == 2
    now = find_job(harness.store, job.id)
    assert (now.state, now.ended_by, now.finished_at) == (JobState.DISCARDED, "Bob Boss", START)
    assert_only_rows_are_removed(harness, job, now)


def test_rows_of_a_recent_import_stay(harness):
    job = plan_all_kinds(harness)
    items = all_items(harness.raw_store)
    assert remove_rows(harness, START) == 0
    assert all_items(harness.raw_store) == items
    # Planned long ago, ended just now.
    ended = end_job(harness.store, job.id, replace(ADMIN, at=LATER - timedelta(days=1)))
    assert remove_rows(harness) == 1
    assert find_job(harness.store, job.id) == ended
    assert len(rows_of(harness, ended)) == 6


def test_reclassified_rows_are_removed_too(harness):
    job = plan_all_kinds(harness)
    harness.raw_store.write([Add({"tenantId": "86810_4", "isActive": True})])
    item = harness.raw_store.get("86810_2")
    harness.raw_store.write([Replace({**item, "contactFullName": "Lou", "version": 2}, 1)])
    done = harness.apply(job)
    # A chunk that was replaced has another version.
    chunks = [item for item in all_items(harness.raw_store).values() if "rows" in item]
    assert {item["version"] for item in chunks} > {1}
    assert remove_rows(harness) == 2
    assert_only_rows_are_removed(harness, done, find_job(harness.store, done.id))
    assert chunk_ids(harness) == []


@on_both_stores
def test_a_plan_whose_saving_broke_off_is_removed(harness):
    # Saving fails at a chunk, at another one, and at the job itself.
    for call in range(6, 9):
        failing = ImportHarness(harness.raw_store, harness.folder)
        failing.store = Failing(harness.store, call)
        with pytest.raises(UnavailableError):
            failing.plan(FILE)
    assert (len(draft_markers(harness)), len(chunk_ids(harness))) == (3, 1 + 2 + 3)
    assert remove_rows(harness, START) == 0
    assert len(draft_markers(harness)) == 3
    assert remove_rows(harness) == 3
    assert all_items(harness.raw_store) == {}


@on_both_stores
def test_a_saved_plan_leaves_no_draft_marker(harness):
    harness.plan(FILE)
    assert draft_markers(harness) == []


def test_retention_continues_after_any_failed_call(tmp_path):
    failing_call, is_done = 0, False
    while not is_done:
        store = JsonFileStore(tmp_path / f"{failing_call}")
        harness = ImportHarness(store, tmp_path)
        job = plan_all_kinds(harness)
        harness.store = Failing(harness.store, 6)
        with pytest.raises(UnavailableError):
            harness.plan(FILE)
        harness.store = Failing(store, failing_call)
        try:
            remove_rows(harness)
        except UnavailableError:
            # Either all rows can be read, or none.
            now = find_job(store, job.id)
            assert len(rows_of(harness, now)) == (6 if now.rows_kept else 0)
            harness.store = store
            remove_rows(harness)
        else:
            is_done = True
        now = find_job(store, job.id)
        assert (now.state, now.ended_by, now.leftover) == (JobState.DISCARDED, "retention", {})
        assert chunk_ids(harness) == draft_markers(harness) == []
        store.close()
        failing_call += 1
    assert failing_call > 15


def test_a_plan_can_be_applied_at_the_same_moment(harness):
    job = harness.plan(FILE)

    def apply() -> None:
        apply_step(store, job.id, ADMIN, rows=1)

    harness.store, store = Interrupted(harness.store, apply, apply), harness.store
    assert remove_rows(harness) == 1
    now = find_job(store, job.id)
    assert (now.state, now.ended_by, now.processed) == (JobState.STOPPED, "retention", 2)
    assert chunk_ids(harness) == []


def test_a_step_whose_rows_are_removed_meanwhile_returns_the_ended_job(harness):
    job = harness.plan(lines(*(tenant(n) for n in range(60))))
    apply_step(harness.store, job.id, ADMIN, rows=10)
    # After the step has read the job, before it reads the rows.
    interrupted = InterruptedBeforeSecondRead(harness.store, lambda: remove_rows(harness))
    now = apply_step(interrupted, job.id, ADMIN, rows=10)
    assert (now.state, now.processed, now.rows_kept) == (JobState.STOPPED, 10, False)
    assert len(harness.tenants()) == 10


class InterruptedBeforeSecondRead(Behind):
    """Somebody else acts just before the second read."""

    def __init__(self, store, other):
        super().__init__(store)
        self.other = other
        self.reads = 0

    def before(self, call):
        self.reads += call == "get"
        if self.reads == 2 and call == "get":
            self.other()


@on_both_stores
def test_an_import_that_was_just_applied_is_not_ended_even_if_its_plan_is_old(harness):
    yesterday = replace(ADMIN, at=LATER - timedelta(days=1))
    job = apply_step(harness.store, harness.plan(FILE).id, yesterday, rows=1)
    assert remove_rows(harness) == 0
    assert find_job(harness.store, job.id) == job
    assert remove_rows(harness, LATER) == 1
    assert find_job(harness.store, job.id).state is JobState.STOPPED


def test_a_plan_that_is_applied_for_the_first_time_at_the_same_moment_is_not_ended(harness):
    job = harness.plan(FILE)

    def apply() -> None:
        apply_step(store, job.id, replace(ADMIN, at=LATER), rows=1)

    harness.store, store = Interrupted(harness.store, apply), harness.store
    assert remove_rows(harness) == 0
    now = find_job(store, job.id)
    assert (now.state, now.processed) == (JobState.APPLYING, 1)
    assert harness.apply(now, store=store).state is JobState.DONE


@pytest.mark.parametrize("call", [7, 8])
@on_both_stores
def test_a_plan_that_is_removed_while_it_is_saved_leaves_nothing(harness, call):
    """Removed before a chunk is saved, and before the job itself is."""
    calls = iter(range(100))

    class RemovedMeanwhile(Behind):
        def before(self, _call: str) -> None:
            if next(calls) == call:
                assert remove_rows(ImportHarness(self.inner, harness.folder), LATER) == 1
                assert chunk_ids(harness) == []

    harness.store = RemovedMeanwhile(harness.store)
    with pytest.raises(VersionConflictError):
        harness.plan(FILE)
    assert all_items(harness.raw_store) == {}


def test_an_import_without_rows_costs_only_its_row_of_the_list(harness):
    for number in range(3):
        harness.run(dump(tenant(number)))
    assert remove_rows(harness) == 3
    counting = Counting(harness.store)
    remove_rows_before(counting, LATER, RETENTION)
    assert (counting.cost.gets, counting.cost.queries, counting.cost.rows) == (0, 2, 3)


def test_a_job_of_an_earlier_version_has_its_rows(harness):
    job = plan_all_kinds(harness)
    item = harness.store.get(job.id)
    fields = json.loads(str(item["text"]))
    for name in ("rowsKept", "leftover", "movedAt"):
        del fields[name]
    harness.raw_store.write([Replace({**item, "text": json.dumps(fields)}, 1)])
    assert find_job(harness.store, job.id) == job
    assert job.rows_kept


def test_the_job_id_of_a_draft_marker():
    assert job_id_of_marker(draft_marker_id("import-abc")) == "import-abc"
