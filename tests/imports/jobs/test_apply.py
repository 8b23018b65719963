"""Applying can be interrupted at any moment and continued by anybody: each row is written once."""

import json
import multiprocessing
import os
import signal
import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest

from portal.imports.jobs.apply import ROWS_PER_COMMIT, apply_step
from portal.imports.jobs.job import JobState, UnknownJobError, end_job, find_job, list_jobs
from portal.imports.jobs.row_chunks import CHUNK_BYTES, page_of_rows, read_chunk
from portal.imports.model.rows import RowKind
from portal.sealing.sealing_store import SealingStore
from portal.stores.contract import MAX_CHANGES, Add, BusyError, Replace, UnavailableError
from portal.stores.file.store import JsonFileStore
from portal.tenants import AuditInfo
from tests.conftest import LONG, START
from tests.examples import Behind, Failing, Interrupted, all_items
from tests.imports.files import dump, lines, tenant
from tests.imports.harness import ADMIN, ImportHarness, counts, on_both_stores, rows_of

BOB = AuditInfo(by="Bob Boss", who="staff-bob", at=START)
FORK = multiprocessing.get_context("fork")
#: More than one commit.
ROWS = ROWS_PER_COMMIT + 7


def file_of(number: int = ROWS) -> bytes:
    return lines(*(tenant(n) for n in range(number)))


def assert_each_row_is_written_once(harness: ImportHarness, number: int = ROWS) -> None:
    assert len(harness.tenants()) == number
    assert len(harness.events()) == number
    assert {item["version"] for item in harness.tenants().values()} == {1}


def test_a_commit_is_no_larger_than_a_store_allows():
    assert 2 * ROWS_PER_COMMIT + 4 <= MAX_CHANGES


@pytest.mark.parametrize("too_late", [False, True])
def test_applying_continues_after_any_failed_call(tmp_path, too_late):
    failing_call, is_done = 0, False
    while not is_done:
        folder = tmp_path / f"{too_late}-{failing_call}"
        store = JsonFileStore(folder / "data")
        harness = ImportHarness(store, folder)
        job = harness.plan(file_of(8))
        failing_store = Failing(harness.store, failing_call, too_late=too_late)
        try:
            for _ in range(10):
                job = apply_step(failing_store, job.id, ADMIN, rows=3)
        except UnavailableError:
            processed = find_job(store, job.id).processed
            assert len(harness.tenants()) == len(harness.events()) == processed
        is_done = not failing_store.failed
        job = harness.apply(find_job(store, job.id))
        assert (job.state, job.processed) == (JobState.DONE, 8)
        assert_each_row_is_written_once(harness, 8)
        store.close()
        failing_call += 1
    assert failing_call > 8


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_a_step_never_processes_too_many_rows_even_across_kinds(harness, rows):
    harness.run(file_of(4))
    changed = [tenant(n, contactFullName="Kim") for n in range(4)]
    job = harness.plan(lines(tenant(8), tenant(9), *changed), policy="overwrite")
    processed = []
    while job.is_open:
        job = apply_step(harness.store, job.id, ADMIN, rows=rows)
        processed.append(job.processed)
    steps = [after - before for before, after in pairwise([0, *processed])]
    assert sum(steps) == job.processed == 6
    assert max(steps) <= rows


def test_a_plan_whose_saving_fails_at_any_call_is_not_listed(tmp_path):
    failing_call, is_done = 0, False
    while not is_done:
        store = JsonFileStore(tmp_path / f"{failing_call}")
        harness = ImportHarness(store, tmp_path)
        harness.store = Failing(harness.store, failing_call)
        try:
            harness.plan(file_of(3))
        except UnavailableError:
            assert list_jobs(store).jobs == []
        else:
            is_done = True
        assert harness.tenants() == {}
        store.close()
        failing_call += 1
    assert failing_call > 3


