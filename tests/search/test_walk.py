"""The walk brings every tenant up to date, whoever stops it, and once more a day later."""

from datetime import timedelta

import pytest

from portal import onboarding
from portal.search import LAYOUT, Walk, begin_anew, walk_state
from portal.search import walk as walking
from portal.stores.contract import Remove, Store, StoreError
from portal.tenants import Reason
from tests.conftest import Clock
from tests.examples import ANN, Counting, Failing, PlainSealer, activate, sign_up
from tests.queries.many_tenants import fill, tenant
from tests.search.checks import of_search, worked_off


@pytest.fixture
def old(raw_store: Store) -> Store:
    """As an earlier version left it: without marks."""
    fill(raw_store, (tenant(number) for number in range(60)))
    activate(raw_store, PlainSealer(), sign_up(raw_store, 900))
    sign_up(raw_store, 901, set_aside=True)
    onboarding.reject(
        raw_store, sign_up(raw_store, 902).id, expected_version=1, audit=ANN, reason=Reason.OTHER
    )
    return raw_store


def test_it_makes_the_entries_of_all_tenants(old: Store, clock: Clock) -> None:
    assert not walk_state(old).is_complete
    assert not Walk(store=old, clock=clock.now).run_if_due()
    worked_off(old)
    assert walk_state(old).is_complete
    # Each of 63 tenants in its list and in the list of changes.
    assert walk_state(old).seen == 126


def test_it_goes_on_where_it_was_stopped_in_whatever_process(old: Store, clock: Clock) -> None:
    parts = 0
    while Walk(store=old, clock=clock.now).run_if_due(lambda: True):
        parts += 1
        assert not walk_state(old).is_complete
    assert parts == 5
    worked_off(old)


@pytest.mark.parametrize("failing", range(0, 400, 23))
def test_whichever_call_fails_another_walk_goes_on(old: Store, clock: Clock, failing: int) -> None:
    with pytest.raises(StoreError):
        Walk(store=Failing(old, failing), clock=clock.now).run_if_due()
    clock.advance(hours=1)
    assert not Walk(store=old, clock=clock.now).run_if_due()
    worked_off(old)


def test_it_is_made_once_more_a_day_later_and_then_never(old: Store, clock: Clock) -> None:
    walk = Walk(store=old, clock=clock.now, seconds=lambda: clock.now().timestamp())
    walk.run_if_due()
    # A process of an earlier version leaves no mark.
    fill(old, [tenant(500)])
    for hours, is_there in [(1, False), (22, False), (2, True)]:
        clock.advance(hours=hours)
        walk.run_if_due()
        assert ("search-doc-pending-" + f"{500:026d}" in of_search(old)) is is_there
    worked_off(old)
    fill(old, [tenant(501)])
    for _ in range(3):
        clock.advance(days=2)
        walk.run_if_due()
    assert "search-doc-pending-" + f"{501:026d}" not in of_search(old)


def test_a_tenant_that_an_earlier_version_removed_loses_its_entries(
    old: Store, clock: Clock
) -> None:
    Walk(store=old, clock=clock.now).run_if_due()
    gone = f"pending-{7:026d}"
    old.write([Remove(gone, 1)])
    clock.advance(days=1)
    Walk(store=old, clock=clock.now).run_if_due()
    worked_off(old)
    assert gone not in str(of_search(old))


def test_while_nothing_is_to_be_done_it_asks_once_in_five_minutes(old: Store, clock: Clock) -> None:
    counting = Counting(old)
    walk = Walk(store=old, clock=clock.now, seconds=lambda: clock.now().timestamp())
    walk.run_if_due()
    walk.store = counting
    for _ in range(100):
        clock.advance(seconds=2)
        walk.run_if_due()
    assert (counting.cost.gets, counting.cost.queries) == (0, 0)
    clock.advance(seconds=200)
    walk.run_if_due()
    assert (counting.cost.gets, counting.cost.queries) == (1, 0)


def test_a_later_layout_makes_all_entries_anew(
    old: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    Walk(store=old, clock=clock.now).run_if_due()
    monkeypatch.setattr(walking, "LAYOUT", LAYOUT + 1)
    assert not walk_state(old).is_complete
    assert walk_state(old).is_due(clock.now())
    monkeypatch.setattr(walking, "LAYOUT", LAYOUT - 1)
    # An earlier version leaves it to the later one.
    assert walk_state(old).is_complete
    assert not walk_state(old).is_due(clock.now() + timedelta(days=9))


def test_when_it_begins_anew_the_list_of_changes_stays_in_use(old: Store, clock: Clock) -> None:
    Walk(store=old, clock=clock.now).run_if_due()
    begin_anew(old)
    state = walk_state(old)
    assert state.is_complete
    assert state.is_due(clock.now())
