"""Sign-ups and decisions are counted in their own write, once each."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from portal import onboarding, records
from portal.figures import CountingStore, with_counts
from portal.figures.counting import DECISIONS
from portal.onboarding import SignUpLimits
from portal.queries import Week, weeks
from portal.stores.contract import Add, Count, Item, UnavailableError
from portal.tenants import AuditInfo, Reason, Tenant, Verb
from tests.conftest import SECRET_KEY, START
from tests.examples import (
    ANN,
    BOB,
    CUSTOMER,
    NEXT_YEAR,
    Failing,
    PlainSealer,
    activate,
    all_items,
    later,
    reference,
    sign_up,
)

ANNS, BOBS = records.person_key(ANN.who), records.person_key(BOB.who)


def this_week(store: CountingStore, now: datetime = START) -> Week:
    return weeks(store, now, 1)[0]


def reject(store: CountingStore, pending: Tenant, audit: AuditInfo = ANN) -> Tenant:
    return onboarding.reject(
        store, pending.id, expected_version=pending.version, audit=audit, reason=Reason.OTHER
    )


def test_each_decision_counts_for_its_verb_and_person(store) -> None:
    reject(store, sign_up(store, 1))
    reject(store, sign_up(store, 2), BOB)
    active = activate(store, PlainSealer(), sign_up(store, 3), audit=BOB)
    onboarding.set_validity(
        store, active.id, expected_version=active.version, audit=ANN, validity=NEXT_YEAR
    )
    week = this_week(store)
    assert week.sign_ups == 3
    assert week.decided == {
        ("reject", ANNS): 1,
        ("reject", BOBS): 1,
        ("activate", BOBS): 1,
        ("set_validity", ANNS): 1,
    }


def test_what_is_sent_twice_counts_once(store) -> None:
    pending = sign_up(store)
    assert sign_up(store).id == pending.id
    for _ in range(2):
        reject(store, pending)
    assert (this_week(store).sign_ups, this_week(store).decisions) == (1, 1)


def test_a_decision_that_is_taken_back_counts_as_both(store) -> None:
    closed = reject(store, sign_up(store))
    onboarding.reopen(store, closed.id, expected_version=closed.version, audit=BOB)
    assert this_week(store).decided == {("reject", ANNS): 1, ("reopen", BOBS): 1}
    # It is the same sign-up still.
    assert this_week(store).sign_ups == 1


def test_who_is_nobody_of_staff_is_not_counted(store) -> None:
    onboarding.withdraw(store, sign_up(store).id, expected_version=1, audit=CUSTOMER)
    program = AuditInfo(by="nightly script", who="token-1", at=START)
    reject(store, sign_up(store, 2), program)
    assert this_week(store).decided == {}


def test_what_decides_nothing_is_not_counted(store) -> None:
    pending = sign_up(store)
    onboarding.ask(store, pending.id, expected_version=1, audit=ANN, text="Which company?")
    onboarding.add_note(store, pending.id, audit=ANN, text="Called.")
    assert this_week(store).decided == {}


def test_every_verb_that_changes_a_status_or_a_validity_decides() -> None:
    assert {verb.value for verb in Verb} - DECISIONS == {
        "submit", "set_client", "edit_names", "edit_contact", "question", "answer",
        "confirm_email", "end_link", "new_link", "erase", "import",
    }  # fmt: skip


def test_a_doubtful_sign_up_counts_in_its_week_once_it_is_in_the_queue_or_decided(store) -> None:
    released, rejected, activated, _left = (sign_up(store, n, set_aside=True) for n in range(4))
    assert this_week(store).sign_ups == 0
    audit = later(ANN, weeks=1)
    now_queued = onboarding.release(store, released.id, expected_version=1, audit=audit)
    assert this_week(store).sign_ups == 1
    closed = reject(store, rejected, audit)
    activate(store, PlainSealer(), activated, audit=audit)
    assert this_week(store).sign_ups == 3
    # What follows counts no sign-up again.
    reject(store, now_queued, audit)
    reopened = onboarding.reopen(
        store, closed.id, expected_version=closed.version, audit=later(audit, days=1)
    )
    reject(store, reopened, later(audit, days=2))
    assert this_week(store).sign_ups == 3
    assert this_week(store, audit.at).sign_ups == 0


def test_what_waits_for_its_address_counts_when_it_is_proved(store) -> None:
    waiting = onboarding.submit(
        store, reference=reference(1), contact=sign_up(store, 2).contact, claims=None,
        status_link="hash", now=START, waits_for_address=True,
    )  # fmt: skip
    assert this_week(store).sign_ups == 1
    onboarding.confirm_email(store, waiting.id, email=waiting.contact.email, audit=CUSTOMER)
    assert this_week(store).sign_ups == 2


def test_limits_and_figures_are_one_change(store) -> None:
    onboarding.submit(
        store, reference=reference(1), contact=sign_up(store, 2).contact, claims=None,
        status_link="hash", now=START, limits=SignUpLimits(SECRET_KEY, 5), network="192.0.2.1",
    )  # fmt: skip
    item = store.get("stats-sign-ups-2026-W48")
    assert item == {
        "tenantId": "stats-sign-ups-2026-W48",
        records.hour_name("all", START): 1,
        records.SIGN_UPS: 2,
    }


def test_the_decision_and_how_long_it_took_are_one_change() -> None:
    event: Item = {
        "tenantId": "event-1_1-a", "verb": "reject", "who": ANN.who, "at": "2026-11-23T10:00:00Z",
    }  # fmt: skip
    waited = Count("stats-week-2026-W48", {"w00": 10})
    _event, count = with_counts([Add(event), waited])
    assert isinstance(count, Count)
    assert dict(count.limits).keys() == {"w00", f"reject-{ANNS}"}


def test_a_write_that_fails_counts_nothing(store) -> None:
    pending = sign_up(store)
    before = all_items(store)
    with pytest.raises(UnavailableError):
        reject(CountingStore(Failing(store.inner, 1)), pending)
    assert all_items(store) == before


def test_no_item_holds_a_name_or_an_address(store) -> None:
    reject(store, sign_up(store))
    stats = [item for id_, item in all_items(store).items() if id_.startswith("stats-")]
    assert len(stats) == 2
    for personal in ("Ann", "ann", "meyer", "Meyer", "example"):
        assert personal not in repr(stats)


# ---- Weeks


@pytest.mark.parametrize(
    ("instant", "week"),
    [
        ("2026-11-22T23:59:59.999", "2026-W47"),
        ("2026-11-23T00:00", "2026-W48"),
        # Three days of a year may belong to the next one, and the other way round.
        ("2024-12-29T23:59", "2024-W52"),
        ("2024-12-30T00:00", "2025-W01"),
        ("2026-12-31T12:00", "2026-W53"),
        ("2027-01-03T23:59", "2026-W53"),
        ("2027-01-04T00:00", "2027-W01"),
        # The hour that Berlin has twice.
        ("2026-10-25T00:30", "2026-W43"),
        ("2026-10-25T01:30", "2026-W43"),
    ],
)
def test_a_week_is_that_of_iso_8601_in_utc(instant: str, week: str) -> None:
    at = datetime.fromisoformat(instant).replace(tzinfo=UTC)
    assert records.week_of(at) == week
    # The same instant in a zone where it is another day.
    assert records.week_of(at.astimezone(tz=None)) == week
    assert records.monday_of(week) == (at - timedelta(days=at.weekday())).date()


def test_the_last_weeks_leave_none_out_at_the_end_of_a_year() -> None:
    at = datetime(2027, 1, 8, tzinfo=UTC)
    assert records.weeks_until(at, 4) == ["2026-W51", "2026-W52", "2026-W53", "2027-W01"]


def test_an_item_of_sign_ups_stays_below_one_kb() -> None:
    hours = [START + timedelta(hours=n) for n in range(24 * 7)]
    names = {records.hour_name("all", hour) for hour in hours}
    assert len(names) == 24 * 7
    # A number of up to 200 takes three bytes; the key and the number of the week come on top.
    assert sum(len(name) + 3 for name in names) + 60 < 1100
    assert not names & {records.hour_name("proved", hour) for hour in hours}


def test_an_item_of_decisions_stays_below_one_kb_with_ten_people() -> None:
    verbs = ("activate", "reject", "set_validity", "reopen")
    names = [records.decision_name(verb, f"{n:08x}") for n in range(10) for verb in verbs]
    waited = 20 * (3 + 2)
    assert sum(len(name) + 2 for name in names) + waited + 60 < 1024


def test_people_are_told_apart_and_programs_have_no_key() -> None:
    keys = {records.person_key(f"staff-{n}") for n in range(1000)}
    assert len(keys) == 1000
    assert records.person_key("token-1") == records.person_key("") == ""
    assert replace(ANN, by="Another name").who == ANN.who