def test_after_a_process_is_killed_another_continues(tmp_path):
    store = JsonFileStore(tmp_path / "data")
    harness = ImportHarness(store, tmp_path)
    job = harness.plan(file_of(ROWS))
    killed = 0
    for delay in [0.001 * n for n in range(1, 200 if LONG else 12)]:
        victim = FORK.Process(target=apply_slowly, args=(tmp_path / "data", harness.sealer, job.id))
        victim.start()
        time.sleep(0.02 + delay)
        victim.kill()
        victim.join()
        killed += victim.exitcode == -signal.SIGKILL
        processed = find_job(store, job.id).processed
        assert len(harness.tenants()) == len(harness.events()) == processed
    assert killed
    assert harness.apply(find_job(store, job.id)).state is JobState.DONE
    assert_each_row_is_written_once(harness)


def apply_slowly(folder: Path, sealer, import_id: str) -> None:
    store = SealingStore(JsonFileStore(folder), sealer)
    while find_job(store, import_id).is_open:
        apply_step(store, import_id, ADMIN, rows=1)


@on_both_stores
def test_two_tabs_at_once_write_each_row_once(harness):
    job = harness.plan(file_of())
    barrier = threading.Barrier(2)

    def tab() -> None:
        barrier.wait()
        while True:
            try:
                if not apply_step(harness.store, job.id, ADMIN, rows=5).is_open:
                    return
            except BusyError:
                continue

    tabs = [threading.Thread(target=tab) for _ in range(2)]
    for thread in tabs:
        thread.start()
    for thread in tabs:
        thread.join()
    done = find_job(harness.store, job.id)
    assert (done.state, done.processed, counts(done)) == (JobState.DONE, ROWS, {"new": ROWS})
    assert_each_row_is_written_once(harness)


@on_both_stores
def test_two_imports_at_once_of_the_same_rows(harness):
    first, second = (harness.plan(lines(tenant(1, clientSecret=None), tenant(2))) for _ in "12")
    assert counts(harness.apply(first)) == {"new": 2}
    done = harness.apply(second)
    # A secret that is already sealed cannot be compared with another one.
    assert counts(done) == {"same": 1, "conflict": 1}
    assert_each_row_is_written_once(harness, 2)


@on_both_stores
def test_a_tenant_that_changed_since_the_plan_is_a_conflict_and_the_others_are_written(harness):
    harness.run(lines(*(tenant(n) for n in range(4))))
    file = lines(*(tenant(n, contactFullName="Kim") for n in range(6)))
    job = harness.plan(file, policy="overwrite")
    item = harness.raw_store.get("86810_1")
    harness.raw_store.write([Replace({**item, "contactFullName": "Lou", "version": 2}, 1)])
    harness.raw_store.write([Add({"tenantId": "86810_5", "isActive": True})])
    done = harness.apply(job)
    assert counts(done) == {"new": 1, "update": 3, "conflict": 2}
    rows = {row.tenant_id: row for row in rows_of(harness, done)}
    assert len(rows) == 6
    text = (
        "The tenant changed in the store after the plan was made and is kept as it is. To compare"
        " again, import the file again."
    )
    for tenant_id in ("86810_1", "86810_5"):
        assert [reason.text for reason in rows[tenant_id].reasons] == [text]
    assert harness.raw_store.get("86810_1")["contactFullName"] == "Lou"
    page, after = page_of_rows(harness.store, done, RowKind.CONFLICT, limit=1)
    assert len(page) == 1
    assert len(page_of_rows(harness.store, done, RowKind.CONFLICT, after=after)[0]) == 1


def test_a_decision_between_the_read_and_the_write_makes_a_conflict(harness):
    harness.run(dump(tenant()))
    job = harness.plan(dump(tenant(contactFullName="Kim"), tenant(2)), policy="overwrite")
    item = harness.raw_store.get("86810_1")
    decision = [Replace({**item, "contactFullName": "Lou", "version": 2}, 1)]
    # The first write is of the new tenant, the second of the update.
    interrupted = Interrupted(
        harness.store, lambda: None, lambda: harness.raw_store.write(decision)
    )
    done = harness.apply(job, store=interrupted)
    assert counts(done) == {"new": 1, "conflict": 1}
    assert harness.raw_store.get("86810_1")["contactFullName"] == "Lou"


