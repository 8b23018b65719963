"""The tabs of the queue: their rows, order and counts; the next sign-up, and closed ones."""

from dataclasses import replace

import pytest

from portal import onboarding, queries
from portal.queries import CAP, PAGE, Tab
from portal.search import find
from portal.stores.contract import Store
from portal.stores.schema import KEY
from portal.tenants import EXPIRING, AccessStatus, Decision, Reason, Status, Verb, standing
from tests.conftest import START
from tests.examples import ANN, IDS, Counting, PlainSealer, activate, sign_up
from tests.queries.many_tenants import DAY, MS, active_until, fill, ids_in_tab, ids_of, tenant


def test_the_pending_tab_starts_with_the_longest_wait(store):
    stored = fill(store, [tenant(3), tenant(1), tenant(2)])
    assert ids_in_tab(store, Tab.PENDING) == [stored[1].id, stored[2].id, stored[0].id]


@pytest.mark.parametrize(
    ("tab", "status"), [(Tab.SUSPENDED, Status.SUSPENDED), (Tab.REJECTED, Status.REJECTED)]
)
def test_a_tab_of_decided_tenants_starts_with_the_latest_decision(store, tab, status):
    stored = fill(store, [tenant(3, status), tenant(1, status), tenant(2, status)])
    assert ids_in_tab(store, tab) == [stored[0].id, stored[2].id, stored[1].id]


def test_withdrawn_sign_ups_follow_rejected_ones(store):
    withdrawn, rejected = fill(store, [tenant(2, Status.WITHDRAWN), tenant(1, Status.REJECTED)])
    assert ids_in_tab(store, Tab.REJECTED) == [rejected.id, withdrawn.id]


ENDS = [
    START - 400 * DAY, START - DAY, START - MS, START, START + MS, START + EXPIRING - MS,
    START + EXPIRING, START + EXPIRING + MS, START + 365 * DAY, None,
]  # fmt: skip


def ids_by_tab(store: Store) -> dict[Tab, list[str]]:
    stored = fill(store, [active_until(n, end) for n, end in enumerate(ENDS)])
    expired = [one.id for one in stored if standing(one, START) is AccessStatus.EXPIRED]
    return {
        Tab.EXPIRED: expired[::-1],
        Tab.EXPIRING: [one.id for one in stored if standing(one, START) is AccessStatus.EXPIRING],
        Tab.ACTIVE: [one.id for one in stored if one.id not in expired],
        Tab.ALL: [one.id for one in stored],
    }


@pytest.mark.parametrize("tab", [Tab.EXPIRED, Tab.EXPIRING, Tab.ACTIVE, Tab.ALL])
def test_a_tab_agrees_with_the_access_status_and_starts_with_the_nearest_end(store, tab):
    expected = ids_by_tab(store)[tab]
    assert len(expected) == {Tab.EXPIRED: 3, Tab.EXPIRING: 3, Tab.ACTIVE: 7, Tab.ALL: 10}[tab]
    assert ids_in_tab(store, tab) == expected
    assert queries.count(store, tab, START) == len(expected)


@pytest.mark.parametrize("tab", [Tab.EXPIRED, Tab.EXPIRING, Tab.ACTIVE, Tab.ALL])
def test_a_search_in_a_tab_agrees_with_the_tab_to_the_millisecond(store, tab):
    expected = ids_by_tab(store)[tab]
    assert sorted(ids_of(find(store, "Company", tab, START).rows)) == sorted(expected)


def test_a_sign_up_that_was_set_aside_is_in_its_own_tab_and_among_all(store):
    aside = fill(store, [tenant(1, set_aside=True), tenant(2)])[0]
    both = {Tab.ASIDE, Tab.ALL}
    assert {tab for tab in Tab if aside.id in ids_in_tab(store, tab)} == both
    for text in ("Company 00001", aside.contact.email, aside.id):
        found = {tab for tab in Tab if aside.id in ids_of(find(store, text, tab, START).rows)}
        assert found == both


