"""How long sign-ups waited is counted in the decision's own write, and read as two figures."""

from dataclasses import replace
from datetime import timedelta

import pytest

from portal import onboarding, queries, records
from portal.queries import KnownWaitingTimes, WaitingTimes
from portal.stores.contract import Count, ItemNotFoundError, Store, UnavailableError
from portal.tenants import Reason, Tenant
from tests.conftest import START
from tests.examples import (
    ANN,
    CUSTOMER,
    IDS,
    NEXT_YEAR,
    OTHER_CONTACT,
    Failing,
    PlainSealer,
    activate,
    all_items,
    later,
    sign_up,
)

HOUR = timedelta(hours=1)
ITEM = "stats-week-2026-W48"


@pytest.fixture
def store(each_store: Store) -> Store:
    return each_store


def reject(store: Store, pending: Tenant, **waited: float) -> Tenant:
    return onboarding.reject(
        store,
        pending.id,
        expected_version=pending.version,
        audit=later(ANN, **waited),
        reason=Reason.OTHER,
    )


def counted(store: Store, item_id: str = ITEM) -> dict[str, object]:
    """The buckets, by name."""
    try:
        item = store.get(item_id)
    except ItemNotFoundError:
        return {}
    return {name: value for name, value in item.items() if name != "tenantId"}


def test_each_first_decision_of_staff_is_counted_once(store) -> None:
    reject(store, sign_up(store, 1), hours=5)
    activate(store, PlainSealer(), sign_up(store, 2), audit=later(ANN, hours=5))
    renewed = sign_up(store, 3)
    onboarding.renew_existing(
        store,
        renewed.id,
        expected_version=1,
        audit=later(ANN, hours=5),
        existing_id="86810_104348",
        expected_existing_version=1,
        validity=NEXT_YEAR,
    )
    assert counted(store) == {records.waiting_bucket(5 * HOUR): 3}


def test_a_decision_that_is_sent_twice_is_counted_once(store) -> None:
    pending = sign_up(store, 1)
    for _ in range(2):
        reject(store, pending, hours=5)
        activate(store, PlainSealer(), sign_up(store, 2), audit=later(ANN, hours=5))
    assert counted(store) == {records.waiting_bucket(5 * HOUR): 2}


def test_what_says_nothing_about_waiting_is_not_counted(store) -> None:
    """A withdrawal, what was set aside, and what was decided before and reopened."""
    withdrawn = sign_up(store, 1)
    onboarding.withdraw(store, withdrawn.id, expected_version=1, audit=later(CUSTOMER, hours=1))
    reject(store, sign_up(store, 2, set_aside=True), hours=1)
    assert counted(store) == {}
    closed = reject(store, sign_up(store, 3), hours=1)
    reopened = onboarding.reopen(
        store, closed.id, expected_version=closed.version, audit=later(ANN, hours=9)
    )
    reject(store, reopened, hours=99)
    assert counted(store) == {records.waiting_bucket(HOUR): 1}


@pytest.mark.parametrize("first", ["reject", "renew"])
@pytest.mark.parametrize("again", ["reject", "activate"])
def test_what_was_reopened_is_counted_once_whatever_comes_between(
    store, first: str, again: str
) -> None:
    sealer, pending = PlainSealer(), sign_up(store, 3)
    if first == "reject":
        closed = reject(store, pending, hours=1)
        reopened = onboarding.reopen(
            store, closed.id, expected_version=closed.version, audit=later(ANN, hours=9)
        )
    else:
        existing = activate(store, sealer, sign_up(store, 2), audit=later(ANN, hours=1))
        renewed = onboarding.renew_existing(
            store, pending.id, expected_version=1, audit=later(ANN, hours=1),
            existing_id=existing.id, expected_existing_version=1, validity=NEXT_YEAR,
        )  # fmt: skip
        reopened = onboarding.undo_renewal(
            store, pending.id, expected_version=renewed.version, audit=later(ANN, hours=9)
        )
    before = counted(store)
    changed = onboarding.edit_contact(
        store, reopened.id, expected_version=reopened.version, audit=later(CUSTOMER, hours=10),
        contact=OTHER_CONTACT,
    )  # fmt: skip
    asked = onboarding.ask(
        store, changed.id, expected_version=changed.version, audit=later(ANN, hours=11),
        text="Which company?",
    )  # fmt: skip
    if again == "reject":
        reject(store, asked, hours=99)
    else:
        others = replace(IDS, company_id="7")
        active = activate(store, sealer, asked, ids=others, audit=later(ANN, hours=99))
        assert "reopened" not in store.get(active.id)
    assert counted(store) == before
    assert sum(int(str(value)) for value in before.values()) == (1 if first == "reject" else 2)