@pytest.mark.parametrize("times", [{}, {"updatedAt": "2026-03-02T10:00:00.000Z"}])
@on_both_stores
def test_a_change_by_the_old_application_after_the_plan_makes_a_conflict(harness, times):
    """The old application changes an item without a version."""
    old = {"tenantId": "86810_1", **tenant(clientSecret=None)}
    harness.raw_store.write([Add(old)])
    job = harness.plan(dump(tenant(clientSecret=None, contactFullName="Kim")), policy="overwrite")
    harness.raw_store.write([Replace({**old, "contactFullName": "Lou", **times}, None)])
    assert counts(harness.apply(job)) == {"conflict": 1}
    assert harness.raw_store.get("86810_1")["contactFullName"] == "Lou"


def test_a_change_by_the_old_application_during_the_write_makes_a_conflict(harness):
    old = {"tenantId": "86810_1", **tenant(clientSecret=None)}
    harness.raw_store.write([Add(old)])
    job = harness.plan(dump(tenant(clientSecret=None, contactFullName="Kim")), policy="overwrite")
    changed = {**old, "contactFullName": "Lou", "updatedAt": "2026-03-02T10:00:00.000Z"}
    interrupted = Interrupted(
        harness.store, lambda: harness.raw_store.write([Replace(changed, None)])
    )
    assert counts(harness.apply(job, store=interrupted)) == {"conflict": 1}
    assert harness.raw_store.get("86810_1") == changed


def test_a_full_disk_leaves_whole_commits(harness):
    job = harness.plan(file_of(700))

    class Full(Behind):
        def before(self, call: str) -> None:
            if call == "write" and find_job(self.inner, job.id).processed > 300:
                raise UnavailableError(reason="The disk is full.", remedy="Make room.")

    with pytest.raises(UnavailableError):
        harness.apply(job, store=Full(harness.store))
    stopped = find_job(harness.store, job.id)
    assert stopped.state is JobState.APPLYING
    assert stopped.processed == len(harness.tenants()) == len(harness.events())
    assert 300 < stopped.processed < 700
    assert harness.apply(stopped).state is JobState.DONE
    assert_each_row_is_written_once(harness, 700)


def test_a_discarded_plan_is_not_applied(harness):
    job = harness.plan(file_of(3))
    ended = end_job(harness.store, job.id, BOB)
    assert (ended.state, ended.ended_by) == (JobState.DISCARDED, "Bob Boss")
    assert apply_step(harness.store, job.id, ADMIN) == ended
    assert harness.tenants() == {}


@pytest.mark.parametrize("steps", [1, 2, 3])
@on_both_stores
def test_a_stopped_import_shows_which_rows_are_written(harness, steps):
    harness.run(lines(tenant(50), tenant(51)))
    file = lines(*(tenant(n, contactFullName="Kim") for n in range(52)))
    job = harness.plan(file, policy="overwrite")
    for _ in range(steps):
        job = apply_step(harness.store, job.id, ADMIN, rows=17)
    stopped = end_job(harness.store, job.id, BOB)
    assert (stopped.state, stopped.ended_by) == (JobState.STOPPED, "Bob Boss")
    assert apply_step(harness.store, job.id, ADMIN) == stopped
    rows = rows_of(harness, stopped)
    assert len(rows) == 52
    assert {row.tenant_id for row in rows if row.written} == {
        key for key, item in harness.tenants().items() if item["contactFullName"] == "Kim"
    }
    assert sum(row.written for row in rows) == stopped.processed
    pages = [page_of_rows(harness.store, stopped, kind, limit=60)[0] for kind in RowKind]
    assert [row for page in pages for row in page if row.written] == [
        row for row in rows if row.written
    ]
    done = harness.run(file, policy="overwrite")
    assert counts(done)["same"] == stopped.processed >= 17 * steps
    assert all(row.written for row in rows_of(harness, done) if row.kind is not RowKind.SAME)


def test_an_import_can_be_ended_while_it_is_being_applied(harness):
    job = harness.plan(file_of(30))

    def apply_one_row() -> None:
        apply_step(harness.store, job.id, ADMIN, rows=1)

    # Twice, a row is written just before the end is.
    stopped = end_job(Interrupted(harness.store, apply_one_row, apply_one_row), job.id, BOB)
    assert (stopped.state, stopped.processed) == (JobState.STOPPED, 2)
    assert len(harness.tenants()) == 2