def test_the_tab_all_shows_every_status_once(store):
    stored = fill(store, [tenant(n, status) for n, status in enumerate(Status)])
    assert sorted(ids_in_tab(store, Tab.ALL)) == sorted(one.id for one in stored)


def test_no_tab_shows_items_that_are_not_tenants(store):
    pending = sign_up(store, claims=IDS)
    active = activate(store, PlainSealer(), pending)
    onboarding.add_note(store, active.id, audit=ANN, text="x")
    for tab in Tab:
        assert set(ids_in_tab(store, tab)) <= {active.id}


@pytest.mark.parametrize(
    ("total", "expected"), [(0, 0), (1, 1), (999, 999), (1000, 1000), (1250, 1000)]
)
def test_a_count_stops_at_1000(store, total, expected):
    fill(store, (tenant(n) for n in range(total)))
    assert CAP == 1000
    assert queries.count(store, Tab.PENDING, START) == expected


def test_a_count_over_several_ranges_stops_at_1000(store):
    fill(store, (tenant(n, Status.REJECTED) for n in range(600)))
    fill(store, (tenant(n, Status.WITHDRAWN) for n in range(1000, 1600)))
    counting = Counting(store)
    assert queries.count(counting, Tab.REJECTED, START) == 1000
    assert counting.cost.caps == [1000, 400]


def test_the_counts_of_all_tabs_are_the_counts_of_each_tab(store):
    for number in range(3):
        sign_up(store, number)
    rejects = sign_up(store, 9)
    onboarding.reject(store, rejects.id, expected_version=1, audit=ANN, reason=Reason.OTHER)
    assert queries.counts(store, START) == {tab: queries.count(store, tab, START) for tab in Tab}
    assert queries.counts(store, START)[Tab.ALL] == 4


def test_the_next_to_decide_has_waited_longest_and_is_not_decided(store):
    assert queries.next_waiting(store, []) is None
    stored = fill(store, [tenant(1), tenant(2), tenant(3)])
    for decided in range(4):
        row = queries.next_waiting(store, [one.id for one in stored[:decided]])
        assert (row[KEY] if row else None) == (stored[decided].id if decided < 3 else None)


def test_closed_before_finds_earlier_decisions(store):
    stored = fill(
        store,
        [
            replace(tenant(n, status), decision=Decision(verb=Verb.REJECT, by="x", at=at))
            for n, (status, at) in enumerate([
                (Status.REJECTED, START - DAY),
                (Status.WITHDRAWN, START - MS),
                (Status.REJECTED, START),
                (Status.WITHDRAWN, START + DAY),
                (Status.PENDING, START - DAY),
                (Status.SUSPENDED, START - DAY),
            ])
        ],
    )  # fmt: skip
    assert ids_of(queries.closed_before(store, START)) == [stored[0].id, stored[1].id]


def test_closed_before_reads_all_pages(store):
    fill(store, (tenant(n, Status.REJECTED) for n in range(3 * PAGE + 1)))
    assert len(list(queries.closed_before(store, START))) == 3 * PAGE + 1


def test_behind_the_last_one_waiting_comes_the_first(store):
    first, second, third = fill(store, [tenant(1), tenant(2), tenant(3)])

    def after(one, *decided):
        row = queries.next_waiting_after(store, store.get(one.id), decided)
        return row and row[KEY]

    assert [after(first), after(second), after(third)] == [second.id, third.id, first.id]
    # An index may still show what was just decided.
    assert after(first, second.id) == third.id
    assert after(third, first.id) == second.id
    assert after(third, first.id, second.id) is None


def test_nothing_comes_behind_a_tenant_that_is_not_in_the_queue(store):
    decided, _waiting = fill(store, [tenant(1, Status.REJECTED), tenant(2)])
    assert queries.next_waiting_after(store, store.get(decided.id), []) is None
