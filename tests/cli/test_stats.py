"""`portal stats`: it compares the counts of the overview with what is stored."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from portal import onboarding, records
from portal.figures import CountingStore
from portal.stores.contract import Store
from portal.tenants import Reason
from portal.timestamps import utc_now
from tests.cli.portal_command import run
from tests.examples import ANN, sign_up


def test_what_agrees_is_said_in_a_sentence(folder: Path, store: Store) -> None:
    sign_up(CountingStore(store), now=utc_now())
    checked = run(folder, "stats", "check")
    assert checked.exit_code == 0
    assert checked.stdout == "All counts of the last 12 weeks agree with what is stored.\n"
    assert run(folder, "stats", "repair", "--weeks", "1").stdout == (
        "All counts of this week agree with what is stored.\n"
    )


def test_what_differs_is_printed_and_corrected(folder: Path, store: Store) -> None:
    now = utc_now()
    week, person = records.week_of(now), records.person_key(ANN.who)
    pending = sign_up(store, now=now)
    onboarding.reject(
        store, pending.id, expected_version=1, audit=replace(ANN, at=now), reason=Reason.OTHER
    )
    said = (
        f"{week} reject by person {person}: 0 counted, 1 found\n"
        f"{week} sign-ups: 0 counted, 1 found\n"
    )
    checked = run(folder, "stats", "check")
    assert (checked.exit_code, checked.stdout) == (1, said)
    assert checked.stderr == "Error: 2 counts differ. Run: portal stats repair\n"
    repaired = run(folder, "stats", "repair")
    assert (repaired.exit_code, repaired.stdout) == (0, f"{said}2 counts differ. Corrected.\n")
    assert run(folder, "stats", "check").exit_code == 0


def test_older_weeks_are_compared_if_asked_for(folder: Path, store: Store) -> None:
    sign_up(store, now=utc_now() - timedelta(weeks=20))
    assert run(folder, "stats", "check").exit_code == 0
    assert run(folder, "stats", "check", "--weeks", "30").exit_code == 1
    assert run(folder, "stats", "check", "--weeks", "0").exit_code == 2


def test_a_store_that_is_not_there_yet_agrees(folder: Path) -> None:
    assert run(folder, "stats", "check").exit_code == 0
