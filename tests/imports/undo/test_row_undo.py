"""Each row goes back to what it was, or stays with a reason."""

import json
from zoneinfo import ZoneInfo

from portal import onboarding, records
from portal.answer_diff import AnswerDiff
from portal.imports.jobs.apply import ROWS_PER_COMMIT
from portal.imports.jobs.former_states import read_states
from portal.imports.jobs.undo_progress import AccessChange, UndoOutcome
from portal.imports.undo.report import UndoTally, undo_report
from portal.imports.undo.rows import rows_of_undo, rows_to_undo
from portal.records import Undone
from portal.stores.contract import (
    Add,
    Replace,
)
from portal.tenants import Reason
from tests.conftest import START
from tests.examples import all_items
from tests.imports.files import dump, lines, tenant
from tests.imports.harness import ADMIN, counts, on_both_stores
from tests.imports.undo.undo_harness import (
    BOB,
    EXISTING,
    ROWS,
    assert_all_is_as_before,
    import_over,
    outcomes,
    renamed,
    undo,
)
from tests.unseal import opened


@on_both_stores
def test_every_row_goes_back_to_what_it_was_or_away(harness):
    harness.run(lines(*(tenant(n) for n in range(EXISTING))))
    before = harness.tenants()
    job = harness.run(lines(*(renamed(n) for n in range(ROWS))), policy="overwrite")
    assert counts(job) == {"new": ROWS - EXISTING, "update": EXISTING}
    assert harness.tenants()["86810_1"]["clientSecret"] != before["86810_1"]["clientSecret"]
    undone = undo(harness, job)
    assert outcomes(undone) == {"back": EXISTING, "removed": ROWS - EXISTING}
    assert_all_is_as_before(harness, before)
    # No former value is kept any longer than it is needed.
    kept = [read_states(harness.store, job.id, n) for n in range(undone.former_items or 0)]
    rows = [row for states in kept for row in states.rows]
    assert len(rows) == ROWS
    assert {(row.secret, json.dumps(row.former)) for row in rows} == {("", "{}")}
    names = {name for item in all_items(harness.raw_store).values() for name in item}
    assert [name for name in names if name.startswith("secretOf-")] == []


@on_both_stores
def test_the_history_says_that_the_import_was_undone_and_by_whom(harness):
    job = import_over(harness, existing=1, rows=2)
    undo(harness, job)
    events = [item for item in harness.events() if item["verb"] == "undo"]
    assert {(item["by"], item["reason"], item["requestId"]) for item in events} == {
        ("Bob Boss", "import", job.id)
    }
    by_tenant = {str(item["gsi2pk"]): item for item in events}
    assert sorted(by_tenant) == ["EVENTS#86810_0", "EVENTS#86810_1"]
    assert json.loads(str(by_tenant["EVENTS#86810_0"]["changes"])) == {
        "contactFullName": ["", ""], "clientSecret": ["", ""],
    }  # fmt: skip
    assert "another-secret" not in json.dumps([dict(item) for item in events])
    # The tenant that is gone gives no access any more, and every process learns it.
    assert by_tenant["EVENTS#86810_1"]["gsi3pk"] == records.ENDED
    decision = records.tenant_of(harness.tenants()["86810_0"]).decision
    assert decision
    assert (decision.verb, decision.by, decision.who) == ("undo", "Bob Boss", "staff-bob")
    undone = records.undone_of(harness.tenants()["86810_0"])
    assert undone == Undone(verb="import", told_at=None)


@on_both_stores
def test_a_row_of_the_old_application_is_one_again(harness):
    old = {"tenantId": "86810_1", **tenant(clientSecret="old-plain-secret"), "note": "kept"}
    del old["clientId"]
    harness.raw_store.write([Add(old)])
    job = harness.run(dump(renamed(1)), policy="overwrite", allowed=("status",))
    assert counts(job) == {"update": 1}
    # What was plain text was sealed in the write that keeps it.
    assert "old-plain-secret" not in json.dumps(
        [dict(item) for item in all_items(harness.raw_store).values()]
    )
    undo(harness, job)
    item = harness.raw_store.get("86810_1")
    keys = json.loads((harness.folder / "sealing-keys.json").read_text())
    assert opened(item["clientSecret"], keys, "86810_1") == "old-plain-secret"
    kept = {name: item[name] for name in old if name != "clientSecret"}
    assert kept == {name: value for name, value in old.items() if name != "clientSecret"}
    assert {"status", "importId", "importedState", "clientSecretMark", "clientId"}.isdisjoint(item)
    assert item["version"] == 2


def test_an_unchanged_plain_secret_stays_sealed(harness):
    old = {"tenantId": "86810_1", **tenant()}
    harness.raw_store.write([Add(old)])
    job = harness.run(dump(tenant(contactFullName="Kim", clientSecret=None)), policy="overwrite")
    sealed = harness.raw_store.get("86810_1")["clientSecret"]
    assert sealed.startswith("v1.loc.")
    assert outcomes(undo(harness, job)) == {"back": 1}
    item = harness.raw_store.get("86810_1")
    assert (item["clientSecret"], item["contactFullName"]) == (sealed, old["contactFullName"])


