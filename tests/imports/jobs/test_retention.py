"""What is left of an import when the time of its rows is over: everything but its rows."""

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
from tests.imports.importing import ADMIN, Importer, counts, dump, lines, rows_of, tenant

LATER = START + timedelta(days=200)
RETENTION = AuditInfo(by="retention", at=LATER)
#: A bit of every kind: new, same, update, conflict, duplicate, invalid.
FILE = lines(
    tenant(1), tenant(2, contactFullName="Kim", updatedAt="2026-01-01T00:00:00.000Z"),
    tenant(3, contactFullName="Kim"), tenant(4), tenant(4), tenant(5, validTo="x"),
)  # fmt: skip


def removed(importer: Importer, before: datetime = LATER - timedelta(days=100)) -> int:
    return remove_rows_before(importer.store, before, RETENTION)


def chunk_ids(importer: Importer) -> list[str]:
    return [key for key, item in all_items(importer.kept).items() if "rows" in item]


def begun(importer: Importer) -> list[str]:
    return [key for key in all_items(importer.kept) if key.endswith("-begun")]


def planned(importer: Importer) -> ImportJob:
    importer.run(lines(tenant(1), tenant(2), tenant(3)))
    return importer.plan(FILE, policy="newer-wins")


def assert_nothing_but_its_rows_is_gone(
    importer: Importer, before: ImportJob, now: ImportJob
) -> None:
    assert (now.by, now.at, now.counts, now.to_write) == (
        before.by, before.at, before.counts, before.to_write
    )  # fmt: skip
    assert (now.processed, now.written) == (before.processed, before.written)
    assert not now.rows_kept
    assert not now.is_open
    assert rows_of(importer, now) == []
    assert [page_of_rows(importer.store, now, kind) for kind in RowKind] == [([], None)] * len(
        RowKind
    )
    report = json.loads("".join(report_as_json([], lambda: job_summary(now))))
    assert report["counts"] == {kind.value: before.counts[kind] for kind in RowKind}
    assert now in list_jobs(importer.store).runs


def test_an_import_that_was_done_long_ago_keeps_everything_but_its_rows(either):
    done = either.apply(planned(either))
    assert set(counts(done)) == {"new", "same", "update", "conflict", "duplicate", "invalid"}
    tenants, events = either.tenants(), either.events()
    # The one of which the tenants were, too.
    assert removed(either) == 2
    now = find_job(either.store, done.id)
    assert (now.state, now.finished_at, now.ended_by) == (JobState.DONE, done.finished_at, "")
    assert_nothing_but_its_rows_is_gone(either, done, now)
    assert chunk_ids(either) == []
    assert (either.tenants(), either.events()) == (tenants, events)
    assert removed(either) == 0


def test_a_plan_that_nobody_applied_is_discarded_and_cannot_be_applied(either):
    plan = planned(either)
    before = either.tenants()
    assert removed(either) == 2
    now = find_job(either.store, plan.id)
    assert (now.state, now.ended_by, now.finished_at) == (JobState.DISCARDED, "retention", LATER)
    assert_nothing_but_its_rows_is_gone(either, plan, now)
    assert apply_step(either.store, plan.id, ADMIN) == now
    assert either.tenants() == before


def test_what_was_left_half_way_is_stopped(either):
    run = apply_step(either.store, planned(either).id, ADMIN, rows=1)
    assert run.state is JobState.APPLYING
    assert removed(either) == 2
    now = find_job(either.store, run.id)
    assert (now.state, now.ended_by, now.written) == (JobState.STOPPED, "retention", 1)
    assert_nothing_but_its_rows_is_gone(either, run, now)
    assert apply_step(either.store, run.id, ADMIN) == now


def test_what_somebody_ended_keeps_who_ended_it(either):
    bob = AuditInfo(by="Bob Boss", who="staff-bob", at=START)
    run = end_job(either.store, planned(either).id, bob)
    assert removed(either) == 2
    now = find_job(either.store, run.id)
    assert (now.state, now.ended_by, now.finished_at) == (JobState.DISCARDED, "Bob Boss", START)
    assert_nothing_but_its_rows_is_gone(either, run, now)


def test_rows_whose_time_is_not_over_stay(importer):
    run = planned(importer)
    kept = all_items(importer.kept)
    assert removed(importer, START) == 0
    assert all_items(importer.kept) == kept
    # Planned long ago, and ended just now.
    ended = end_job(importer.store, run.id, replace(ADMIN, at=LATER - timedelta(days=1)))
    assert removed(importer) == 1
    assert find_job(importer.store, run.id) == ended
    assert len(rows_of(importer, ended)) == 6


def test_rows_that_turned_out_otherwise_are_removed_too(importer):
    run = planned(importer)
    importer.kept.write([Add({"tenantId": "86810_4", "isActive": True})])
    item = importer.kept.get("86810_2")
    importer.kept.write([Replace({**item, "contactFullName": "Lou", "version": 2}, 1)])
    done = importer.apply(run)
    # A chunk that was replaced is another version of it.
    assert {item["version"] for item in all_items(importer.kept).values() if "rows" in item} > {1}
    assert removed(importer) == 2
    assert_nothing_but_its_rows_is_gone(importer, done, find_job(importer.store, done.id))
    assert chunk_ids(importer) == []


