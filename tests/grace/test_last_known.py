"""What the portal knows while the store cannot be asked, on both stores."""

import os
import signal
import sqlite3
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from portal import onboarding
from portal.grace import Sighting
from portal.grace.known_file import MAX_IDS, NAME, KnownFile
from portal.stores.contract import (
    Add,
    Item,
    ItemNotFoundError,
    Remove,
    Replace,
    Store,
    UnavailableError,
)
from portal.tenants import Ids, Reason, Validity
from tests.conftest import Clock
from tests.examples import ANN, PERSONAL
from tests.grace.broken_disks import full_disk
from tests.grace.conftest import ID, NewProcess, item_valid, make_active, minutes
from tests.web.failing_store import silent


def suspend(store: Store, item: Item) -> None:
    version = item["version"]
    assert isinstance(version, int)
    onboarding.suspend(store, ID, expected_version=version, audit=ANN, reason=Reason.UNPAID)


def shorten(store: Store, item: Item, days: int) -> None:
    version = item["version"]
    assert isinstance(version, int)
    window = Validity(valid_from=ANN.at - timedelta(days=9), valid_to=ANN.at + timedelta(days=days))
    onboarding.set_validity(
        store, ID, expected_version=version, audit=ANN, validity=window, may_shorten=True
    )


@pytest.mark.usefixtures("active")
def test_nobody_knows_a_tenant_that_was_never_asked_for(new_process: NewProcess) -> None:
    assert not new_process().knows()


@pytest.mark.usefixtures("active")
def test_a_yes_holds_for_its_hours_and_not_a_moment_longer(
    new_process: NewProcess, clock: Clock
) -> None:
    process = new_process(hours=72)
    process.ask()
    asked = clock.now()
    clock.advance(hours=72)
    known = process.known.last_yes(ID, clock.now())
    assert known is not None
    assert (known.as_of, known.item["tenantId"]) == (asked, ID)
    clock.advance(milliseconds=1)
    assert not process.knows()


@pytest.mark.usefixtures("active")
def test_each_question_counts_anew(new_process: NewProcess, clock: Clock) -> None:
    process = new_process(hours=1)
    for _ in range(4):
        process.ask()
        clock.advance(minutes=2)
    known = process.known.last_yes(ID, clock.now())
    assert known is not None
    assert clock.now() - known.as_of == minutes(2)


@pytest.mark.usefixtures("active")
def test_a_yes_of_the_future_is_not_believed(new_process: NewProcess, clock: Clock) -> None:
    """The clock was wrong, then or now."""
    process = new_process()
    process.ask()
    clock.advance(hours=-1)
    assert not process.knows()


@pytest.mark.usefixtures("active")
def test_zero_hours_switch_it_off_and_the_file_goes(
    new_process: NewProcess, folder: Path, clock: Clock
) -> None:
    process = new_process()
    process.ask()
    process.known.flush()
    off = new_process(hours=0)
    assert not (folder / NAME).exists()
    off.ask()
    off.known.flush()
    assert not off.knows()
    assert off.known.last_yes(ID, clock.now()) is None
    assert not (folder / NAME).exists()
    # What was known before it was switched off is not believed when it is on again.
    assert not new_process().knows()


# ---- A restart


@pytest.mark.usefixtures("active")
def test_a_yes_outlives_the_process(new_process: NewProcess, clock: Clock) -> None:
    process = new_process()
    process.ask()
    asked = clock.now()
    process.known.flush()
    clock.advance(hours=5)
    known = new_process().known.last_yes(ID, clock.now())
    assert known is not None
    assert known.as_of == asked


@pytest.mark.usefixtures("active")
def test_a_worker_that_is_killed_has_written_what_it_knew(
    new_process: NewProcess, folder: Path
) -> None:
    """The worker writes in the background: nobody tells it to."""
    process = new_process()
    child = os.fork()
    if child == 0:
        process.ask()
        signal.pause()
    try:
        deadline = time.monotonic() + 20
        while not _is_in_file(folder) and time.monotonic() < deadline:
            time.sleep(0.02)  # Another process does the work.
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert new_process().knows()