@on_both_stores
def test_what_somebody_changed_since_stays_with_who_and_when(harness):
    job = import_over(harness, existing=4, rows=6)
    for tenant_id in ("86810_1", "86810_5"):
        onboarding.suspend(
            harness.store, tenant_id,
            expected_version=records.tenant_of(harness.raw_store.get(tenant_id)).version,
            audit=ADMIN, reason=Reason.UNPAID,
        )  # fmt: skip
    # The old application changes a row and leaves its version.
    item = harness.raw_store.get("86810_2")
    harness.raw_store.write([Replace({**item, "contactFullName": "Lou"}, item["version"])])
    before = harness.tenants()
    undone = undo(harness, job)
    assert outcomes(undone) == {"changed": 3, "back": 2, "removed": 1}
    rows = {row.tenant_id: row for row in rows_of_undo(harness.store, undone, BOB)}
    assert (rows["86810_1"].by, rows["86810_1"].at) == ("Ada Admin", START)
    assert (rows["86810_2"].by, rows["86810_2"].at) == ("", None)
    assert rows["86810_3"].by == ""
    for tenant_id in ("86810_1", "86810_2", "86810_5"):
        assert harness.raw_store.get(tenant_id) == before[tenant_id]


@on_both_stores
def test_a_new_tenant_stays_if_somebody_noted_or_asked_since(harness):
    job = import_over(harness, existing=0, rows=4)
    onboarding.add_note(harness.store, "86810_0", audit=ADMIN, text="Called them.")
    follow_up = records.follow_up_item("86810_1", "pending-x", START, 1)
    ids = records.tenant_of(harness.raw_store.get("86810_2")).ids
    assert ids
    harness.raw_store.write([Add(follow_up), Add(records.claim_item(ids, 1, 1))])
    undone = undo(harness, job)
    assert outcomes(undone) == {"noted": 1, "asked": 2, "removed": 1}
    assert sorted(key for key in harness.tenants() if key.startswith("86810_")) == [
        "86810_0", "86810_1", "86810_2",
    ]  # fmt: skip


def test_a_tenant_that_is_not_there_any_more_is_said_to_be_gone(harness):
    job = import_over(harness, existing=0, rows=2)
    onboarding.set_ids(
        harness.store, "86810_0",
        expected_version=1, audit=ADMIN, account_id="86810", company_id="77",
    )  # fmt: skip
    undone = undo(harness, job)
    assert outcomes(undone) == {"gone": 1, "removed": 1}
    (row, _) = rows_of_undo(harness.store, undone, BOB)
    assert (row.outcome, row.by) == (UndoOutcome.GONE, "Ada Admin")
    assert "86810_77" in harness.tenants()


def test_the_answers_that_change_are_counted_before_and_after(harness):
    # Suspended before, active by the import; the other way round; new and active.
    harness.run(lines(tenant(0, isActive=False), tenant(1)))
    file = lines(tenant(0), tenant(1, isActive=False), tenant(2), tenant(3, isActive=False))
    job = harness.run(file, policy="overwrite", allowed=("status",))
    assert counts(job) == {"new": 2, "update": 2}
    expected = [AccessChange.LOST, None, AccessChange.LOST, AccessChange.GAINED]
    found = list(rows_to_undo(harness.store, job, BOB))
    access = {each.row.tenant_id: each.row.access for each in found}
    assert [access[f"86810_{n}"] for n in (0, 3, 2, 1)] == expected
    states = {each.row.tenant_id: (each.before, each.after) for each in found}
    assert states["86810_2"] == (harness.raw_store.get("86810_2"), None)
    before, after = states["86810_0"]
    assert before
    assert after
    assert (before["isActive"], after["isActive"]) == (True, False)
    tally = UndoTally(AnswerDiff(now=BOB.at, zone=ZoneInfo("UTC")))
    for each in found:
        tally.add(each)
    answers = tally.answers
    assert (answers.same, answers.lose_now, answers.gain_now) == (0, 2, 1)
    # Suspended before, and nobody has the ids afterwards: another answer, but the same access.
    assert (answers.otherwise, tally.undone, tally.stays) == (1, 4, 0)
    undone = undo(harness, job)
    assert list(rows_to_undo(harness.store, undone, BOB)) == []
    report = json.loads("".join(undo_report(rows_of_undo(harness.store, undone, BOB), undone)))
    assert (report["undone"], report["importId"], report["by"]) == (True, job.id, "Bob Boss")
    assert {row["tenant"]: row["access"] for row in report["rows"]} == {
        "86810_0": "lost", "86810_1": "gained", "86810_2": "lost", "86810_3": "same",
    }  # fmt: skip
    assert report["counts"] == {
        "back": 2, "removed": 2, "changed": 0, "gone": 0, "noted": 0, "asked": 0, "notKept": 0,
    }  # fmt: skip


def test_it_costs_the_import_one_write_unit_more_for_a_few_rows(harness):
    harness.run(lines(*(tenant(n) for n in range(ROWS_PER_COMMIT))))
    job = harness.run(
        lines(*(tenant(n, contactFullName="Kim") for n in range(ROWS_PER_COMMIT))),
        policy="overwrite",
    )
    assert job.former_items == 1
    item = harness.raw_store.get(f"{job.id}-former-0")
    size = sum(len(name) + len(str(value)) for name, value in item.items())
    assert size < ROWS_PER_COMMIT * 250
