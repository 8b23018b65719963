"""A busy store, a full disk or another person may stop an import. It says how far it came, and run
again it writes the rest."""

from datetime import timedelta
from pathlib import Path

import pytest

from migrations_tools.imports.importing import NEXT_STEP
from portal.imports import JobState, end_job, list_jobs, remove_rows_before
from portal.stores import BusyError, UnavailableError
from portal.stores.dynamodb import DynamoDbStore
from portal.stores.file.os_errors import outcome_unknown, unavailable
from portal.stores.waiting.retrying import TRIES
from portal.tenants import AuditInfo
from portal.timestamps import utc_now
from tests.conftest import START
from tests.dynamodb_engine import CREDENTIALS, REGION, Engine
from tests.examples import all_items
from tests.fault_proxy import Refuse, between
from tests.imports.files import lines, tenant
from tests.migrations_tools.imports.hooked_import import ROWS, at
from tests.migrations_tools.imports.tool_runner import json_output, run_tool
from tests.sealing_key import with_sealing_key

# ---- Busy


@pytest.mark.parametrize(("call", "least"), [("get", 5), ("get_many", 2), ("write", 11)])
def test_it_waits_for_a_busy_store_at_any_call(hooked_import, call, least):
    busy_calls = []

    def busy(current_call: str, number: int) -> None:
        # Every second call, of the plan and of the steps.
        if current_call == call and number % 2 == 0:
            busy_calls.append(number)
            raise BusyError(reason="Throttled.")

    assert hooked_import.run(busy) is True
    assert (hooked_import.tenants, hooked_import.last_job.state) == (ROWS, JobState.DONE)
    assert len(hooked_import.pauses) == len(busy_calls) >= least


def test_a_store_that_stays_busy_stops_the_import(hooked_import, capsys):
    def busy(call: str, number: int) -> None:
        if call == "write" and number >= 6:
            raise BusyError(reason="Throttled.")

    message = hooked_import.error_message(busy, as_json=True)
    job = hooked_import.last_job
    assert message == (
        f"Throttled. {job.processed} of {ROWS} rows are written. Import {job.id}. {NEXT_STEP}"
    )
    assert 0 < job.processed == hooked_import.tenants < ROWS
    assert len(hooked_import.pauses) == TRIES - 1
    assert capsys.readouterr().out == ""
    hooked_import.assert_next_run_completes()


def test_it_waits_for_a_table_that_throttles(
    engine: Engine, tmp_path, monkeypatch, own_environment
):
    location = engine.new_table()
    with_sealing_key(tmp_path / "data")
    file = tmp_path / "file.jsonl"
    file.write_bytes(lines(*(tenant(number) for number in range(60))))
    refused = []

    def throttle(operation: str, number: int) -> Refuse | None:
        # More often than one call of the store is tried.
        if number < 4 and operation in ("GetItem", "PutItem", "TransactWriteItems"):
            refused.append(operation)
            return Refuse("ProvisionedThroughputExceededException")
        return None

    with between(engine.url) as proxy:
        proxy.plan = throttle
        for name, value in {
            **CREDENTIALS,
            "USE_DYNAMODB": "true",
            "TENANT_TABLE_NAME": location.table,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL_DYNAMODB": proxy.url,
        }.items():
            monkeypatch.setenv(name, value)
        result = run_tool("import", file, "--json")
    assert (result.exit_code, json_output(result)["counts"]["new"]) == (0, 60)
    assert len(refused) == 12
    store = DynamoDbStore(location)
    assert sum(key.startswith("86810_") for key in all_items(store)) == 60
    store.close()


# ---- A full disk


FULL = "The disk is full (/data/tenants.jsonl). Make room on it; writing works again by itself."


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("kind", [unavailable, outcome_unknown])
def test_a_full_disk_stops_the_import(hooked_import, capsys, as_json, kind):
    def full() -> None:
        outcome = ("Nothing was saved.",) if kind is unavailable else ()
        raise kind(OSError(28, "No space"), Path("/data/tenants.jsonl"), *outcome)

    message = hooked_import.error_message(at("write", 9, full), as_json=as_json)
    job = hooked_import.last_job
    assert message == (
        f"{FULL} {job.processed} of {ROWS} rows are written. Import {job.id}. {NEXT_STEP}"
    )
    assert 0 < job.processed == job.written == hooked_import.tenants < ROWS
    assert capsys.readouterr().out == ""
    hooked_import.assert_next_run_completes()