def _is_in_file(folder: Path) -> bool:
    file = KnownFile(folder)
    rows = file.changed_rows()
    file.close()
    return any(row.tenant_id == ID for row in rows)


def test_a_suspension_is_in_the_file_before_anybody_is_told(
    new_process: NewProcess, active: Item
) -> None:
    """A worker that is killed right after its answer, and a store that fails right then."""
    process = new_process()
    process.ask()
    process.known.flush()
    suspend(process.watching, active)
    assert not process.knows()
    # Nobody flushed.
    assert not new_process().knows()


def test_a_worker_that_is_killed_while_it_suspends_leaves_no_yes(
    new_process: NewProcess, active: Item
) -> None:
    """What another process would know is looked at in the moment in which the store writes."""
    process = new_process()
    process.ask()
    process.known.flush()
    known_meanwhile = []

    def look_around(call: str, number: int) -> None:
        del number
        if call == "write":
            known_meanwhile.append(new_process().knows())

    process.store.begin(look_around)
    suspend(process.watching, active)
    assert known_meanwhile == [False]


# ---- A no


@pytest.mark.parametrize("change", ["suspend", "shorten to a day", "shorten to the past"])
def test_a_decision_of_this_process_counts_at_once(
    new_process: NewProcess, active: Item, change: str, clock: Clock
) -> None:
    process = new_process()
    process.ask()
    clock.advance(minutes=1)
    match change:
        case "suspend":
            suspend(process.watching, active)
        case "shorten to a day":
            shorten(process.watching, active, days=1)
        case _:
            shorten(process.watching, active, days=-1)
    assert not process.knows()


def test_a_decision_that_takes_nothing_away_leaves_the_yes(
    new_process: NewProcess, active: Item, clock: Clock
) -> None:
    process = new_process()
    process.ask()
    clock.advance(minutes=1)
    shorten(process.watching, active, days=1000)
    known = process.known.last_yes(ID, clock.now())
    assert known is not None
    assert known.item["validTo"] == "2029-08-19T10:00:00.000Z"


def test_reinstated_and_asked_for_again_it_is_known_again(
    new_process: NewProcess, active: Item, clock: Clock
) -> None:
    process = new_process()
    process.ask()
    suspend(process.watching, active)
    onboarding.reinstate(process.watching, ID, expected_version=2, audit=ANN)
    process.ask()
    # Also when no time passes between, as far as the clock says.
    assert process.knows()
    # A process that starts looks for what was suspended lately, and does not see that it was
    # reinstated. Only a question after these minutes is newer for sure.
    clock.advance(minutes=6)
    process.ask()
    assert process.known.flush()
    assert new_process().knows()


def test_a_write_with_an_unknown_outcome_leaves_nothing_known(
    new_process: NewProcess, active: Item
) -> None:
    process = new_process()
    process.ask()
    process.known.flush()

    def lost(call: str, number: int) -> Exception | None:
        del number
        if call != "write":
            return None
        return UnavailableError(reason="Lost.", remedy="Look.", outcome_unknown=True)

    process.store.begin(lost)
    # Even if it takes nothing away: nobody knows what is stored now.
    with pytest.raises(UnavailableError):
        shorten(process.watching, active, days=1000)
    assert not process.knows()
    assert not new_process().knows()


def test_a_change_that_was_not_saved_leaves_the_yes(new_process: NewProcess, active: Item) -> None:
    process = new_process()
    process.ask()

    def full(call: str, number: int) -> Exception | None:
        del number
        return UnavailableError(reason="Full.", remedy="") if call == "write" else None

    process.store.begin(full)
    with pytest.raises(UnavailableError):
        shorten(process.watching, active, days=1000)
    assert process.knows()


