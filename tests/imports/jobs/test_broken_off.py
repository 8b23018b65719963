"""Stopped at any moment and run again, by anybody: everything is in once."""

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
from tests.imports.importing import ADMIN, Importer, counts, dump, lines, rows_of, tenant

BOB = AuditInfo(by="Bob Boss", who="staff-bob", at=START)
FORK = multiprocessing.get_context("fork")
#: More than one commit.
ROWS = ROWS_PER_COMMIT + 7


def many(number: int = ROWS) -> bytes:
    return lines(*(tenant(n) for n in range(number)))


def assert_everything_is_in_once(importer: Importer, number: int = ROWS) -> None:
    assert len(importer.tenants()) == number
    assert len(importer.events()) == number
    assert {item["version"] for item in importer.tenants().values()} == {1}


def test_a_commit_is_as_large_as_a_store_takes():
    assert 2 * ROWS_PER_COMMIT + 4 <= MAX_CHANGES


@pytest.mark.parametrize("too_late", [False, True])
def test_any_call_may_fail_and_applying_goes_on(tmp_path, too_late):
    failing, done = 0, False
    while not done:
        folder = tmp_path / f"{too_late}-{failing}"
        store = JsonFileStore(folder / "data")
        importer = Importer(store, folder)
        run = importer.plan(many(8))
        broken = Failing(importer.store, failing, too_late=too_late)
        try:
            for _ in range(10):
                run = apply_step(broken, run.id, ADMIN, rows=3)
        except UnavailableError:
            handled = find_job(store, run.id).processed
            assert len(importer.tenants()) == len(importer.events()) == handled
        done = not broken.failed
        run = importer.apply(find_job(store, run.id))
        assert (run.state, run.processed) == (JobState.DONE, 8)
        assert_everything_is_in_once(importer, 8)
        store.close()
        failing += 1
    assert failing > 8


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_a_step_handles_no_more_rows_than_asked_for_where_one_kind_follows_another(importer, rows):
    importer.run(many(4))
    changed = [tenant(n, contactFullName="Kim") for n in range(4)]
    run = importer.plan(lines(tenant(8), tenant(9), *changed), policy="overwrite")
    handled = []
    while run.is_open:
        run = apply_step(importer.store, run.id, ADMIN, rows=rows)
        handled.append(run.processed)
    steps = [after - before for before, after in pairwise([0, *handled])]
    assert sum(steps) == run.processed == 6
    assert max(steps) <= rows


def test_any_call_of_a_plan_may_fail_and_nothing_is_there(tmp_path):
    failing, done = 0, False
    while not done:
        store = JsonFileStore(tmp_path / f"{failing}")
        importer = Importer(store, tmp_path)
        importer.store = Failing(importer.store, failing)
        try:
            importer.plan(many(3))
        except UnavailableError:
            assert list_jobs(store).runs == []
        else:
            done = True
        assert importer.tenants() == {}
        store.close()
        failing += 1
    assert failing > 3


def test_a_process_is_killed_at_any_moment_and_another_goes_on(tmp_path):
    store = JsonFileStore(tmp_path / "data")
    importer = Importer(store, tmp_path)
    run = importer.plan(many(ROWS))
    kills = 0
    for delay in [0.001 * n for n in range(1, 200 if LONG else 12)]:
        victim = FORK.Process(target=slowly, args=(tmp_path / "data", importer.sealer, run.id))
        victim.start()
        time.sleep(0.02 + delay)
        os.kill(victim.pid, signal.SIGKILL)
        victim.join()
        kills += victim.exitcode == -signal.SIGKILL
        handled = find_job(store, run.id).processed
        assert len(importer.tenants()) == len(importer.events()) == handled
    assert kills
    assert importer.apply(find_job(store, run.id)).state is JobState.DONE
    assert_everything_is_in_once(importer)


def slowly(folder: Path, sealer, import_id: str) -> None:
    store = SealingStore(JsonFileStore(folder), sealer)
    while find_job(store, import_id).is_open:
        apply_step(store, import_id, ADMIN, rows=1)


def test_two_tabs_at_once_do_each_row_once(either):
    run = either.plan(many())
    together = threading.Barrier(2)

    def tab() -> None:
        together.wait()
        while True:
            try:
                if not apply_step(either.store, run.id, ADMIN, rows=5).is_open:
                    return
            except BusyError:
                continue

    tabs = [threading.Thread(target=tab) for _ in range(2)]
    for each in tabs:
        each.start()
    for each in tabs:
        each.join()
    done = find_job(either.store, run.id)
    assert (done.state, done.processed, counts(done)) == (JobState.DONE, ROWS, {"new": ROWS})
    assert_everything_is_in_once(either)


def test_two_imports_at_once_of_the_same_rows(either):
    first, second = (either.plan(lines(tenant(1, clientSecret=None), tenant(2))) for _ in "12")
    assert counts(either.apply(first)) == {"new": 2}
    done = either.apply(second)
    # Whether a secret is the same cannot be seen when it is sealed already.
    assert counts(done) == {"same": 1, "conflict": 1}
    assert_everything_is_in_once(either, 2)