def test_a_decision_that_is_not_saved_is_not_counted(store) -> None:
    pending = sign_up(store)
    before = all_items(store)
    # The tenant is read, then everything is written at once.
    with pytest.raises(UnavailableError):
        reject(Failing(store, 1), pending, hours=1)
    assert all_items(store) == before


def test_the_week_is_that_of_the_decision(store) -> None:
    reject(store, sign_up(store), days=20)
    assert counted(store) == {}
    assert counted(store, "stats-week-2026-W50") == {records.waiting_bucket(timedelta(days=20)): 1}


# ---- Buckets


@pytest.mark.parametrize(
    "waited",
    [
        timedelta(seconds=-5), timedelta(0), timedelta(minutes=15), timedelta(minutes=16),
        HOUR, 5 * HOUR, timedelta(days=2), timedelta(days=100), timedelta(days=700),
    ],
)  # fmt: skip
def test_a_bucket_ends_at_most_a_fifth_later_than_the_time_in_it(waited: timedelta) -> None:
    (within,) = records.waiting_counts({records.waiting_bucket(waited): 1})
    assert waited <= within + timedelta(microseconds=1)
    assert within <= max(timedelta(minutes=15), 1.2 * waited)


def test_what_waited_for_longer_than_two_years_is_in_the_last_bucket() -> None:
    longest = records.waiting_bucket(timedelta(days=3650))
    (within,) = records.waiting_counts({longest: 1})
    assert timedelta(days=700) < within < timedelta(days=900)


def test_an_item_stays_small() -> None:
    names = {records.waiting_bucket(timedelta(minutes=2**n)) for n in range(30)}
    assert all(len(name) == 3 for name in names)
    # 66 buckets of 3 bytes, and numbers of up to 5.
    assert 66 * (3 + 5) < 1024


# ---- Figures


def add(store: Store, waited: timedelta, times: int, item_id: str = ITEM) -> None:
    for _ in range(times):
        store.write([Count(item_id, {records.waiting_bucket(waited): 10**6})])


def test_nine_decisions_are_too_few_and_ten_are_enough(store) -> None:
    # An earlier version counted by month.
    add(store, 4 * HOUR, 2, "stats-waiting-2026-11")
    add(store, 4 * HOUR, 2, "stats-waiting-2026-10")
    add(store, 4 * HOUR, 5)
    assert queries.waiting_times(store, START) is None
    add(store, 4 * HOUR, 1)
    assert queries.waiting_times(store, START) == WaitingTimes(4 * HOUR, 4 * HOUR)


def test_the_median_and_the_time_of_nine_of_ten(store) -> None:
    add(store, HOUR, 5)
    add(store, timedelta(days=1), 4)
    add(store, timedelta(days=300), 1)
    known = queries.waiting_times(store, START)
    assert known is not None
    assert known.median == HOUR
    assert timedelta(days=1) <= known.nearly_all < timedelta(days=1.2)


@pytest.mark.parametrize(
    ("older", "counts", "until"),
    [
        ("stats-waiting-2026-09", "stats-waiting-2026-10", START.replace(month=12, day=31)),
        ("stats-week-2026-W40", "stats-week-2026-W41", START + timedelta(weeks=1)),
    ],
)
def test_older_weeks_and_months_do_not_count(store, older, counts, until) -> None:
    add(store, HOUR, 20, older)
    assert queries.waiting_times(store, START) is None
    add(store, HOUR, 20, counts)
    assert queries.waiting_times(store, START) == WaitingTimes(HOUR, HOUR)
    # On the last day of a month with 31 days, the month before is the one before.
    assert queries.waiting_times(store, until) is None


def test_what_was_read_is_kept_for_five_minutes_and_while_the_store_fails(store) -> None:
    known = KnownWaitingTimes()
    assert known.at(store, START) is None
    add(store, HOUR, 10)
    assert known.at(store, START + timedelta(minutes=4)) is None
    for failing in (False, True):
        source = Failing(store, 0) if failing else store
        at = START + timedelta(minutes=60 if failing else 5)
        assert known.at(source, at) == WaitingTimes(HOUR, HOUR)