@on_both_stores
def test_the_history_names_who_applied_and_the_import_names_both(harness):
    job = harness.plan(file_of(30))
    apply_step(harness.store, job.id, BOB, rows=3)
    done = harness.apply(find_job(harness.store, job.id))
    assert (done.by, done.confirmed_by, done.ended_by) == ("Ada Admin", "Bob Boss", "")
    applied_by = sorted(event["by"] for event in harness.events())
    assert applied_by == ["Ada Admin"] * 27 + ["Bob Boss"] * 3


def test_a_job_of_an_earlier_version_is_still_read(harness):
    job = harness.plan(file_of(2))
    item = harness.store.get(job.id)
    fields = json.loads(item["text"])
    for name in ("confirmedBy", "endedBy", "late", "later"):
        del fields[name]
    harness.raw_store.write([Replace({**item, "text": json.dumps(fields)}, 1)])
    assert find_job(harness.store, job.id) == job
    assert harness.apply(job).state is JobState.DONE


@on_both_stores
def test_imports_stay_listed_with_who_ran_them(harness):
    jobs = [harness.run(dump(tenant(n))) for n in range(3)]
    page = list_jobs(harness.store)
    assert {job.id for job in page.jobs} == {job.id for job in jobs}
    assert {(job.by, job.state, job.at) for job in page.jobs} == {
        ("Ada Admin", JobState.DONE, START)
    }


@pytest.mark.parametrize("import_id", ["import-", "86810_1", "import-nobody", "event-x"])
def test_an_id_of_no_import_is_unknown(harness, import_id):
    harness.run(dump(tenant(1)))
    with pytest.raises(UnknownJobError):
        find_job(harness.store, import_id)


def test_no_row_is_too_large_for_an_item(harness):
    """With the largest value of every field, and a stored tenant with even larger texts."""
    largest = {"clientSecret": "\U0001f512" * 500, "contactPhone": "\U0001f512" * 60}
    for length, names in (
        (200, ("accountName", "companyName", "contactCompanyName", "contactFullName", "clientId")),
        (60, ("contactPhoneTyped",)),
        (20, ("contactPhoneExtension",)),
    ):
        largest |= dict.fromkeys(names, "\U0001f512" * length)
    largest |= {"cluster": "e" * 20}
    address = f"{'j' * 64}@{'.'.join(['m' * 58] * 3)}.example"
    unknown = {"\U0001f512" * 90 + str(n): "left out" for n in range(30)}
    ids = {"accountId": "8" * 40, "companyId": "6" * 40, "contactEmailAddress": address}
    file = lines(
        tenant(**largest | ids | unknown), tenant(**largest | ids | unknown, updatedAt=None)
    )
    tenant_id = f"{'8' * 40}_{'6' * 40}"
    stored = dict.fromkeys((*largest, "contactEmailAddress", "validTo"), "🔐" * 6000)
    for is_stored in (False, True):
        if is_stored:
            harness.raw_store.write([Add({"tenantId": tenant_id, **stored})])
        rows = harness.rows(file, policy="overwrite", allowed=["status"])
        assert [row.kind for row in rows] == ["update" if is_stored else "new", "duplicate"]
        assert max(len(json.dumps(row.packed(), ensure_ascii=False).encode()) for row in rows) < (
            CHUNK_BYTES // 4
        )


def test_no_item_of_an_import_is_too_large_and_none_holds_a_secret(harness):
    noise = [os.urandom(90).hex() for _ in range(2000)]
    job = harness.plan(lines(*(tenant(n, clientId=noise[n]) for n in range(2000))))
    items = all_items(harness.raw_store)
    assert sum(job.chunks.values()) > 3
    assert max(len(str(item)) for item in items.values()) < 300_000
    assert len(rows_of(harness, job)) == 2000
    text = repr([read_chunk(harness.store, job.id, RowKind.NEW, n) for n in range(3)])
    assert "s3cr3t" not in text