def test_a_plan_that_broke_off_while_it_was_saved_leaves_nothing_in_the_end(either):
    # At a chunk, another one, and the import itself.
    for call in range(6, 9):
        broken = Importer(either.kept, either.folder)
        broken.store = Failing(either.store, call)
        with pytest.raises(UnavailableError):
            broken.plan(FILE)
    assert (len(begun(either)), len(chunk_ids(either))) == (3, 1 + 2 + 3)
    assert removed(either, START) == 0
    assert len(begun(either)) == 3
    assert removed(either) == 3
    assert all_items(either.kept) == {}


def test_a_plan_that_was_saved_leaves_no_sign_of_it(either):
    either.plan(FILE)
    assert begun(either) == []


def test_it_may_be_stopped_at_any_call_and_goes_on(tmp_path):
    failing, done = 0, False
    while not done:
        store = JsonFileStore(tmp_path / f"{failing}")
        importer = Importer(store, tmp_path)
        run = planned(importer)
        importer.store = Failing(importer.store, 6)
        with pytest.raises(UnavailableError):
            importer.plan(FILE)
        importer.store = Failing(store, failing)
        try:
            removed(importer)
        except UnavailableError:
            # Whatever is there of the rows, nobody reads half of them.
            now = find_job(store, run.id)
            assert len(rows_of(importer, now)) == (6 if now.rows_kept else 0)
            importer.store = store
            removed(importer)
        else:
            done = True
        now = find_job(store, run.id)
        assert (now.state, now.ended_by, now.leftover) == (JobState.DISCARDED, "retention", {})
        assert chunk_ids(importer) == begun(importer) == []
        store.close()
        failing += 1
    assert failing > 15


def test_somebody_applies_the_plan_at_the_same_moment(importer):
    run = importer.plan(FILE)

    def apply() -> None:
        apply_step(store, run.id, ADMIN, rows=1)

    importer.store, store = Interrupted(importer.store, apply, apply), importer.store
    assert removed(importer) == 1
    now = find_job(store, run.id)
    assert (now.state, now.ended_by, now.processed) == (JobState.STOPPED, "retention", 2)
    assert chunk_ids(importer) == []


def test_a_step_whose_rows_are_removed_meanwhile_answers_that_they_are(importer):
    run = importer.plan(lines(*(tenant(n) for n in range(60))))
    apply_step(importer.store, run.id, ADMIN, rows=10)
    # After the step has looked how far the import is, and before it asks for the rows.
    late = Late(importer.store, lambda: removed(importer))
    now = apply_step(late, run.id, ADMIN, rows=10)
    assert (now.state, now.processed, now.rows_kept) == (JobState.STOPPED, 10, False)
    assert len(importer.tenants()) == 10


class Late(Behind):
    """Somebody else acts just before the second read."""

    def __init__(self, store, other):
        super().__init__(store)
        self.other = other
        self.reads = 0

    def before(self, call):
        self.reads += call == "get"
        if self.reads == 2 and call == "get":
            self.other()


def test_what_is_being_written_just_now_is_not_ended_however_old_its_plan_is(either):
    yesterday = replace(ADMIN, at=LATER - timedelta(days=1))
    run = apply_step(either.store, either.plan(FILE).id, yesterday, rows=1)
    assert removed(either) == 0
    assert find_job(either.store, run.id) == run
    assert removed(either, LATER) == 1
    assert find_job(either.store, run.id).state is JobState.STOPPED


def test_a_plan_that_begins_to_be_written_at_the_same_moment_is_not_ended(importer):
    run = importer.plan(FILE)

    def apply() -> None:
        apply_step(store, run.id, replace(ADMIN, at=LATER), rows=1)

    importer.store, store = Interrupted(importer.store, apply), importer.store
    assert removed(importer) == 0
    now = find_job(store, run.id)
    assert (now.state, now.processed) == (JobState.APPLYING, 1)
    assert importer.apply(now, store=store).state is JobState.DONE


@pytest.mark.parametrize("call", [7, 8])
def test_a_plan_that_is_removed_while_it_is_saved_leaves_nothing(either, call):
    """Before a chunk, and before the import itself."""
    calls = iter(range(100))

    class RemovedMeanwhile(Behind):
        def before(self, _call: str) -> None:
            if next(calls) == call:
                assert removed(Importer(self.inner, either.folder), LATER) == 1
                assert chunk_ids(either) == []

    kept = either.store
    either.store = RemovedMeanwhile(kept)
    with pytest.raises(VersionConflictError):
        either.plan(FILE)
    assert all_items(either.kept) == {}


def test_an_import_without_rows_costs_no_more_than_its_line_in_the_list(importer):
    for number in range(3):
        importer.run(dump(tenant(number)))
    assert removed(importer) == 3
    counting = Counting(importer.store)
    remove_rows_before(counting, LATER, RETENTION)
    assert (counting.cost.gets, counting.cost.queries, counting.cost.rows) == (0, 2, 3)


def test_an_import_of_before_this_was_noted_has_its_rows(importer):
    run = planned(importer)
    item = importer.store.get(run.id)
    told = json.loads(str(item["text"]))
    for name in ("rowsKept", "leftover", "movedAt"):
        del told[name]
    importer.kept.write([Replace({**item, "text": json.dumps(told)}, 1)])
    assert find_job(importer.store, run.id) == run
    assert run.rows_kept


def test_the_sign_of_a_plan_that_is_saved_is_known_again():
    assert job_id_of_marker(draft_marker_id("import-abc")) == "import-abc"
