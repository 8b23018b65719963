"""Lists in other orders, and with filters: the same on both stores, and true whatever lags."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from portal import onboarding
from portal.queries import Tab, late_ranges, ranges_of_tab
from portal.records import ListFacts
from portal.search import Choice, Found, Walk, list_page, ordered
from portal.stores.contract import Store
from portal.tenants import Contact, Ids, Reason, Source
from tests.conftest import START
from tests.examples import ANN, CONTACT, Counting, PlainSealer, activate, sign_up
from tests.queries.many_tenants import DAY, active_until, fill, tenant
from tests.search.copied import copy_changes, file_to_copy

EU = Ids(account_id="1", company_id="2", cluster="eu")


def of_tab(tab: Tab, **chosen) -> Choice:
    return Choice(tab=tab, ranges=ranges_of_tab(tab, START), **chosen)


def pages(store: Store, choice: Choice, now: datetime = START) -> Iterator[Found]:
    after = None
    while True:
        page = list_page(store, choice, now, after=after)
        yield page
        after = page.after
        if after is None:
            return


def listed(store: Store, choice: Choice) -> list[str]:
    return [str(row["contactCompanyName"]) for page in pages(store, choice) for row in page.rows]


@pytest.fixture(params=[200, 3], ids=["small", "large"])
def walked(request, raw_store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Twelve that wait and twelve that are active, of which four have ended. Once as a list that is
    read whole, and once as one that is too long for that."""
    monkeypatch.setattr(ordered, "MOST_SORTED", request.param)
    monkeypatch.setattr(ordered, "PAGE", 5)
    fill(raw_store, (
        tenant(
            n,
            contact=Contact(company=f"{chr(97 + n * 7 % 12)} Ltd", email=f"{n}@ex.example"),
            ids=replace(EU, account_id=f"{n}", cluster="us" if n % 4 == 1 else "eu")
            if n % 2 else None,
        )
        for n in range(12)
    ))  # fmt: skip
    fill(raw_store, (
        active_until(
            n,
            START + (n - 50 if n % 3 == 0 else n) * DAY,
            contact=Contact(company=f"{chr(97 + n * 7 % 12)} Ltd", email=f"{n}@ex.example"),
            ids=replace(EU, account_id=f"{n:05d}", company_id="7", cluster="eu"),
        )
        for n in range(20, 32)
    ))  # fmt: skip
    Walk(store=raw_store, clock=lambda: START).run_if_due()
    return raw_store


@pytest.mark.parametrize("tab", [Tab.PENDING, Tab.ACTIVE, Tab.EXPIRED, Tab.ALL])
def test_every_list_can_be_sorted_by_company_both_ways(walked: Store, tab: Tab) -> None:
    usual = sorted(listed(walked, of_tab(tab)))
    assert len(usual) == {"pending": 12, "active": 8, "expired": 4, "all": 24}[tab]
    assert listed(walked, of_tab(tab, by="company")) == usual
    assert listed(walked, of_tab(tab, by="company", is_reversed=True)) == usual[::-1]


def test_the_usual_order_can_be_turned_round(walked: Store) -> None:
    for tab, by in ((Tab.PENDING, "age"), (Tab.ACTIVE, "end")):
        usual = listed(walked, of_tab(tab))
        assert listed(walked, of_tab(tab, by=by)) == usual
        assert listed(walked, of_tab(tab, by=by, is_reversed=True)) == usual[::-1]
    ended = listed(walked, of_tab(Tab.EXPIRED))
    assert listed(walked, of_tab(Tab.EXPIRED, by="end", is_reversed=True)) == ended
    assert listed(walked, of_tab(Tab.EXPIRED, by="end")) == ended[::-1]


def test_what_no_index_has_is_sorted_only_if_the_list_is_short(walked: Store) -> None:
    found = list_page(walked, of_tab(Tab.ACTIVE, by="age"), START)
    assert found.is_sorted == (ordered.MOST_SORTED == 200)
    assert len(found.rows) == 5


@pytest.mark.parametrize(
    ("chosen", "count"),
    [
        ({"cluster": "eu"}, 3),
        ({"cluster": "us"}, 3),
        ({"cluster": "de"}, 0),
        ({"source": Source.FORM}, 6),
        ({"source": Source.SHELL}, 6),
        ({"source": Source.SHELL, "cluster": "us"}, 3),
        ({"source": Source.FORM, "cluster": "us"}, 0),
    ],
)
def test_filters_show_what_they_say_in_every_order(
    walked: Store, chosen: dict[str, object], count: int
) -> None:
    usual = listed(walked, of_tab(Tab.PENDING, **chosen))
    every = listed(walked, of_tab(Tab.PENDING))
    assert len(usual) == count
    assert usual == [name for name in every if name in usual]
    assert listed(walked, of_tab(Tab.PENDING, by="age", is_reversed=True, **chosen)) == usual[::-1]
    assert listed(walked, of_tab(Tab.PENDING, by="company", **chosen)) == sorted(usual)