def test_a_tenant_that_changed_since_the_plan_is_a_conflict_and_the_others_are_written(either):
    either.run(lines(*(tenant(n) for n in range(4))))
    file = lines(*(tenant(n, contactFullName="Kim") for n in range(6)))
    run = either.plan(file, policy="overwrite")
    for taken, what in (("86810_1", "changed"), ("86810_5", "added")):
        if what == "changed":
            item = either.kept.get(taken)
            either.kept.write([Replace({**item, "contactFullName": "Lou", "version": 2}, 1)])
        else:
            either.kept.write([Add({"tenantId": taken, "isActive": True})])
    done = either.apply(run)
    assert counts(done) == {"new": 1, "update": 3, "conflict": 2}
    rows = {row.tenant_id: row for row in rows_of(either, done)}
    assert len(rows) == 6
    text = (
        "The tenant changed in the store after the plan was made and is kept as it is. To compare"
        " again, import the file again."
    )
    for taken in ("86810_1", "86810_5"):
        assert [reason.text for reason in rows[taken].reasons] == [text]
    assert either.kept.get("86810_1")["contactFullName"] == "Lou"
    page, after = page_of_rows(either.store, done, RowKind.CONFLICT, limit=1)
    assert len(page) == 1
    assert len(page_of_rows(either.store, done, RowKind.CONFLICT, after=after)[0]) == 1


def test_somebody_decides_between_looking_and_writing(importer):
    importer.run(dump(tenant()))
    run = importer.plan(dump(tenant(contactFullName="Kim"), tenant(2)), policy="overwrite")
    item = importer.kept.get("86810_1")
    meanwhile = [Replace({**item, "contactFullName": "Lou", "version": 2}, 1)]
    # The first write is that of the new tenant, the second that of the update.
    other = Interrupted(importer.store, lambda: None, lambda: importer.kept.write(meanwhile))
    done = importer.apply(run, store=other)
    assert counts(done) == {"new": 1, "conflict": 1}
    assert importer.kept.get("86810_1")["contactFullName"] == "Lou"


@pytest.mark.parametrize("moved", [{}, {"updatedAt": "2026-03-02T10:00:00.000Z"}])
def test_the_old_application_changes_what_it_wrote_between_plan_and_write(either, moved):
    """It knows no versions."""
    old = {"tenantId": "86810_1", **tenant(clientSecret=None)}
    either.kept.write([Add(old)])
    run = either.plan(dump(tenant(clientSecret=None, contactFullName="Kim")), policy="overwrite")
    either.kept.write([Replace({**old, "contactFullName": "Lou", **moved}, None)])
    assert counts(either.apply(run)) == {"conflict": 1}
    assert either.kept.get("86810_1")["contactFullName"] == "Lou"


def test_the_old_application_changes_what_it_wrote_while_it_is_being_written(importer):
    old = {"tenantId": "86810_1", **tenant(clientSecret=None)}
    importer.kept.write([Add(old)])
    run = importer.plan(dump(tenant(clientSecret=None, contactFullName="Kim")), policy="overwrite")
    changed = {**old, "contactFullName": "Lou", "updatedAt": "2026-03-02T10:00:00.000Z"}
    other = Interrupted(importer.store, lambda: importer.kept.write([Replace(changed, None)]))
    assert counts(importer.apply(run, store=other)) == {"conflict": 1}
    assert importer.kept.get("86810_1") == changed


def test_a_full_disk_leaves_whole_commits_and_says_how_many(importer):
    run = importer.plan(many(700))

    class Full(Behind):
        def before(self, call: str) -> None:
            if call == "write" and find_job(self.inner, run.id).processed > 300:
                raise UnavailableError(reason="The disk is full.", remedy="Make room.")

    with pytest.raises(UnavailableError):
        importer.apply(run, store=Full(importer.store))
    stopped = find_job(importer.store, run.id)
    assert stopped.state is JobState.APPLYING
    assert stopped.processed == len(importer.tenants()) == len(importer.events())
    assert 300 < stopped.processed < 700
    assert importer.apply(stopped).state is JobState.DONE
    assert_everything_is_in_once(importer, 700)


def test_a_plan_that_was_discarded_is_not_applied(importer):
    run = importer.plan(many(3))
    ended = end_job(importer.store, run.id, BOB)
    assert (ended.state, ended.ended_by) == (JobState.DISCARDED, "Bob Boss")
    assert apply_step(importer.store, run.id, ADMIN) == ended
    assert importer.tenants() == {}


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_what_was_stopped_half_way_tells_the_written_rows_from_the_others(either, steps):
    either.run(lines(tenant(50), tenant(51)))
    file = lines(*(tenant(n, contactFullName="Kim") for n in range(52)))
    run = either.plan(file, policy="overwrite")
    for _ in range(steps):
        run = apply_step(either.store, run.id, ADMIN, rows=17)
    stopped = end_job(either.store, run.id, BOB)
    assert (stopped.state, stopped.ended_by) == (JobState.STOPPED, "Bob Boss")
    assert apply_step(either.store, run.id, ADMIN) == stopped
    rows = rows_of(either, stopped)
    assert len(rows) == 52
    assert {row.tenant_id for row in rows if row.written} == {
        key for key, item in either.tenants().items() if item["contactFullName"] == "Kim"
    }
    assert sum(row.written for row in rows) == stopped.processed
    pages = [page_of_rows(either.store, stopped, kind, limit=60)[0] for kind in RowKind]
    assert [row for page in pages for row in page if row.written] == [
        row for row in rows if row.written
    ]
    done = either.run(file, policy="overwrite")
    assert counts(done)["same"] == stopped.processed >= 17 * steps
    assert all(row.written for row in rows_of(either, done) if row.kind is not RowKind.SAME)