def test_a_suspension_that_was_not_saved_leaves_nothing_known_until_somebody_asks(
    new_process: NewProcess, active: Item, clock: Clock
) -> None:
    process = new_process()
    process.ask()

    def full(call: str, number: int) -> Exception | None:
        del number
        return UnavailableError(reason="Full.", remedy="") if call == "write" else None

    process.store.begin(full)
    with pytest.raises(UnavailableError):
        suspend(process.watching, active)
    assert not process.knows()
    clock.advance(seconds=1)
    process.ask()
    assert process.knows()


def test_what_this_process_reads_for_any_reason_counts(
    new_process: NewProcess, active: Item, store: Store
) -> None:
    """Another machine suspended it, and somebody opens the page of the tenant here."""
    process = new_process()
    process.ask()
    suspend(store, active)
    assert process.knows()
    process.watching.get(ID)
    assert not process.knows()


def test_what_this_process_reads_together_with_others_counts(
    new_process: NewProcess, active: Item, store: Store
) -> None:
    """Somebody plans an import here."""
    process, other = new_process(), new_process()
    process.ask()
    other.ask()
    assert process.watching.get_many([ID, "1_1"]) == {ID: active}
    assert process.knows()
    suspend(store, active)
    suspended = store.get(ID)
    assert process.watching.get_many([ID, "1_1"]) == {ID: suspended}
    assert not process.knows()
    store.write([Remove(ID, expected=int(suspended["version"]))])
    assert other.watching.get_many([ID, "1_1"]) == {}
    assert not other.knows()


def test_a_conflict_shows_what_another_one_decided(
    new_process: NewProcess, active: Item, store: Store
) -> None:
    process = new_process()
    process.ask()
    suspend(store, active)
    with pytest.raises(Exception, match="VersionConflict"):
        process.watching.write([Replace({**active, "version": 2}, 1, read=active)])
    assert not process.knows()


def test_a_tenant_that_is_gone_is_not_known(
    new_process: NewProcess, active: Item, store: Store
) -> None:
    process, remover = new_process(), new_process()
    process.ask()
    remover.ask()
    remover.watching.write([Remove(ID, expected=1)])
    assert not remover.knows()
    with pytest.raises(ItemNotFoundError):
        process.watching.get(ID)
    assert not process.knows()
    assert not new_process().knows()


def test_a_reading_that_began_before_the_suspension_brings_nothing_back(
    new_process: NewProcess, active: Item, clock: Clock
) -> None:
    process = new_process()
    began = clock.now()
    read = Sighting.of(process.watching.get(ID))
    clock.advance(seconds=1)
    suspend(process.watching, active)
    process.known.saw_yes(read, began)
    assert not process.knows()


def test_tenants_without_access_are_written_without_a_word(new_process: NewProcess) -> None:
    """An import may hold thousands of them. None takes the place of a "yes"."""
    process = new_process()
    suspended = [
        {**item_valid(number), "status": "suspended", "isActive": False} for number in range(50)
    ]
    process.watching.write([Add(item) for item in suspended])
    process.watching.write([
        Replace({**item, "version": 2}, 1, read=item) for item in suspended
    ])  # fmt: skip
    process.known.flush()
    assert process.file.changed_rows() == []
    assert process.known._memory.entries == {}


# ---- Workers of one machine


@pytest.mark.usefixtures("active")
def test_workers_share_what_they_know(new_process: NewProcess) -> None:
    one, other = new_process(workers=2), new_process(workers=2)
    one.ask()
    one.known.flush()
    assert other.knows()


def test_a_no_of_one_worker_counts_for_the_other_at_once(
    new_process: NewProcess, active: Item
) -> None:
    one, other = new_process(workers=2), new_process(workers=2)
    one.ask()
    other.ask()
    one.known.flush()
    other.known.flush()
    suspend(one.watching, active)
    assert not other.knows()


