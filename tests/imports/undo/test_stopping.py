"""Imports whose process may have been killed: when they are stopped, so that they can be undone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from portal.imports.jobs.apply import apply_step
from portal.imports.jobs.job import JobState, find_job
from portal.imports.undo.refusals import UndoRefusedError
from portal.imports.undo.stopping import UNATTENDED_AFTER, BeingWrittenError, job_to_undo
from tests.conftest import START
from tests.examples import all_items
from tests.imports.files import lines, tenant
from tests.imports.harness import ADMIN, on_both_stores
from tests.imports.undo.undo_harness import BOB, outcomes, undo

#: The last row is of `START`.
SOON = replace(BOB, at=START + UNATTENDED_AFTER - timedelta(milliseconds=1))
LATER = replace(BOB, at=START + UNATTENDED_AFTER)


def half_written(harness) -> str:
    plan = harness.plan(lines(*(tenant(n) for n in range(4))))
    return apply_step(harness.store, plan.id, ADMIN, rows=3).id


@on_both_stores
def test_nobody_is_interrupted_within_a_minute(harness):
    import_id = half_written(harness)
    before = all_items(harness.raw_store)
    with pytest.raises(BeingWrittenError) as refused:
        job_to_undo(harness.store, import_id, SOON)
    assert (refused.value.job.moved_at, refused.value.job.written) == (START, 3)
    shown = job_to_undo(harness.store, import_id, SOON, stops=True, dry_run=True)
    assert (shown.state, all_items(harness.raw_store)) == (JobState.STOPPED, before)
    stopped = job_to_undo(harness.store, import_id, SOON, stops=True)
    assert (stopped.state, stopped.ended_by) == (JobState.STOPPED, "Bob Boss")
    # Whoever writes it learns that at the next step.
    again = apply_step(harness.store, import_id, ADMIN)
    assert (again.state, again.written) == (JobState.STOPPED, 3)


@on_both_stores
def test_after_a_minute_it_is_stopped_and_what_it_wrote_undone(harness):
    import_id = half_written(harness)
    shown = job_to_undo(harness.store, import_id, LATER, dry_run=True)
    assert shown.state is JobState.STOPPED
    assert find_job(harness.store, import_id).state is JobState.APPLYING
    job = job_to_undo(harness.store, import_id, LATER)
    assert outcomes(undo(harness, job)) == {"removed": 3}
    assert harness.tenants() == {}


def test_a_plan_is_neither_stopped_nor_undone(harness):
    plan = harness.plan(lines(tenant(1)))
    with pytest.raises(UndoRefusedError) as refused:
        job_to_undo(harness.store, plan.id, LATER, stops=True)
    assert not isinstance(refused.value, BeingWrittenError)
    assert find_job(harness.store, plan.id).state is JobState.PLANNED
