"""Whose answer from `validate` a plan changes: as told before, and as it is after applying it."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from portal.answer_diff import AnswerDiff, Loser, TooManyLoseError
from portal.imports.jobs.create import create_job
from portal.imports.jobs.job import find_job
from portal.imports.planning.staging import StagedEntries
from portal.stores.contract import Add, Item
from tests.conftest import START
from tests.examples import all_items
from tests.imports.files import dump, tenant
from tests.imports.harness import ADMIN, ImportHarness, on_both_stores, rows_of

pytestmark = on_both_stores

#: 1 stays, 2 and 3 lose access, 4 gains it, 5 gets another cluster.
BEFORE = [
    tenant(1),
    tenant(2),
    tenant(3),
    tenant(4, isActive=False),
    tenant(5),
]
CHANGED = [
    tenant(1, contactFullName="Kim", updatedAt="2026-11-01T00:00:00.000Z"),
    tenant(2, isActive=False),
    tenant(3, validTo="2026-12-31T23:59:59.999Z"),
    tenant(4),
    tenant(5, cluster="us"),
    # New ones: one has access, one gets it later, one has none.
    tenant(6),
    tenant(7, validFrom="2027-01-01T00:00:00.000Z"),
    tenant(8, isActive=False),
]


def planned(harness: ImportHarness, *rows: dict[str, Any], **options: Any) -> AnswerDiff:
    job = harness.plan(dump(*rows), **options)
    assert job.answers is not None
    assert find_job(harness.store, job.id).answers == job.answers
    return job.answers


def written(harness: ImportHarness, before: dict[str, Item]) -> AnswerDiff:
    """The same, of what is in the store before and after."""
    diff = AnswerDiff(START, ZoneInfo("UTC"))
    after = harness.tenants()
    for tenant_id in sorted({*before, *after}):
        diff.add_items(before.get(tenant_id), after.get(tenant_id))
    return diff


def test_new_tenants_gain_access(harness: ImportHarness) -> None:
    diff = planned(harness, *BEFORE)
    assert (diff.gain_now, diff.otherwise, diff.tenants) == (4, 1, 5)


def test_the_plan_tells_exactly_what_applying_it_changes(harness: ImportHarness) -> None:
    harness.run(dump(*BEFORE))
    before = harness.tenants()
    options = {"policy": "overwrite", "allowed": ("status", "validity")}
    job = harness.plan(dump(*CHANGED), **options)
    diff = job.answers
    assert diff is not None
    assert (diff.same, diff.lose_now, diff.lose_on.total, diff.otherwise) == (1, 1, 1, 2)
    assert (diff.gain_now, diff.gain_on.total) == (2, 1)
    assert diff.losers == [
        Loser(START, "86810_2"),
        Loser(datetime(2027, 1, 1, tzinfo=UTC), "86810_3"),
    ]
    assert job.losing == "2"
    harness.apply(job)
    assert written(harness, before) == diff


def test_what_the_policy_keeps_changes_no_answer(harness: ImportHarness) -> None:
    harness.run(dump(*BEFORE))
    diff = planned(harness, *CHANGED[:5])
    assert (diff.same, diff.tenants) == (5, 5)
    # Without leave, a suspended tenant stays so, and a suspension counts.
    diff = planned(harness, *CHANGED[:5], policy="overwrite")
    assert (diff.same, diff.losing, diff.gaining, diff.otherwise) == (2, 2, 0, 1)


def test_rows_that_do_not_count_are_no_tenants(harness: ImportHarness) -> None:
    harness.run(dump(tenant(1)))
    older = tenant(1, updatedAt="2024-01-07T08:15:22.041Z", isActive=False)
    job = harness.plan(dump(tenant(1)), dump(older), dump(tenant(2, validTo="soon")))
    assert {row.kind.value for row in rows_of(harness, job)} == {"same", "duplicate", "invalid"}
    assert job.answers is not None
    assert (job.answers.same, job.answers.tenants) == (1, 1)


@pytest.mark.parametrize(
    "old",
    [
        {"isActive": True, "validTo": "2027-01-21T08:15:22.041Z"},
        {"isActive": True, "validTo": "2027-01-21T08:15:22Z", "validFrom": "2025-01-07"},
        {"isActive": False, "validTo": "2027-01-21T08:15:22.041Z"},
        {"isActive": True},
        {"isActive": "true", "validTo": 5},
    ],
)
def test_rows_of_the_old_application_are_compared_as_they_are_read(
    harness: ImportHarness, old: dict[str, Any]
) -> None:
    item = {"tenantId": "86810_1", "accountId": "86810", "companyId": "1", **old}
    harness.raw_store.write([Add(item)])
    before = harness.tenants()
    options = {"policy": "overwrite", "allowed": ("status", "validity")}
    job = harness.plan(dump(tenant(1, validFrom=None, openEnded=True)), **options)
    harness.apply(job)
    assert job.answers is not None
    assert job.answers.tenants == 1
    assert written(harness, before) == job.answers


def test_a_plan_that_too_many_lose_by_leaves_nothing_in_the_store(harness: ImportHarness) -> None:
    harness.run(dump(*BEFORE))
    before = all_items(harness.raw_store)
    files, options = [dump(*CHANGED)], {"policy": "overwrite", "allowed": ("status",)}
    with StagedEntries() as staged:
        plan = harness._plan(staged, files, options, seals=True)
        with pytest.raises(TooManyLoseError) as refused:
            create_job(harness.store, plan, ADMIN, most_losing=1)
    assert refused.value.diff.losing == 2
    assert all_items(harness.raw_store) == before
    with StagedEntries() as staged:
        plan = harness._plan(staged, files, options, seals=True)
        assert create_job(harness.store, plan, ADMIN, most_losing=2).to_write == 8


def test_several_workers_count_the_same(harness: ImportHarness) -> None:
    rows = [tenant(number, isActive=number % 3 > 0) for number in range(300)]
    alone = planned(harness, *rows)
    assert (alone.gain_now, alone.otherwise) == (200, 100)
    assert planned(harness, *rows, workers=8) == alone