def test_filters_and_ranges_go_together(walked: Store) -> None:
    assert len(listed(walked, of_tab(Tab.EXPIRED, cluster="eu"))) == 4
    assert len(listed(walked, of_tab(Tab.ALL, cluster="eu"))) == 15
    assert len(listed(walked, of_tab(Tab.ALL, source=Source.IMPORT, by="company"))) == 12
    since = START - 90 * DAY + timedelta(minutes=6)
    late = Choice(tab=Tab.PENDING, ranges=late_ranges(Tab.PENDING, since), waits_since=since)
    assert len(listed(walked, late)) == 6
    assert len(listed(walked, replace(late, source=Source.SHELL))) == 3
    assert listed(walked, replace(late, by="company")) == sorted(listed(walked, late))


def test_a_place_that_lags_behind_shows_nothing_that_is_no_longer_true(
    store: Store, work_off
) -> None:
    first = sign_up(store, claims=EU)
    sign_up(store, 2, claims=replace(EU, account_id="9"))
    work_off()
    of_eu = of_tab(Tab.PENDING, cluster="eu")
    assert len(listed(store, of_eu)) == 2
    onboarding.reject(store, first.id, expected_version=1, audit=ANN, reason=Reason.OTHER)
    assert len(listed(store, of_eu)) == 1
    work_off()
    assert len(listed(store, of_eu)) == 1
    assert len(listed(store, of_tab(Tab.REJECTED, cluster="eu"))) == 1


# ---- How they came in


def test_how_a_tenant_came_in_stays_with_it(store: Store, work_off) -> None:
    form = sign_up(store)
    shell = sign_up(store, 2, claims=EU)
    activate(store, PlainSealer(), shell, ids=EU)
    activate(store, PlainSealer(), form, ids=replace(EU, account_id="7"))
    work_off()
    for source, account in ((Source.SHELL, "1"), (Source.FORM, "7")):
        (page,) = pages(store, of_tab(Tab.ACTIVE, source=source))
        assert [row["accountId"] for row in page.rows] == [account]


# ---- Marks


def facts_of(store: Store, **chosen) -> dict[str, ListFacts]:
    return {
        tenant_id: facts
        for page in pages(store, of_tab(Tab.ALL, **chosen))
        for tenant_id, facts in page.facts.items()
        if facts.has_marks
    }


@pytest.mark.parametrize("chosen", [{}, {"by": "company"}, {"source": Source.FORM}])
def test_both_of_two_sign_ups_of_one_address_are_marked(
    store: Store, work_off, chosen: dict[str, object]
) -> None:
    first = sign_up(store)
    sign_up(store, 2, contact=replace(CONTACT, company="Other", email="other@other.example"))
    work_off()
    assert facts_of(store, **chosen) == {}
    second = sign_up(store, 3, contact=replace(CONTACT, company="Third"))
    work_off()
    marked = facts_of(store, **chosen)
    assert marked.keys() == {first.id, second.id}
    assert all(each.twice and not each.noted for each in marked.values())


def test_a_note_marks_its_tenant_also_after_its_activation(store: Store, work_off) -> None:
    tenant = sign_up(store)
    work_off()
    onboarding.add_note(store, tenant.id, audit=ANN, text="Ask Ben.")
    work_off()
    assert facts_of(store)[tenant.id].noted
    active = activate(store, PlainSealer(), tenant, ids=EU)
    work_off()
    assert facts_of(store)[active.id].noted


# ---- What they cost


def test_no_list_reads_more_when_there_are_more_tenants(
    raw_store: Store, clock, tmp_path: Path
) -> None:
    chosen: list[dict[str, Any]] = [
        {},
        {"by": "company"},
        {"by": "age", "is_reversed": True},
        {"cluster": "eu"},
        {"cluster": "eu", "by": "company"},
        {"source": Source.PROGRAM},
    ]

    def costs() -> list[tuple[int, int, int]]:
        found = []
        for each in chosen:
            counting = Counting(raw_store)
            list_page(counting, of_tab(Tab.PENDING, **each), START)
            cost = counting.cost
            found.append((cost.gets, cost.queries, cost.rows))
        return found

    def add(walked: Store, numbers: range) -> None:
        fill(walked, (
            tenant(n, ids=replace(EU, account_id=str(n)) if n % 2 else None) for n in numbers
        ))  # fmt: skip
        clock.advance(days=2)
        Walk(store=walked, clock=clock.now).run_if_due()
        copy_changes(walked, raw_store)

    with file_to_copy(tmp_path) as walked:
        # Also those of one cluster or one source are too many to be read whole.
        assert ordered.MOST_SORTED == 200
        add(walked, range(420))
        few = costs()
        add(walked, range(420, 900))
        assert costs() == few
        assert max(gets for gets, _queries, _rows in few) == 50
        assert max(queries for _gets, queries, _rows in few) <= 10