def test_a_yes_of_an_older_version_brings_nothing_back_after_a_write_nobody_knows_of(
    new_process: NewProcess, active: Item, store: Store, clock: Clock
) -> None:
    """One worker knows version 1, the other one version 2, and the outcome of 3 is unknown."""
    one, other = new_process(workers=2), new_process(workers=2)
    one.ask()
    shorten(store, active, days=1000)
    other.ask()
    clock.advance(milliseconds=5)
    one.known.forget({ID: 0}, clock.now())
    other.known.flush()
    assert [process.knows() for process in (one, other, new_process())] == [False] * 3


def test_a_yes_that_is_written_late_brings_nothing_back(
    new_process: NewProcess, active: Item, clock: Clock
) -> None:
    one, other = new_process(workers=2), new_process(workers=2)
    other.ask()
    clock.advance(milliseconds=5)
    suspend(one.watching, active)
    other.known.flush()
    assert [process.knows() for process in (one, other, new_process())] == [False] * 3


def test_a_tenant_that_is_gone_for_one_worker_is_gone_for_a_yes_on_its_way(
    new_process: NewProcess, active: Item, clock: Clock
) -> None:
    one, other = new_process(workers=2), new_process(workers=2)
    other.ask()
    clock.advance(milliseconds=5)
    one.known.saw_none(ID, clock.now())
    other.known.flush()
    one.known.flush()
    assert not other.knows()


