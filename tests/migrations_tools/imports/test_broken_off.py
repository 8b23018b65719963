"""An import by command meets a busy store, a full disk, Ctrl-C, or somebody who ends it: how far
it came is told, and run again it brings the rest in."""

import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import click
import pytest

from migrations_tools.imports.importing import ImportCommand, Importing
from migrations_tools.imports.signals import InterruptSafeStore, stoppable
from portal.imports.jobs.job import ImportJob, JobState, end_job, list_jobs
from portal.imports.jobs.retention import remove_rows_before
from portal.imports.planning.plan import ImportOptions
from portal.sealing.sealers import KeyFileSealer
from portal.sealing.sealing_store import SealingStore
from portal.settings import Settings
from portal.stores.contract import BusyError, Change, Store, UnavailableError
from portal.stores.dynamodb.store import DynamoDbStore
from portal.stores.file.os_errors import outcome_unknown, unavailable
from portal.stores.retrying import TRIES
from portal.tenants import AuditInfo
from portal.timestamps import utc_now
from tests.conftest import START
from tests.dynamodb_engine import CREDENTIALS, REGION, Engine
from tests.examples import Behind, all_items
from tests.fault_proxy import Refuse, between
from tests.imports.importing import lines, tenant
from tests.migrations_tools.imports.import_tool import answered, tool

ROWS = 600
AGAIN = "Run it again: what is in the store shows as same."


class Moments(Behind):
    """At some moments of the work something happens: `number` counts calls of each kind from 0."""

    def __init__(self, store: Store, happens: Callable[[str, int], object]) -> None:
        super().__init__(store)
        self.happens = happens
        self.calls: dict[str, int] = {}

    def before(self, call: str) -> None:
        number = self.calls[call] = self.calls.get(call, -1) + 1
        self.happens(call, number)

    def write(self, changes: Sequence[Change]) -> None:
        super().write(changes)
        self.happens("written", self.calls["write"])


@dataclass
class Command:
    """The command on a store to which something happens."""

    settings: Settings
    store: Store
    file: Path
    pauses: list[float] = field(default_factory=list)

    def run(self, happens: Callable[[str, int], object], **wish: object) -> bool:
        sealer = KeyFileSealer(self.settings.data_dir / "sealing-keys.json")
        store = InterruptSafeStore(Moments(self.store, happens), pause=self.pauses.append)
        wished = {"dry_run": False, "report": None, "as_json": False} | wish
        wanted = ImportCommand(files=[str(self.file)], choice=ImportOptions(), **wished)
        return Importing(SealingStore(store, sealer), sealer, self.settings, wanted).run()

    def broken_off(self, happens: Callable[[str, int], object], **wish: object) -> str:
        with pytest.raises(click.ClickException) as broken:
            self.run(happens, **wish)
        assert broken.value.exit_code == 1
        return broken.value.message

    @property
    def last(self) -> ImportJob:
        return list_jobs(self.store).runs[0]

    @property
    def tenants(self) -> int:
        return sum(key.startswith("86810_") for key in all_items(self.store))

    def assert_the_rest_comes_in(self) -> None:
        assert self.run(nothing) is True
        assert self.tenants == ROWS


def nothing(_call: str, _number: int) -> None:
    pass


def at(call: str, number: int, what: Callable[[], object]) -> Callable[[str, int], object]:
    return lambda called, count: what() if (called, count) == (call, number) else None


@pytest.fixture
def command(settings: Settings, store: Store, tmp_path: Path) -> Command:
    file = tmp_path / "file.jsonl"
    file.write_bytes(lines(*(tenant(number) for number in range(ROWS))))
    return Command(settings, store, file)


# ---- Busy