def test_it_may_be_ended_while_its_rows_are_being_written(importer):
    run = importer.plan(many(30))

    def one_more() -> None:
        apply_step(importer.store, run.id, ADMIN, rows=1)

    # It moves on twice, just as somebody is about to end it.
    stopped = end_job(Interrupted(importer.store, one_more, one_more), run.id, BOB)
    assert (stopped.state, stopped.processed) == (JobState.STOPPED, 2)
    assert len(importer.tenants()) == 2


def test_the_history_names_who_wrote_it_and_the_import_who_did_what(either):
    run = either.plan(many(30))
    apply_step(either.store, run.id, BOB, rows=3)
    done = either.apply(find_job(either.store, run.id))
    assert (done.by, done.confirmed_by, done.ended_by) == ("Ada Admin", "Bob Boss", "")
    assert sorted(event["by"] for event in either.events()) == ["Ada Admin"] * 27 + ["Bob Boss"] * 3


def test_an_import_of_before_these_were_noted_is_still_read(importer):
    run = importer.plan(many(2))
    item = importer.store.get(run.id)
    told = json.loads(item["text"])
    for name in ("confirmedBy", "endedBy", "late", "later"):
        del told[name]
    importer.kept.write([Replace({**item, "text": json.dumps(told)}, 1)])
    assert find_job(importer.store, run.id) == run
    assert importer.apply(run).state is JobState.DONE


def test_imports_stay_listed_with_who_ran_them(either):
    found = [either.run(dump(tenant(n))) for n in range(3)]
    listed = list_jobs(either.store)
    assert {run.id for run in listed.runs} == {run.id for run in found}
    assert {(run.by, run.state, run.at) for run in listed.runs} == {
        ("Ada Admin", JobState.DONE, START)
    }


@pytest.mark.parametrize("import_id", ["import-", "86810_1", "import-nobody", "event-x"])
def test_what_is_no_import_is_unknown(importer, import_id):
    importer.run(dump(tenant(1)))
    with pytest.raises(UnknownJobError):
        find_job(importer.store, import_id)


def test_no_row_is_too_large_for_an_item(importer):
    """The largest values of every field, beside a tenant whose every text is larger still."""
    long = {"clientSecret": "\U0001f512" * 500, "contactPhone": "\U0001f512" * 60}
    for length, names in (
        (200, ("accountName", "companyName", "contactCompanyName", "contactFullName", "clientId")),
        (60, ("contactPhoneTyped",)),
        (40, ("cluster",)),
        (20, ("contactPhoneExtension",)),
    ):
        long |= dict.fromkeys(names, "\U0001f512" * length)
    address = f"{'j' * 64}@{'.'.join(['m' * 58] * 3)}.example"
    unknown = {"\U0001f512" * 90 + str(n): "left out" for n in range(30)}
    ids = {"accountId": "8" * 40, "companyId": "6" * 40, "contactEmailAddress": address}
    file = lines(tenant(**long | ids | unknown), tenant(**long | ids | unknown, updatedAt=None))
    tenant_id = f"{'8' * 40}_{'6' * 40}"
    beside = dict.fromkeys((*long, "contactEmailAddress", "validTo"), "🔐" * 6000)
    for stands in (False, True):
        if stands:
            importer.kept.write([Add({"tenantId": tenant_id, **beside})])
        rows = importer.rows(file, policy="overwrite", allowed=["status"])
        assert [row.kind for row in rows] == ["update" if stands else "new", "duplicate"]
        assert max(len(json.dumps(row.packed(), ensure_ascii=False).encode()) for row in rows) < (
            CHUNK_BYTES // 4
        )


def test_no_item_of_an_import_is_too_large_and_none_holds_a_secret(importer):
    noise = [os.urandom(90).hex() for _ in range(2000)]
    run = importer.plan(lines(*(tenant(n, clientId=noise[n]) for n in range(2000))))
    kept = all_items(importer.kept)
    assert sum(run.chunks.values()) > 3
    assert max(len(str(item)) for item in kept.values()) < 300_000
    assert len(rows_of(importer, run)) == 2000
    text = repr([read_chunk(importer.store, run.id, RowKind.NEW, n) for n in range(3)])
    assert "s3cr3t" not in text
