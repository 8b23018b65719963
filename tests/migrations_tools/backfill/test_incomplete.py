"""Incomplete rows of the old application: `adopt` lists them, and gives them nothing unasked."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
from click.testing import CliRunner, Result

from migrations_tools.backfill.answers import AnswerOutcome, answer_rows
from migrations_tools.backfill.checkpoints import Checkpoint, Checkpoints
from migrations_tools.backfill.rows import Rows, RowsToAnswer, StoredRows
from migrations_tools.backfill.table_rows import TableRows
from migrations_tools.cli import main
from migrations_tools.table_definition import PORTAL_ACTIONS
from portal import onboarding, queries, records
from portal.incomplete_count import read_incomplete_count
from portal.queries import Tab
from portal.records import AdoptAnswer
from portal.sealing import KeyFileSealer
from portal.search import find
from portal.settings import SETTINGS
from portal.stores import BusyError, Item
from portal.stores.dynamodb import DynamoDbClient, to_attributes
from portal.tenants import AccessStatus, Gap, Reason, Status, standing
from tests.conftest import SECRET_KEY, START
from tests.dynamodb_engine import CREDENTIALS, REGION
from tests.examples import ANN, NEXT_YEAR, OTHER_CONTACT, all_items
from tests.migrations_tools.backfill.old_application_rows import (
    OldStore,
    OldTable,
    old_row,
    run_backfill,
)
from tests.migrations_tools.backfill.test_table_rows import RecordingConnection
from tests.sealing_key import with_sealing_key

NO_END = "86811_104348"


def without(row: Item, *names: str) -> Item:
    return {name: value for name, value in row.items() if name not in names}


#: An incomplete row of each kind, and what it lacks.
INCOMPLETE: dict[str, tuple[Item, list[str]]] = {
    NO_END: (without(old_row(1), "validTo"), ["end"]),
    "86812_104348": (
        without(old_row(2), "contactCompanyName", "contactFullName", "contactEmailAddress"),
        ["contact"],
    ),
    "86813_104348": (without(old_row(3), "accountId", "companyId"), ["ids"]),
    "legacy": (old_row(4, tenantId="legacy"), ["tenant_id"]),
    "86899_104348": (old_row(5, tenantId="86899_104348"), ["tenant_id"]),
    "86816_104348": (old_row(6, cluster="evil.example/"), ["cluster"]),
    "86817_104348": (old_row(7, contactPhone=7), ["attributes"]),
    "86818_104348": (old_row(8, validTo="31.12.2026"), ["attributes"]),
    "86819_104348": (
        {"tenantId": "86819_104348", "isActive": True},
        ["end", "contact", "ids"],
    ),
}
#: Rows that lack nothing that anybody has to answer for.
COMPLETE = [
    old_row(20),
    old_row(21, isActive=False),
    without(old_row(22), "validFrom"),
    without(old_row(23), "cluster"),
    old_row(24, cluster="https://eu.fsm.cloud.sap/"),
    old_row(25, attributesOfOtherTypes='{"contactPhone": {"NULL": true}, "tags": {"L": []}}'),
]


@pytest.fixture
def filled(old_store: OldStore) -> OldStore:
    old_store.put(*(row for row, _gaps in INCOMPLETE.values()), *COMPLETE)
    return old_store


@dataclass(frozen=True)
class Command:
    """The command over the rows of a store, in this process."""

    old_store: OldStore
    folder: Path

    def __call__(self, *arguments: str) -> Result:
        environ = {setting.name: "" for setting in SETTINGS}
        environ |= {"PORTAL_DATA_DIR": str(self.folder), "PORTAL_SECRET_KEY": SECRET_KEY}
        if isinstance(self.old_store, OldTable):
            place = self.old_store.location
            with_sealing_key(self.folder)
            environ |= {
                "USE_DYNAMODB": "true",
                "TENANT_TABLE_NAME": place.table,
                "AWS_REGION": REGION,
                "AWS_ENDPOINT_URL_DYNAMODB": str(place.endpoint),
                **CREDENTIALS,
            }
        return CliRunner().invoke(main, ["adopt", *arguments], env=environ)


@pytest.fixture
def adopt(old_store: OldStore, tmp_path: Path) -> Command:
    return Command(old_store, tmp_path / "data")


def access(old_store: OldStore, tenant_id: str) -> AccessStatus:
    return standing(records.tenant_of(old_store.store.get(tenant_id)), START)


def history(old_store: OldStore, tenant_id: str) -> list[str]:
    tenant = onboarding.find(old_store.store, tenant_id)
    return [event.verb for event in queries.history(old_store.store, tenant)]


# ---- What is listed


def test_incomplete_rows_are_listed_with_why_and_get_nothing(
    filled: OldStore, adopt: Command
) -> None:
    expected = {tenant_id: gaps for tenant_id, (_row, gaps) in INCOMPLETE.items()}
    assert json.loads(adopt("--json").stdout)["incomplete"] == expected
    applied = adopt("--apply", "--json")
    assert applied.exit_code == 0
    assert json.loads(applied.stdout)["incomplete"] == expected
    assert json.loads(adopt("--apply", "--json").stdout)["incomplete"] == expected
    for tenant_id in (NO_END, "86818_104348", "86819_104348"):
        assert access(filled, tenant_id) is AccessStatus.WINDOW_MISSING
        row = filled.store.get(tenant_id)
        assert not {"status", "version", "openEnded", "validTo", "adoptAnswer"} & (
            row.keys() - INCOMPLETE[tenant_id][0].keys()
        )


def test_the_list_names_ids_and_reasons_and_no_personal_data(
    filled: OldStore, adopt: Command
) -> None:
    printed = adopt().stdout
    assert "Incomplete: 9. They stay as they are until you answer with --keep ID" in printed
    for ids, why in (
        ("86811_104348, 86819_104348", "No end of the validity"),
        ("86812_104348, 86819_104348", "No company, name or email address"),
        ("86813_104348, 86819_104348", "No account id or company id"),
        ("86899_104348, legacy", "A tenant id that is not <accountId>_<companyId>"),
        ("86816_104348", "A cluster that is no host label"),
        ("86817_104348, 86818_104348", "Attributes that cannot be read"),
    ):
        (line,) = [each for each in printed.splitlines() if each.startswith(f"  {why}")]
        assert line.endswith(f": {ids}.")
    for personal in ("Meyer", "kim", "client-1", "evil"):
        assert personal not in printed + adopt("--json").output


def test_c04_an_id_that_a_terminal_would_obey_is_printed_escaped(
    old_store: OldStore, adopt: Command
) -> None:
    odd = "\x1b[2J\n1_1"
    old_store.put(old_row(1, tenantId=odd, contactPhone=7))
    printed = adopt("--apply", "--keep", "\x07_1").output
    assert "\\x1b[2J\\n1_1" in printed
    assert "\\x07_1" in printed
    assert not {"\x1b", "\x07"} & {*printed}
    assert adopt("--apply", "--close", odd).exit_code == 0
    assert records.open_gaps(old_store.store.get(odd)) == ()


def test_lists_and_search_say_what_a_row_lacks(filled: OldStore, adopt: Command) -> None:
    # A row that was found by its key, before anybody has adopted it.
    (found,) = find(filled.store, NO_END, Tab.ALL, START).rows
    assert records.gaps_of_row(found) == (Gap.END,)
    adopt("--apply")
    rows = queries.page(filled.store, queries.ranges_of_tab(Tab.ALL, START)).rows
    listed = {str(row["tenantId"]): records.gaps_of_row(row) for row in rows}
    assert {key: [*gaps] for key, gaps in listed.items() if gaps} == {
        tenant_id: gaps for tenant_id, (_row, gaps) in INCOMPLETE.items()
    }
    assert len(listed) == len(INCOMPLETE) + len(COMPLETE)
    for text in ("meyer 1", "kim1@meyer.example", "86811"):
        (found,) = find(filled.store, text, Tab.ALL, START).rows
        assert records.gaps_of_row(found) == (Gap.END,)


def test_the_number_is_left_for_the_doctor_until_there_are_none(
    filled: OldStore, adopt: Command
) -> None:
    def count() -> int | None:
        found = read_incomplete_count(adopt.folder, filled.store.describe())
        return found.number if found else None

    adopt()
    assert count() is None
    adopt("--apply")
    assert count() == len(INCOMPLETE)
    keep = [argument for tenant_id in INCOMPLETE for argument in ("--keep", tenant_id)]
    assert adopt("--apply", *keep).exit_code == 0
    assert count() is None


# ---- Keep


def test_a_row_that_is_kept_never_ends_and_is_incomplete_no_more(
    filled: OldStore, adopt: Command
) -> None:
    dry_run = adopt("--keep", NO_END)
    assert f"To keep as they are: {NO_END}." in dry_run.stdout
    assert "Run the command with --apply" in dry_run.stdout
    assert filled.store.get(NO_END) == INCOMPLETE[NO_END][0]
    kept = adopt("--apply", "--keep", NO_END, "--keep", "86812_104348", "--keep", "legacy")
    assert kept.exit_code == 0, kept.output
    assert f"Kept as they are: {NO_END}, 86812_104348, legacy." in kept.stdout
    assert "Incomplete: 6." in kept.stdout
    row = filled.store.get(NO_END)
    assert (row["adoptAnswer"], row["openEnded"]) == ("keep end", True)
    # The old application goes on deciding: it gets no status and no version.
    assert not {"status", "version"} & row.keys()
    assert access(filled, NO_END) is AccessStatus.VALID
    assert history(filled, NO_END) == ["keep"]
    assert filled.store.get("86812_104348")["adoptAnswer"] == "keep contact"
    assert "openEnded" not in filled.store.get("86812_104348")
    rows = queries.page(filled.store, queries.ranges_of_tab(Tab.ACTIVE, START)).rows
    (listed,) = [row for row in rows if row["tenantId"] == NO_END]
    assert records.gaps_of_row(listed) == ()
    assert records.validity_of(listed).is_open


def test_keeping_a_row_with_an_unreadable_end_gives_no_access(
    filled: OldStore, adopt: Command
) -> None:
    assert adopt("--apply", "--keep", "86818_104348").exit_code == 0
    assert access(filled, "86818_104348") is AccessStatus.WINDOW_MISSING
    assert records.open_gaps(filled.store.get("86818_104348")) == ()


def test_a_suspended_row_that_is_kept_stays_suspended(old_store: OldStore, adopt: Command) -> None:
    old_store.put(without(old_row(1, isActive=False), "validTo"))
    assert adopt("--apply", "--keep", NO_END).exit_code == 0
    assert access(old_store, NO_END) is AccessStatus.SUSPENDED
    tenant = onboarding.reinstate(old_store.store, NO_END, expected_version=None, audit=ANN)
    assert standing(tenant, START) is AccessStatus.VALID


def test_an_answer_counts_only_for_what_it_was_given_for(
    old_store: OldStore, adopt: Command
) -> None:
    old_store.put(old_row(1, contactEmailAddress=""))
    adopt("--apply", "--keep", NO_END)
    row = dict(old_store.store.get(NO_END))
    assert records.open_gaps(row) == ()
    # The old application saves it without its end.
    del row["validTo"]
    assert records.open_gaps(row) == (Gap.END,)
    assert standing(records.tenant_of(row), START) is AccessStatus.WINDOW_MISSING


# ---- Close


def test_a_row_that_is_closed_is_suspended_in_the_history(filled: OldStore, adopt: Command) -> None:
    dry_run = adopt("--close", NO_END)
    assert f"To close: access would end: {NO_END}." in dry_run.stdout
    assert filled.store.get(NO_END) == INCOMPLETE[NO_END][0]
    closed = adopt("--apply", "--close", NO_END, "--close", "legacy")
    assert closed.exit_code == 0, closed.output
    assert f"Closed: suspended, without access: {NO_END}, legacy." in closed.stdout
    for tenant_id in (NO_END, "legacy"):
        row = filled.store.get(tenant_id)
        assert (row["status"], row["isActive"], row["version"]) == ("suspended", False, 1)
        tenant = onboarding.find(filled.store, tenant_id)
        assert (tenant.status, tenant.reason) == (Status.SUSPENDED, Reason.CONTRACT_ENDED)
        assert history(filled, tenant_id) == ["suspend"]
        assert records.open_gaps(row) == ()
    (event,) = queries.history(filled.store, onboarding.find(filled.store, NO_END))
    assert event.changes["status"] == ("", "suspended")
    assert event.by.endswith("(command line)")
    rows = queries.page(filled.store, queries.ranges_of_tab(Tab.SUSPENDED, START)).rows
    assert NO_END in [row["tenantId"] for row in rows]


def test_a_row_that_was_suspended_already_stays_so_when_it_is_closed(
    old_store: OldStore, adopt: Command
) -> None:
    old_store.put(without(old_row(1, isActive=False), "validTo"))
    adopt("--apply", "--close", NO_END)
    row = dict(old_store.store.get(NO_END))
    assert (row["status"], row["adoptAnswer"]) == ("suspended", "close end")
    assert history(old_store, NO_END) == ["suspend"]
    # Also if the old application says otherwise later.
    assert records.status_of({**row, "isActive": True}) is Status.SUSPENDED


def test_who_reinstates_a_closed_row_has_to_complete_it(
    old_store: OldStore, adopt: Command
) -> None:
    old_store.put(without(old_row(1), "validTo"))
    adopt("--apply", "--close", NO_END)
    onboarding.reinstate(old_store.store, NO_END, expected_version=1, audit=ANN)
    assert access(old_store, NO_END) is AccessStatus.WINDOW_MISSING
    assert records.open_gaps(old_store.store.get(NO_END)) == (Gap.END,)
    onboarding.set_validity(
        old_store.store, NO_END, expected_version=2, audit=ANN, validity=NEXT_YEAR
    )
    assert records.open_gaps(old_store.store.get(NO_END)) == ()


# ---- What staff do


def test_staff_complete_a_row_with_the_verbs_they_have(old_store: OldStore, adopt: Command) -> None:
    old_store.put(INCOMPLETE["86819_104348"][0])
    adopt("--apply")
    store = old_store.store
    onboarding.edit_contact(
        store, "86819_104348", expected_version=None, audit=ANN, contact=OTHER_CONTACT
    )
    assert records.open_gaps(store.get("86819_104348")) == (Gap.END,)
    assert access(old_store, "86819_104348") is AccessStatus.WINDOW_MISSING
    onboarding.set_validity(
        store, "86819_104348", expected_version=1, audit=ANN, validity=NEXT_YEAR
    )
    assert records.open_gaps(store.get("86819_104348")) == ()
    for text in ("86819", "meyer lifts", "lou@meyer.example"):
        (found,) = find(store, text, Tab.ALL, START).rows
        assert records.gaps_of_row(found) == ()
    assert json.loads(adopt("--json").stdout)["incomplete"] == {}


# ---- Twice, stopped, changed meanwhile


def test_a_second_run_with_the_same_answers_changes_nothing(
    filled: OldStore, adopt: Command
) -> None:
    arguments = ("--apply", "--keep", NO_END, "--close", "legacy")
    assert adopt(*arguments).exit_code == 0
    before = all_items(filled.store)
    again = adopt(*arguments)
    assert again.exit_code == 0
    assert f"Answered so already: {NO_END}, legacy." in again.stdout
    assert all_items(filled.store) == before


def test_an_answer_counts_also_when_a_stopped_run_continues_behind_its_row(
    filled: OldStore, adopt: Command
) -> None:
    checkpoints = Checkpoints(
        adopt.folder / "adopt-progress.json", f"{filled.store.describe()} ", 1
    )
    adopt.folder.mkdir(exist_ok=True)
    found = {NO_END: [Gap.END], "legacy": [Gap.TENANT_ID]}
    checkpoints.save(0, Checkpoint(done=True, incomplete=found))
    kept = adopt("--apply", "--segments", "1", "--keep", NO_END, "--json")
    report = json.loads(kept.stdout)
    assert (report["rows"], report["answers"]) == (0, {NO_END: "kept"})
    # What the stopped run found is not lost.
    assert report["incomplete"] == {"legacy": ["tenant_id"]}
    assert access(filled, NO_END) is AccessStatus.VALID


def to_answer(rows: Rows) -> RowsToAnswer:
    assert isinstance(rows, StoredRows | TableRows)
    return rows


class InterruptedAnswers:
    """Rows in front of others. Just before each write, `other` is called."""

    def __init__(self, rows: Rows, other: Callable[[], object]) -> None:
        self._rows = to_answer(rows)
        self._other = other

    def get(self, row_id: str) -> Item:
        return self._rows.get(row_id)

    def decide(self, row: Item, after: Item, event: Item) -> None:
        self._other()
        self._rows.decide(row, after, event)


def answered(rows: RowsToAnswer, answer: AdoptAnswer, *ids: str) -> dict[str, AnswerOutcome]:
    return answer_rows(rows, dict.fromkeys(ids, answer), ANN, apply=True)


@pytest.mark.parametrize("answer", AdoptAnswer)
def test_a_row_that_somebody_changes_meanwhile_is_not_overwritten(
    old_store: OldStore, answer: AdoptAnswer
) -> None:
    old_store.put(without(old_row(1), "validTo"))

    def set_validity() -> None:
        onboarding.set_validity(
            old_store.store, NO_END, expected_version=None, audit=ANN, validity=NEXT_YEAR
        )

    rows = InterruptedAnswers(old_store.rows, set_validity)
    assert answered(rows, answer, NO_END) == {NO_END: AnswerOutcome.CHANGED}
    row = old_store.store.get(NO_END)
    assert (row["validTo"], row["status"]) == ("2028-11-22T23:59:59.999Z", "active")
    assert "adoptAnswer" not in row
    assert history(old_store, NO_END) == ["set_validity"]


@pytest.mark.parametrize("answer", AdoptAnswer)
def test_what_the_old_application_writes_meanwhile_is_not_overwritten(
    old_table: OldTable, answer: AdoptAnswer
) -> None:
    old_table.put(without(old_row(1), "validTo"))
    end = "2026-12-31T23:59:59.999Z"

    def write() -> None:
        old_table.old_application_sets(NO_END, "validTo", {"S": end})

    rows = InterruptedAnswers(old_table.rows, write)
    assert answered(rows, answer, NO_END) == {NO_END: AnswerOutcome.CHANGED}
    row = old_table.store.get(NO_END)
    assert row == {**old_row(1), "validTo": end}


def test_an_answer_keeps_attributes_of_other_programs(old_table: OldTable) -> None:
    others = {"tags": {"SS": ["a", "b"]}, "share": {"N": "0.25"}, "validTo": {"NULL": True}}
    item = {**to_attributes(without(old_row(1), "validTo")), **others}
    old_table.client.put_item(TableName=old_table.location.table, Item=item)
    assert answered(to_answer(old_table.rows), AdoptAnswer.KEEP, NO_END) == {
        NO_END: AnswerOutcome.KEPT
    }
    key = {"tenantId": {"S": NO_END}}
    row = old_table.client.get_item(TableName=old_table.location.table, Key=key)["Item"]
    assert {name: row[name] for name in others} == others
    assert access(old_table, NO_END) is AccessStatus.VALID


def test_the_permissions_of_the_portal_are_enough_for_answers(old_table: OldTable) -> None:
    old_table.put(*(without(old_row(number), "validTo") for number in (1, 2)))
    recording = RecordingConnection(old_table.dynamodb)
    old_table.dynamodb.connection = cast(DynamoDbClient, recording)
    rows = to_answer(old_table.rows)
    answered(rows, AdoptAnswer.KEEP, NO_END)
    answered(rows, AdoptAnswer.CLOSE, "86812_104348")
    old_table.dynamodb.connection = recording.inner
    # A transaction is allowed through its parts: an update and a put.
    assert recording.actions == {"dynamodb:GetItem", "dynamodb:TransactWriteItems"}
    assert {"dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:PutItem"} < set(PORTAL_ACTIONS)


def test_a_run_that_stops_between_two_answers_can_be_repeated(old_store: OldStore) -> None:
    old_store.put(*(without(old_row(number), "validTo") for number in (1, 2)))
    first, second = NO_END, "86812_104348"
    written: list[int] = []

    def stop() -> None:
        written.append(1)
        if len(written) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        answered(InterruptedAnswers(old_store.rows, stop), AdoptAnswer.CLOSE, first, second)
    assert "adoptAnswer" in old_store.store.get(first)
    assert old_store.store.get(second) == without(old_row(2), "validTo")
    assert answered(to_answer(old_store.rows), AdoptAnswer.CLOSE, first, second) == {
        first: AnswerOutcome.ALREADY,
        second: AnswerOutcome.CLOSED,
    }
    assert [history(old_store, each) for each in (first, second)] == [["suspend"], ["suspend"]]


def test_an_answer_waits_for_a_busy_store(old_store: OldStore) -> None:
    old_store.put(without(old_row(1), "validTo"))
    busy = [1, 1]

    def other() -> None:
        if busy:
            busy.pop()
            raise BusyError(reason="Others write it.")

    rows = InterruptedAnswers(old_store.rows, other)
    assert answered(rows, AdoptAnswer.KEEP, NO_END) == {NO_END: AnswerOutcome.KEPT}


# ---- Answers that nobody asked for


def test_answers_that_do_not_fit_are_told_and_change_nothing(
    filled: OldStore, adopt: Command
) -> None:
    adopt("--apply", "--keep", NO_END)
    before = all_items(filled.store)
    complete = str(COMPLETE[0]["tenantId"])
    told = adopt("--apply", "--keep", complete, "--keep", "nobody_1", "--close", NO_END)
    assert told.exit_code == 1
    assert f"Not changed, because they lack nothing: {complete}." in told.stderr
    assert "Not changed, because no tenant has these ids: nobody_1." in told.stderr
    assert f"on their pages: {NO_END}." in told.stderr
    assert all_items(filled.store) == before
    event = next(key for key in before if key.startswith("event-"))
    assert f"no tenant has these ids: {event}." in adopt("--close", event).stderr


def test_an_id_in_both_lists_is_refused_before_anything_is_done(
    filled: OldStore, adopt: Command
) -> None:
    before = all_items(filled.store)
    told = adopt("--apply", "--keep", NO_END, "--close", NO_END, "--keep", "legacy")
    assert told.exit_code == 2
    assert f"Say either --keep or --close: {NO_END}." in told.stderr
    assert all_items(filled.store) == before


def test_rows_of_the_portal_itself_lack_nothing(old_store: OldStore, sealer: KeyFileSealer) -> None:
    old_store.put(old_row(1))
    run_backfill(old_store, sealer)
    onboarding.suspend(
        old_store.store, NO_END, expected_version=None, audit=ANN, reason=Reason.UNPAID
    )
    assert run_backfill(old_store, sealer).incomplete == {}