@pytest.mark.parametrize("call", ["get", "write"])
def test_a_busy_store_is_waited_for_at_any_call(command, call):
    seen = []

    def busy(called: str, number: int) -> None:
        # Each other call of all of them, of the plan and of the steps.
        if called == call and number % 2 == 0:
            seen.append(number)
            raise BusyError(reason="Throttled.")

    assert command.run(busy) is True
    assert (command.tenants, command.last.state) == (ROWS, JobState.DONE)
    assert len(command.pauses) == len(seen) > 10


def test_a_store_that_stays_busy_ends_it_with_how_far_it_came(command, capsys):
    def busy(called: str, number: int) -> None:
        if called == "write" and number >= 6:
            raise BusyError(reason="Throttled.")

    told = command.broken_off(busy, as_json=True)
    run = command.last
    assert (
        told == f"Throttled. {run.processed} of {ROWS} rows are written. Import {run.id}. {AGAIN}"
    )
    assert 0 < run.processed == command.tenants < ROWS
    assert len(command.pauses) == TRIES - 1
    assert capsys.readouterr().out == ""
    command.assert_the_rest_comes_in()


def test_a_table_that_throttles_is_waited_for(
    engine: Engine, tmp_path, monkeypatch, own_environment
):
    place = engine.new_table()
    file = tmp_path / "file.jsonl"
    file.write_bytes(lines(*(tenant(number) for number in range(60))))
    refused = []

    def throttled(operation: str, number: int) -> Refuse | None:
        # More often than one call of the store is tried.
        if number < 4 and operation in ("GetItem", "PutItem", "TransactWriteItems"):
            refused.append(operation)
            return Refuse("ProvisionedThroughputExceededException")
        return None

    with between(engine.url) as proxy:
        proxy.plan = throttled
        for name, value in {
            **CREDENTIALS,
            "USE_DYNAMODB": "true",
            "TENANT_TABLE_NAME": place.table,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL_DYNAMODB": proxy.url,
        }.items():
            monkeypatch.setenv(name, value)
        result = tool("import", file, "--json")
    assert (result.exit_code, answered(result)["counts"]["new"]) == (0, 60)
    assert len(refused) == 12
    store = DynamoDbStore(place)
    assert sum(key.startswith("86810_") for key in all_items(store)) == 60
    store.close()


# ---- A full disk


FULL = "The disk is full (/data/tenants.jsonl). Make room on it; writing works again by itself."


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("kind", [unavailable, outcome_unknown])
def test_a_full_disk_ends_it_with_how_far_it_came(command, capsys, as_json, kind):
    def full() -> None:
        said = ("Nothing was saved.",) if kind is unavailable else ()
        raise kind(OSError(28, "No space"), Path("/data/tenants.jsonl"), *said)

    told = command.broken_off(at("write", 9, full), as_json=as_json)
    run = command.last
    assert told == f"{FULL} {run.processed} of {ROWS} rows are written. Import {run.id}. {AGAIN}"
    assert 0 < run.processed == run.written == command.tenants < ROWS
    assert capsys.readouterr().out == ""
    command.assert_the_rest_comes_in()


def test_what_broke_off_before_any_row_says_so(command):
    def gone() -> None:
        raise UnavailableError(reason="It is gone. Nothing was saved.", remedy="Bring it back.")

    told = "It is gone. Bring it back."
    assert command.broken_off(at("get", 300, gone)) == f"{told} No row is written. Run it again."
    assert command.broken_off(at("write", 1, gone)) == f"{told} No row is written. Run it again."
    assert command.broken_off(at("get", 3, gone), dry_run=True) == f"{told} Nothing was changed."
    assert command.tenants == 0
    assert list_jobs(command.store).runs == []


def test_a_store_that_does_not_even_say_how_far_it_came_leaves_what_is_known(command):
    def gone(call: str, _number: int) -> None:
        if command.tenants > 500:
            raise UnavailableError(reason="It is gone.", remedy="Bring it back.")

    told = command.broken_off(gone)
    assert told.startswith(f"It is gone. Bring it back. At least 480 of {ROWS} rows are written. ")
    command.assert_the_rest_comes_in()


