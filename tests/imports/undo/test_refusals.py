"""Imports that cannot be undone, and what is said of them; sizes, pages and retention."""

import json
from datetime import timedelta

import pytest

from portal.imports.jobs.apply import ROWS_PER_COMMIT, apply_step
from portal.imports.jobs.former_states import FormerState
from portal.imports.jobs.job import ImportJob, JobState, find_job, job_item
from portal.imports.jobs.retention import remove_rows_before
from portal.imports.jobs.undo_progress import UndoOutcome
from portal.imports.undo.refusals import UndoRefusedError
from portal.imports.undo.rows import UndoPosition, page_of_undo
from portal.imports.undo.steps import undo_step
from portal.stores.contract import (
    MAX_CHANGES,
    Add,
    Replace,
)
from tests.conftest import START
from tests.examples import all_items
from tests.imports.files import lines, tenant
from tests.imports.harness import ADMIN, counts, on_both_stores
from tests.imports.undo.undo_harness import (
    BOB,
    EXISTING,
    ROWS,
    import_over,
    outcomes,
    progress,
    renamed,
    undo,
)


def test_an_import_that_cannot_be_undone_is_refused_with_a_sentence(harness):
    def refusal(job: ImportJob) -> str:
        with pytest.raises(UndoRefusedError) as refused:
            undo_step(harness.store, job.id, BOB)
        return str(refused.value)

    plan = harness.plan(lines(tenant(1), tenant(2)))
    assert refusal(plan) == "This import is not written yet. Discard its plan instead."
    running = apply_step(harness.store, plan.id, ADMIN, rows=1)
    assert refusal(running) == (
        "This import is still being written. Stop it first; then what it wrote can be undone."
    )
    done = harness.apply(running)
    nothing = harness.run(lines(tenant(1)))
    assert refusal(nothing) == "This import wrote nothing, so there is nothing to undo."
    earlier = json.loads(str(job_item(done)["text"]))
    del earlier["formerItems"], earlier["undo"]
    item = {**job_item(done), "text": json.dumps(earlier), "version": done.version + 1}
    harness.raw_store.write([Replace(item, done.version)])
    assert refusal(done).startswith("An earlier version of the portal wrote this import")
    harness.raw_store.write([Replace(
        {**job_item(done), "version": done.version + 2}, done.version + 1
    )])  # fmt: skip
    remove_rows_before(harness.store, START + timedelta(days=1), BOB)
    assert refusal(done).startswith("What was there before this import was removed")


@on_both_stores
def test_undone_twice_changes_nothing_and_says_by_whom(harness):
    job = undo(harness, import_over(harness, existing=1, rows=2))
    before = all_items(harness.raw_store)
    with pytest.raises(UndoRefusedError) as refused:
        undo_step(harness.store, job.id, ADMIN)
    assert str(refused.value) == (
        "Bob Boss has undone this import already. To write its rows again, import the file again."
    )
    assert all_items(harness.raw_store) == before


def test_after_the_undoing_the_same_file_imports_as_before(harness):
    file = lines(*(renamed(n) for n in range(3)))
    harness.run(lines(tenant(0, updatedAt="2024-01-01T00:00:00.000Z")))
    job = harness.run(file, policy="newer-wins")
    assert counts(job) == {"new": 2, "update": 1}
    undo(harness, job)
    assert counts(harness.run(file, policy="newer-wins")) == {"new": 2, "update": 1}


def test_an_import_that_an_earlier_version_began_keeps_no_states(harness):
    plan = harness.plan(lines(*(tenant(n) for n in range(3))))
    job = apply_step(harness.store, plan.id, ADMIN, rows=1)
    fields = json.loads(str(job_item(job)["text"]))
    del fields["formerItems"], fields["undo"]
    item = {**job_item(job), "text": json.dumps(fields), "version": job.version + 1}
    harness.raw_store.write([Replace(item, job.version)])
    done = harness.apply(find_job(harness.store, job.id))
    assert (done.state, done.written, done.former_items) == (JobState.DONE, 3, None)


# ---- Retention, pages, sizes


@on_both_stores
def test_retention_removes_the_former_states_and_ends_an_undoing(harness):
    job = import_over(harness)
    begun = undo_step(harness.store, job.id, BOB, rows=10)
    assert not progress(begun).is_over
    assert remove_rows_before(harness.store, START + timedelta(days=1), BOB) == 2
    items = all_items(harness.raw_store)
    assert [key for key in items if "-former-" in key] == []
    now = progress(find_job(harness.store, job.id))
    assert (now.is_over, now.ended_by, now.processed) == (True, "Bob Boss", 10)
    with pytest.raises(UndoRefusedError):
        undo_step(harness.store, job.id, BOB)


def test_pages_show_each_row_once_also_half_way(harness):
    job = undo_step(harness.store, import_over(harness).id, BOB, rows=10)
    seen: list[FormerState] = []
    after: UndoPosition | None = (0, 0)
    while after is not None:
        page, after = page_of_undo(harness.store, job, BOB, after=after, limit=7)
        seen += page
    assert [row.number for row in seen] == sorted(
        (row.number for row in seen), key=lambda n: (n <= EXISTING, n)
    )
    assert len({row.tenant_id for row in seen}) == ROWS
    assert {row.outcome for row in seen} == {UndoOutcome.BACK, UndoOutcome.REMOVED}


def test_states_that_are_long_take_more_items(harness):
    # The old application stored texts of any length.
    long = {
        n: "".join(chr(0x4E00 + (n * 997 + i * 31) % 20000) for i in range(30_000))
        for n in range(5)
    }
    for number, text in long.items():
        old = {"tenantId": f"86810_{number}", **tenant(number), "contactFullName": text}
        harness.raw_store.write([Add(old)])
    job = harness.run(lines(*(tenant(n) for n in range(5))), policy="overwrite")
    assert (counts(job), job.written) == ({"update": 5}, 5)
    assert (job.former_items or 0) > 1
    assert outcomes(undo(harness, job)) == {"back": 5}
    assert {n: harness.raw_store.get(f"86810_{n}")["contactFullName"] for n in long} == long


def test_a_commit_is_no_larger_than_a_store_allows():
    assert 2 * ROWS_PER_COMMIT + 6 <= MAX_CHANGES