def test_an_import_that_is_stopped_before_its_first_row_says_so(hooked_import):
    def fail() -> None:
        raise UnavailableError(reason="It is gone. Nothing was saved.", remedy="Bring it back.")

    reason = "It is gone. Bring it back."
    no_row = f"{reason} No row is written. Run the command again."
    assert hooked_import.error_message(at("get_many", 3, fail)) == no_row
    assert hooked_import.error_message(at("write", 1, fail)) == no_row
    dry_run = hooked_import.error_message(at("get_many", 2, fail), dry_run=True)
    assert dry_run == f"{reason} Nothing was changed."
    assert hooked_import.tenants == 0
    assert list_jobs(hooked_import.store).jobs == []


def test_a_store_that_cannot_be_read_any_more_leaves_what_is_known(hooked_import):
    def fail(_call: str, _number: int) -> None:
        if hooked_import.tenants > 500:
            raise UnavailableError(reason="It is gone.", remedy="Bring it back.")

    message = hooked_import.error_message(fail)
    assert message.startswith(
        f"It is gone. Bring it back. At least 480 of {ROWS} rows are written. "
    )
    hooked_import.assert_next_run_completes()


def test_rows_that_are_written_but_cannot_be_read_again_count_as_written(hooked_import):
    def fail(call: str, _number: int) -> None:
        if (
            call == "get"
            and hooked_import.tenants == ROWS
            and hooked_import.last_job.state is JobState.DONE
        ):
            raise UnavailableError(reason="It is gone.", remedy="Bring it back.")

    message = hooked_import.error_message(fail)
    assert f"{ROWS} of {ROWS} rows are written. Import {hooked_import.last_job.id}." in message


# ---- Ended by another person


@pytest.mark.parametrize(("processed", "state"), [(0, JobState.DISCARDED), (1, JobState.STOPPED)])
def test_the_message_names_the_person_who_ended_the_import(hooked_import, processed, state):
    bob = AuditInfo(by="Bob Boss", who="staff-bob", at=START)

    def end(call: str, _number: int) -> None:
        for job in list_jobs(hooked_import.store).jobs:
            if call == "written" and job.processed >= processed:
                end_job(hooked_import.store, job.id, bob)

    message = hooked_import.error_message(end)
    job = hooked_import.last_job
    assert (job.state, job.processed) == (state, hooked_import.tenants)
    assert message == (
        f"Bob Boss ended the import. {job.processed} of {ROWS} rows are written."
        f" Import {job.id}. {NEXT_STEP}"
    )
    hooked_import.assert_next_run_completes()


# ---- Its rows are removed


@pytest.mark.parametrize(
    ("call", "processed", "as_json"),
    [("written", 1, False), ("get", 1, True), ("written", ROWS, True)],
)
def test_rows_that_retention_removes_meanwhile_are_not_reported_as_none(
    hooked_import, capsys, call, processed, as_json
):
    """After a write, between reading the import and reading its rows, and at its end."""
    report = hooked_import.file.with_name("report.json")
    report.write_text("earlier")
    retention, tomorrow = AuditInfo(by="retention", at=START), utc_now() + timedelta(days=1)

    def remove(current_call: str, _number: int) -> None:
        job = next(iter(list_jobs(hooked_import.store).jobs), None)
        if current_call != call or job is None or not job.rows_kept or job.processed < processed:
            return
        if processed < ROWS or job.state is JobState.DONE:
            remove_rows_before(hooked_import.store, tomorrow, retention)

    message = hooked_import.error_message(remove, report=str(report), as_json=as_json)
    job = hooked_import.last_job
    reason = (
        "Its rows were removed before they could be reported."
        if processed == ROWS
        else "retention ended the import."
    )
    assert message == (
        f"{reason} {hooked_import.tenants} of {ROWS} rows are written. Import {job.id}. {NEXT_STEP}"
    )
    assert capsys.readouterr().out == ""
    assert report.read_text() == "earlier"