def test_rows_that_are_in_but_cannot_be_read_again_are_told_as_written(command):
    def gone(call: str, _number: int) -> None:
        if call == "get" and command.tenants == ROWS and command.last.state is JobState.DONE:
            raise UnavailableError(reason="It is gone.", remedy="Bring it back.")

    told = command.broken_off(gone)
    assert f"{ROWS} of {ROWS} rows are written. Import {command.last.id}." in told


# ---- Stopped


def press_ctrl_c() -> None:
    signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("moment", ["write", "written"])
def test_ctrl_c_within_a_write_counts_behind_it(command, capsys, moment):
    told = command.broken_off(at(moment, 9, press_ctrl_c), as_json=True)
    run = command.last
    assert told == f"Stopped. {run.processed} of {ROWS} rows are written. Import {run.id}. {AGAIN}"
    assert 0 < run.processed == command.tenants < ROWS
    assert capsys.readouterr().out == ""
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    command.assert_the_rest_comes_in()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_whoever_ends_programs_is_heard_as_ctrl_c_is(command, number):
    with stoppable():
        told = command.broken_off(at("write", 9, lambda: signal.raise_signal(number)))
    run = command.last
    assert told == f"Stopped. {run.processed} of {ROWS} rows are written. Import {run.id}. {AGAIN}"
    assert 0 < run.processed == command.tenants < ROWS
    assert signal.getsignal(number) is signal.SIG_DFL


def test_what_is_to_be_ignored_stays_so():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stoppable():
            signal.raise_signal(signal.SIGHUP)
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_who_presses_ctrl_c_twice_does_not_wait(command):
    def twice() -> None:
        press_ctrl_c()
        press_ctrl_c()

    told = command.broken_off(at("write", 9, twice))
    assert told.startswith(f"Stopped. {command.tenants} of {ROWS} rows are written.")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize(("handled", "state"), [(0, JobState.DISCARDED), (1, JobState.STOPPED)])
def test_somebody_else_ends_it_and_who_and_how_many_is_told(command, handled, state):
    bob = AuditInfo(by="Bob Boss", who="staff-bob", at=START)

    def end(call: str, _number: int) -> None:
        for run in list_jobs(command.store).runs:
            if call == "written" and run.processed >= handled:
                end_job(command.store, run.id, bob)

    told = command.broken_off(end)
    run = command.last
    assert (run.state, run.processed) == (state, command.tenants)
    assert told == (
        f"It was ended by Bob Boss. {run.processed} of {ROWS} rows are written."
        f" Import {run.id}. {AGAIN}"
    )
    command.assert_the_rest_comes_in()


# ---- Its rows are removed


@pytest.mark.parametrize(
    ("call", "handled", "as_json"),
    [("written", 1, False), ("get", 1, True), ("written", ROWS, True)],
)
def test_rows_that_are_removed_meanwhile_are_not_told_as_none(
    command, capsys, call, handled, as_json
):
    """Behind a write, between a look at the import and one at its rows, and at its end."""
    report = command.file.with_name("report.json")
    report.write_text("of yesterday")
    by_retention, tomorrow = AuditInfo(by="retention", at=START), utc_now() + timedelta(days=1)

    def remove(called: str, _number: int) -> None:
        run = next(iter(list_jobs(command.store).runs), None)
        is_over = run and (handled < ROWS or run.state is JobState.DONE)
        if called == call and run and is_over and run.rows_kept and run.processed >= handled:
            remove_rows_before(command.store, tomorrow, by_retention)

    told = command.broken_off(remove, report=str(report), as_json=as_json)
    run, is_whole = command.last, handled == ROWS
    told_of = ("It was ended by retention.", "Its rows were removed before they were told.")
    said = told_of[is_whole]
    assert told == f"{said} {command.tenants} of {ROWS} rows are written. Import {run.id}. {AGAIN}"
    assert capsys.readouterr().out == ""
    assert report.read_text() == "of yesterday"