@contextmanager
def busy(folder: Path) -> Iterator[None]:
    """Another process writes into the file, and takes its time."""
    connection = sqlite3.connect(folder / NAME, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


@pytest.mark.usefixtures("active")
def test_a_tenant_that_is_gone_while_the_file_is_busy_is_gone_for_a_yes_on_its_way(
    new_process: NewProcess, folder: Path, clock: Clock
) -> None:
    one, other = new_process(workers=2), new_process(workers=2)
    one.ask("86810_104348")
    one.known.flush()
    clock.advance(milliseconds=5)
    other.known.saw_none(ID, clock.now())
    with busy(folder):
        assert not other.known.flush()
    assert other.known.flush()
    assert not one.knows()
    assert not new_process().knows()


@pytest.mark.parametrize("workers", [1, 2])
def test_what_could_not_be_read_at_the_start_is_read_later_and_looked_after(
    new_process: NewProcess, active: Item, store: Store, folder: Path, clock: Clock, *, workers: int
) -> None:
    """Another worker is writing just then. Meanwhile another machine has suspended the tenant."""
    process = new_process()
    process.ask()
    process.known.flush()
    clock.advance(hours=3)
    suspend(store, active)
    with busy(folder):
        again = new_process(workers=workers)
        assert not again.known.is_yes(ID)
        again.known.look()
        assert not again.known.is_yes(ID)
    again.known.look()
    assert not again.knows()
    clock.advance(hours=3)
    assert not new_process().knows()


@pytest.mark.usefixtures("active")
def test_without_the_file_workers_know_nothing_of_each_other_and_claim_nothing(
    new_process: NewProcess,
) -> None:
    one, alone = new_process(workers=2), new_process(workers=1)
    one.ask()
    alone.ask()
    with full_disk():
        assert not one.known.flush()
        assert not one.knows()
        assert not alone.known.flush()
        assert alone.knows()
    assert one.known.flush()
    assert one.knows()


@pytest.mark.usefixtures("active")
def test_a_no_that_cannot_be_written_takes_the_file_along(
    new_process: NewProcess, clock: Clock
) -> None:
    process = new_process()
    process.ask()
    process.known.flush()
    with full_disk():
        process.known.forget({ID: 0}, clock.now())
        process.known.flush()
    assert not new_process().knows()


# ---- Damage and size


@pytest.mark.usefixtures("active")
def test_a_damaged_file_only_means_that_less_is_known(
    new_process: NewProcess, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    process = new_process()
    process.ask()
    process.known.flush()
    (folder / NAME).write_bytes(b"\x00garbage" * 1000)
    again = new_process()
    assert not again.knows()
    assert NAME in caplog.text
    again.ask()
    assert again.known.flush()
    assert new_process().knows()


def test_50_001_ids_are_50_000(new_process: NewProcess, clock: Clock) -> None:
    process = new_process()
    for number in range(MAX_IDS + 1):
        process.known.saw_yes(Sighting.of(item_valid(number)), clock.advance(milliseconds=1))
    assert process.known.flush()
    again = new_process()
    for each in (process, again):
        assert not each.knows("1_0")
        assert each.knows("1_1")
        assert each.knows(f"1_{MAX_IDS}")
        assert len(each.known._memory.entries) == MAX_IDS


def test_a_yes_takes_less_than_a_kilobyte(new_process: NewProcess, clock: Clock) -> None:
    process = new_process()
    tracemalloc.start()
    try:
        for number in range(1000):
            process.known.saw_yes(Sighting.of(item_valid(number)), clock.advance(milliseconds=1))
        used = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert used < 1000 * 1024


def test_nothing_personal_and_no_secret_is_in_the_file(
    new_process: NewProcess, active: Item, folder: Path, store: Store
) -> None:
    old = {**active, "clientSecret": "plain-old-secret", "decidedBy": "Ann Approver", "version": 2}
    store.write([Replace(old, 1)])
    process = new_process()
    process.ask()
    process.known.flush()
    data = b"".join(path.read_bytes() for path in folder.glob(f"{NAME}*"))
    assert b'"cluster":"eu"' in data
    for private in (*PERSONAL, "secret", "Ann Approver", "staff-ann", "hash-of-link"):
        assert private.encode() not in data


# ---- Other machines


def test_what_others_suspend_or_shorten_is_seen_with_one_query(
    new_process: NewProcess, active: Item, store: Store, clock: Clock, tmp_path: Path
) -> None:
    here = new_process(data=tmp_path / "here")
    here.ask()
    clock.advance(seconds=30)
    shorten(store, active, days=1)
    assert here.knows()
    calls: list[str] = []
    here.store.begin(lambda call, _number: calls.append(call))
    here.known.look()
    assert calls == ["query"]
    assert not here.knows()
    # And after a restart.
    assert not new_process(data=tmp_path / "here").knows()


def test_a_look_leaves_what_nobody_ended(
    new_process: NewProcess, active: Item, store: Store, clock: Clock
) -> None:
    here = new_process()
    here.ask()
    shorten(store, active, days=1000)
    suspend(store, store.get(ID))
    onboarding.reinstate(store, ID, expected_version=3, audit=ANN)
    clock.advance(minutes=10)
    here.ask()
    here.known.look()
    assert here.knows()


@pytest.mark.usefixtures("active")
def test_a_look_that_fails_changes_nothing_and_is_made_up_for(
    new_process: NewProcess, active: Item, store: Store, clock: Clock
) -> None:
    here = new_process()
    here.ask()
    suspend(store, active)
    here.store.begin(silent)
    for _ in range(3):
        clock.advance(hours=1)
        here.known.look()
    assert here.knows()
    here.store.calm()
    here.known.look()
    assert not here.knows()


def test_after_a_restart_the_look_reaches_back_to_the_last_one(
    new_process: NewProcess, active: Item, store: Store, clock: Clock
) -> None:
    """A yes that was there before, and a suspension by another machine while this one was off."""
    process = new_process()
    process.ask()
    process.known.look()
    suspend(store, active)
    clock.advance(hours=30)
    again = new_process()
    again.known.look()
    assert not again.knows()


def test_many_that_ended_at_once_are_all_seen(
    new_process: NewProcess, store: Store, clock: Clock
) -> None:
    process = new_process()
    tenants = [
        make_active(store, number, Ids(account_id="7", company_id=str(number), cluster="eu"))
        for number in range(1, 6)
    ]
    for each in tenants:
        process.ask(str(each["tenantId"]))
        onboarding.suspend(
            store, str(each["tenantId"]), expected_version=1, audit=ANN, reason=Reason.UNPAID
        )
    process.known.look()
    assert not any(process.knows(str(each["tenantId"])) for each in tenants)
