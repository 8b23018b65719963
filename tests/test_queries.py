"""The questions: tabs and their order, pages that neither repeat nor leave out, search, and
what they cost."""

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal import onboarding, queries, records
from portal.queries import CAP, PAGE, DuplicateReason, PageCursor, Tab
from portal.stores.contract import Add, Remove, Replace, Store
from portal.stores.schema import KEY
from portal.tenants import (
    EXPIRING,
    AccessStatus,
    Contact,
    Decision,
    Ids,
    Reason,
    Status,
    Tenant,
    Validity,
    Verb,
    standing,
)
from tests.conftest import START
from tests.examples import ANN, CONTACT, IDS, Counting, PlainSealer, activate, later, sign_up

MS = timedelta(milliseconds=1)
DAY = timedelta(days=1)


def tenant(number: int, status: Status = Status.PENDING, **fields) -> Tenant:
    """A tenant of its own company, account and address, a minute younger than the one before."""
    final = status in (Status.ACTIVE, Status.SUSPENDED)
    ids = Ids(account_id=f"{number:05d}", company_id="7")
    asked = START - 90 * DAY + timedelta(minutes=number)
    values = {
        "id": ids.tenant_id if final else f"pending-{number:026d}",
        "status": status,
        "version": 1,
        "contact": Contact(
            company=f"Company {number:05d}", name="Kim", email=f"kim{number}@ex.example"
        ),
        "ids": ids if final else None,
        "validity": Validity(valid_from=START - DAY, valid_to=START + 365 * DAY),
        "created_at": asked,
        "updated_at": asked,
        "decision": Decision(verb=Verb.SUBMIT, by="x", at=asked + DAY),
        **fields,
    }
    return Tenant(**values)


def ending(number: int, ends, **fields) -> Tenant:
    window = Validity(valid_from=START - 400 * DAY, valid_to=ends, open_ended=ends is None)
    return tenant(number, Status.ACTIVE, validity=window, **fields)


def fill(store: Store, tenants: Iterable[Tenant]) -> list[Tenant]:
    made = list(tenants)
    for at in range(0, len(made), 100):
        store.write([Add(records.item_of(each)) for each in made[at : at + 100]])
    return made


def ids_of(rows) -> list[str]:
    return [str(row[KEY]) for row in rows]


def shown(store: Store, tab: Tab, now=START) -> list[str]:
    return ids_of(queries.page(store, queries.ranges_of_tab(tab, now), limit=1000).rows)


def pages(store: Store, tab: Tab, limit: int) -> list[list[str]]:
    found, after = [], None
    while True:
        page = queries.page(store, queries.ranges_of_tab(tab, START), after=after, limit=limit)
        found.append(ids_of(page.rows))
        after = page.after
        if after is None:
            return found


# ---- Tabs


def test_the_pending_tab_begins_with_the_longest_wait(store):
    made = fill(store, [tenant(3), tenant(1), tenant(2)])
    assert shown(store, Tab.PENDING) == [made[1].id, made[2].id, made[0].id]


@pytest.mark.parametrize(
    ("tab", "status"), [(Tab.SUSPENDED, Status.SUSPENDED), (Tab.REJECTED, Status.REJECTED)]
)
def test_a_tab_of_decided_tenants_begins_with_the_latest_decision(store, tab, status):
    made = fill(store, [tenant(3, status), tenant(1, status), tenant(2, status)])
    assert shown(store, tab) == [made[0].id, made[2].id, made[1].id]


def test_the_withdrawn_stand_behind_the_rejected(store):
    withdrawn, rejected = fill(store, [tenant(2, Status.WITHDRAWN), tenant(1, Status.REJECTED)])
    assert shown(store, Tab.REJECTED) == [rejected.id, withdrawn.id]


ENDS = [
    START - 400 * DAY, START - DAY, START - MS, START, START + MS, START + EXPIRING - MS,
    START + EXPIRING, START + EXPIRING + MS, START + 365 * DAY, None,
]  # fmt: skip


def by_standing(store: Store) -> dict[Tab, list[str]]:
    made = fill(store, [ending(n, ends) for n, ends in enumerate(ENDS)])
    expired = [each.id for each in made if standing(each, START) is AccessStatus.EXPIRED]
    return {
        Tab.EXPIRED: expired[::-1],
        Tab.EXPIRING: [each.id for each in made if standing(each, START) is AccessStatus.EXPIRING],
        Tab.ACTIVE: [each.id for each in made if each.id not in expired],
        Tab.ALL: [each.id for each in made],
    }


@pytest.mark.parametrize("tab", [Tab.EXPIRED, Tab.EXPIRING, Tab.ACTIVE, Tab.ALL])
def test_a_tab_agrees_with_who_gets_in_to_the_millisecond_and_begins_with_the_nearest_end(
    store, tab
):
    expected = by_standing(store)[tab]
    assert len(expected) == {Tab.EXPIRED: 3, Tab.EXPIRING: 3, Tab.ACTIVE: 7, Tab.ALL: 10}[tab]
    assert shown(store, tab) == expected
    assert queries.count(store, tab, START) == len(expected)


@pytest.mark.parametrize("tab", [Tab.EXPIRED, Tab.EXPIRING, Tab.ACTIVE, Tab.ALL])
def test_a_search_in_a_tab_agrees_with_the_tab_to_the_millisecond(store, tab):
    expected = by_standing(store)[tab]
    assert sorted(ids_of(queries.search(store, "Company", tab, START).rows)) == sorted(expected)


def test_what_was_set_aside_is_in_its_own_tab_alone(store):
    aside = fill(store, [tenant(1, set_aside=True), tenant(2)])[0]
    assert {tab for tab in Tab if aside.id in shown(store, tab)} == {Tab.ASIDE}
    assert queries.search(store, "Company 00001", Tab.ALL, START).rows == []
    found = {
        tab for tab in Tab if ids_of(queries.search(store, aside.id, tab, START).rows)
    }  # by its whole id
    assert found == {Tab.ASIDE, Tab.ALL}


def test_all_is_every_status_once(store):
    made = fill(store, [tenant(n, status) for n, status in enumerate(Status)])
    assert sorted(shown(store, Tab.ALL)) == sorted(each.id for each in made)


def test_no_tab_shows_what_is_no_tenant(store):
    pending = sign_up(store, claims=IDS)
    active = activate(store, PlainSealer(), pending)
    onboarding.add_note(store, active.id, audit=ANN, text="x")
    for tab in Tab:
        assert set(shown(store, tab)) <= {active.id}


def test_a_row_of_a_list_reads_as_its_tenant_without_its_secret(store):
    fill(store, [tenant(1, Status.ACTIVE, client=replace(tenant(1).client, sealed_secret="v1.x"))])
    (row,) = queries.page(store, queries.ranges_of_tab(Tab.ACTIVE, START)).rows
    assert "v1.x" not in row.values()
    assert records.tenant_of(row).contact.company == "Company 00001"


# ---- Counts


@pytest.mark.parametrize(("there", "counted"), [(0, 0), (1, 1), (99, 99), (100, 100), (250, 100)])
def test_a_count_stops_at_a_hundred_which_reads_99_plus(store, there, counted):
    fill(store, (tenant(n) for n in range(there)))
    assert CAP == 100
    assert queries.count(store, Tab.PENDING, START) == counted


def test_a_count_over_several_lists_stops_at_a_hundred_too(store):
    fill(store, (tenant(n, Status.REJECTED) for n in range(60)))
    fill(store, (tenant(n, Status.WITHDRAWN) for n in range(100, 160)))
    counting = Counting(store)
    assert queries.count(counting, Tab.REJECTED, START) == 100
    assert counting.cost.caps == [100, 40]


# ---- Pages


@pytest.mark.parametrize("there", [0, 1, 9, 10, 11, 20, 21])
@pytest.mark.parametrize("tab", [Tab.PENDING, Tab.REJECTED, Tab.ALL])
def test_pages_hold_every_row_once_and_end_where_the_rows_end(store, tab, there):
    statuses = {
        Tab.PENDING: [Status.PENDING],
        Tab.REJECTED: [Status.REJECTED, Status.WITHDRAWN],
        Tab.ALL: list(Status),
    }[tab]
    fill(store, (tenant(n, statuses[n % len(statuses)]) for n in range(there)))
    found = pages(store, tab, limit=10)
    assert [row for page in found for row in page] == shown(store, tab)
    assert len(shown(store, tab)) == there
    sizes = [len(page) for page in found]
    assert sizes[:-1] == [10] * (len(sizes) - 1)
    assert sizes[-1] > 0 or there == 0


def test_a_page_that_ends_exactly_where_one_list_ends_goes_on_with_the_next(store):
    fill(store, [tenant(n, Status.REJECTED) for n in range(3)] + [tenant(9, Status.WITHDRAWN)])
    ranges = queries.ranges_of_tab(Tab.REJECTED, START)
    page = queries.page(store, ranges, limit=3)
    assert page.after == PageCursor(1, None)
    last = queries.page(store, ranges, after=page.after, limit=3)
    assert ids_of(last.rows) == [tenant(9, Status.WITHDRAWN).id]
    assert last.after is None


def test_a_page_at_the_very_end_of_the_last_list_has_no_next(store):
    fill(store, [tenant(n, Status.REJECTED) for n in range(3)])
    ranges = queries.ranges_of_tab(Tab.REJECTED, START)
    assert queries.page(store, ranges, limit=3).after is None


def test_a_page_from_a_list_that_is_not_there_is_empty(store):
    fill(store, [tenant(1)])
    ranges = queries.ranges_of_tab(Tab.PENDING, START)
    assert queries.page(store, ranges, after=PageCursor(7, ("a", "b"))).rows == []


def test_tenants_of_one_instant_are_all_shown(store):
    same = {"created_at": START}
    made = fill(store, (tenant(n, **same) for n in range(25)))
    found = [row for page in pages(store, Tab.PENDING, limit=4) for row in page]
    assert sorted(found) == sorted(each.id for each in made)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**9))
def test_who_stays_is_shown_exactly_once_however_others_come_and_go_between_two_pages(
    tmp_path_factory, seed
):
    from portal.stores.file.store import JsonFileStore  # noqa: PLC0415 - one for each example

    chance = random.Random(seed)
    store = JsonFileStore(tmp_path_factory.mktemp("pages"))
    there = fill(store, (tenant(n, chance.choice(list(Status))) for n in range(0, 60, 2)))
    stay = {each.id for each in chance.sample(there, 20)}
    leave = [each for each in there if each.id not in stay]
    seen, after = [], None
    while True:
        ranges = queries.ranges_of_tab(Tab.ALL, START)
        page = queries.page(store, ranges, after=after, limit=chance.randint(1, 7))
        seen += ids_of(page.rows)
        after = page.after
        if after is None:
            break
        if leave:
            store.write([Remove(leave.pop().id, 1)])
        comes = tenant(1 + 2 * chance.randrange(10**4), chance.choice(list(Status)))
        store.write([Add(records.item_of(comes))])
    store.close()
    assert len(seen) == len(set(seen))
    assert stay <= set(seen)


# ---- Search


@pytest.fixture
def town(store) -> Store:
    names = [
        "Éclair Straße",
        "Eclair",
        "Eclairs Ltd",
        "E",
        "eclaire",
        "C",
        "C# Consulting",
        "株式会社",
    ]
    fill(
        store,
        (
            tenant(
                n,
                Status.ACTIVE if n % 2 else Status.PENDING,
                contact=Contact(company=name, name="Kim", email=f"Person{n % 3}@Ex.example"),
            )
            for n, name in enumerate(names)
        ),
    )  # fmt: skip
    return store


def found(store, sought, tab=Tab.ALL) -> list[str]:
    rows = queries.search(store, sought, tab, START).rows
    return sorted(str(row["contactCompanyName"]) for row in rows)


@pytest.mark.parametrize(
    ("sought", "expected"),
    [
        ("E", ["E", "Eclair", "Eclairs Ltd", "eclaire", "Éclair Straße"]),
        ("ecl", ["Eclair", "Eclairs Ltd", "eclaire", "Éclair Straße"]),
        ("ÉCLAIR ", ["Eclair", "Eclairs Ltd", "eclaire", "Éclair Straße"]),
        ("eclair  STRASSE", ["Éclair Straße"]),
        ("clair", []),
        ("c", ["C", "C# Consulting"]),
        ("c# c", ["C# Consulting"]),
        ("株", ["株式会社"]),
        ("%", []),
        ("_", []),
        (".*", []),
        ("", []),
        ("  ", []),
        ("(a+)+$" * 1000, []),
        ("\U0010ffff", []),
        ("person0@ex.example", ["C# Consulting", "E", "Éclair Straße"]),
        ("PERSON0@EX.EXAMPLE", ["C# Consulting", "E", "Éclair Straße"]),
        ("erson0@ex.example", []),
        ("00003_7", ["E"]),
        ("00003", ["E"]),
        ("0000", []),
        ("pending-" + "0" * 25 + "2", ["Eclairs Ltd"]),
        ("pending-", []),
    ],
)
def test_search_finds_by_id_account_address_or_the_beginning_of_the_name(town, sought, expected):
    assert found(town, sought) == expected


def test_search_in_a_tab_shows_what_belongs_there(town):
    assert found(town, "ecl", Tab.PENDING) == ["Eclairs Ltd", "eclaire", "Éclair Straße"]
    assert found(town, "ecl", Tab.ACTIVE) == ["Eclair"]
    assert found(town, "ecl", Tab.REJECTED) == []
    assert found(town, "00003_7", Tab.PENDING) == []


def test_search_follows_a_forward_and_shows_nothing_that_is_no_tenant(store):
    pending = sign_up(store, 1, claims=IDS)
    active = activate(store, PlainSealer(), pending)
    sign_up(store, 2, claims=IDS)
    assert ids_of(queries.search(store, pending.id, Tab.ALL, START).rows) == [active.id]
    (event,) = (row for row in store.scan().items if str(row[KEY]).startswith("event-"))
    for other in (event[KEY], records.claim_id(IDS)):
        assert queries.search(store, str(other), Tab.ALL, START).rows == []


def test_an_old_record_without_index_keys_is_found_by_its_id(store):
    store.write([Add({"tenantId": "86810_104348", "isActive": True})])
    assert ids_of(queries.search(store, "86810_104348", Tab.ACTIVE, START).rows) == ["86810_104348"]
    assert queries.search(store, "86810_104348", Tab.SUSPENDED, START).rows == []


def test_a_search_goes_on_page_by_page(store):
    made = fill(store, (tenant(n) for n in range(PAGE * 2 + 1)))
    seen, after = [], None
    for size in (PAGE, PAGE, 1):
        page = queries.search(store, "company", Tab.ALL, START, after=after)
        assert len(page.rows) == size
        seen += ids_of(page.rows)
        after = page.after
    assert after is None
    assert sorted(seen) == sorted(each.id for each in made)


def test_sifting_gives_up_after_four_pages_and_says_where_to_go_on(store):
    fill(store, (tenant(n) for n in range(4 * PAGE)))
    (last,) = fill(store, [tenant(9000, Status.ACTIVE)])
    first = queries.search(store, "company", Tab.ACTIVE, START)
    assert first.rows == []
    assert first.after is not None
    rest = queries.search(store, "company", Tab.ACTIVE, START, after=first.after)
    assert ids_of(rest.rows) == [last.id]
    assert rest.after is None


@given(st.text(min_size=1, max_size=30), st.integers(0, 30))
def test_a_name_is_found_by_any_beginning_of_what_it_was_normalised_to(name, cut):
    whole = records.normalised(name)
    begin = records.normalised(name[:cut])
    # Cutting a text between a letter and its accent may change the letter; never otherwise.
    if begin and whole.startswith(begin):
        assert records.company_partition(begin) == records.company_partition(whole)
        assert begin <= f"{whole}#pending-x" <= begin + records.LAST


# ---- One tenant


def test_others_alike_are_found_by_address_company_and_account_each_once(store):
    fill(store, [tenant(n) for n in range(10)])
    me = replace(
        tenant(100),
        contact=Contact(company="company 00001", name="x", email="KIM2@ex.example"),
        ids=Ids(account_id="00500", company_id="1"),
    )
    account = replace(tenant(500, Status.SUSPENDED), contact=CONTACT)
    both = replace(tenant(3000), contact=replace(me.contact, company="Company 00001"))
    fill(store, [me, account, both])
    assert [(why, row[KEY]) for why, row in queries.possible_duplicates(store, me)] == [
        (DuplicateReason.EMAIL, both.id),
        (DuplicateReason.EMAIL, tenant(2).id),
        (DuplicateReason.COMPANY, tenant(1).id),
        (DuplicateReason.ACCOUNT, account.id),
    ]


def test_a_longer_name_is_not_alike_even_where_it_goes_on_with_a_number_sign(town):
    c = replace(tenant(77), contact=Contact(company="C", name="x", email="c@ex.example"))
    names = [row["contactCompanyName"] for _, row in queries.possible_duplicates(town, c)]
    assert names == ["C"]


def test_of_many_alike_a_few_are_shown(store):
    same = {"contact": CONTACT}
    made = fill(store, (tenant(n, **same) for n in range(30)))
    assert len(queries.possible_duplicates(store, made[0])) == 10
    assert made[0].id not in [row[KEY] for _, row in queries.possible_duplicates(store, made[0])]


def test_a_tenant_without_a_contact_is_like_nobody(store):
    fill(store, [tenant(1)])
    assert queries.possible_duplicates(store, Tenant(
        id="legacy", status=Status.ACTIVE, version=None,
        contact=Contact(company="", name="", email=""),
    )) == []  # fmt: skip


def test_the_next_to_decide_has_waited_longest_and_is_none_of_the_decided(store):
    assert queries.next_waiting(store, []) is None
    made = fill(store, [tenant(1), tenant(2), tenant(3)])
    for decided in range(4):
        row = queries.next_waiting(store, [each.id for each in made[:decided]])
        assert (row[KEY] if row else None) == (made[decided].id if decided < 3 else None)


def test_retention_finds_what_was_closed_before_an_instant(store):
    made = fill(
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
    assert ids_of(queries.closed_before(store, START)) == [made[0].id, made[1].id]


def test_retention_goes_on_over_many_pages(store):
    fill(store, (tenant(n, Status.REJECTED) for n in range(3 * PAGE + 1)))
    assert len(list(queries.closed_before(store, START))) == 3 * PAGE + 1


def test_history_shows_the_newest_first_under_both_ids(store):
    pending = sign_up(store)
    onboarding.reject(store, pending.id, expected_version=1, audit=ANN, reason=Reason.OTHER)
    onboarding.reopen(store, pending.id, expected_version=2, audit=later(ANN, hours=1))
    now = onboarding.find(store, pending.id)
    active = activate(store, PlainSealer(), now, audit=later(ANN, hours=2))
    for n in range(3, 6):
        onboarding.edit_contact(
            store, active.id, expected_version=n - 2, audit=later(ANN, hours=n), contact=CONTACT
        )
    verbs = [event.verb for event in queries.history(store, active)]
    assert verbs == [*["edit_contact"] * 3, "activate", "reopen", "reject"]


# ---- What it costs


def cost_of_everything(store: Store, me: Tenant) -> dict[str, object]:
    asked = {
        **{f"tab {tab}": lambda s, t=tab: queries.page(s, queries.ranges_of_tab(t, START))
           for tab in Tab},
        **{f"count {tab}": lambda s, t=tab: queries.count(s, t, START) for tab in Tab},
        "id": lambda s: queries.search(s, me.id, Tab.ALL, START),
        "name": lambda s: queries.search(s, "company", Tab.ALL, START),
        "name in a tab": lambda s: queries.search(s, "company", Tab.SUSPENDED, START),
        "address": lambda s: queries.search(s, "same@ex.example", Tab.ALL, START),
        "alike": lambda s: queries.possible_duplicates(s, me),
        "next": lambda s: queries.next_waiting(s, [me.id]),
        "history": lambda s: queries.history(s, me),
    }  # fmt: skip
    costs = {}
    for name, ask in asked.items():
        counting = Counting(store)
        ask(counting)
        costs[name] = counting.cost
    return costs


def test_no_question_costs_more_when_there_are_five_times_as_many_tenants(store):
    statuses = [Status.PENDING, Status.PENDING, Status.ACTIVE, Status.REJECTED]
    same = Contact(company="Company of all", name="Kim", email="same@ex.example")

    def crowd(numbers: range) -> list[Tenant]:
        return fill(store, (
            replace(tenant(n, statuses[n % 4]), **({"contact": same} if n % 3 == 0 else {}))
            for n in numbers
        ))  # fmt: skip

    me = crowd(range(1200))[0]
    few = cost_of_everything(store, me)
    crowd(range(1200, 6000))
    assert cost_of_everything(store, me) == few
    for name, cost in few.items():
        assert cost.rows <= (4 * PAGE if name == "name in a tab" else PAGE), name
        assert cost.queries <= 5, name
        assert cost.counts <= 5, name
        assert cost.gets <= 1, name
        assert all(cap <= CAP for cap in cost.caps), name


def test_a_page_reads_no_row_that_it_does_not_show(store):
    fill(store, (tenant(n) for n in range(300)))
    counting = Counting(store)
    page = queries.page(counting, queries.ranges_of_tab(Tab.PENDING, START))
    assert (counting.cost.queries, counting.cost.rows) == (1, len(page.rows)) == (1, PAGE)


def test_no_question_writes(store):
    made = fill(store, [tenant(1), tenant(2, Status.ACTIVE)])
    store.write([Replace(records.item_of(replace(made[0], version=2)), 1)])
    # `Counting` refuses whatever is neither `get` nor `query` nor `count`.
    assert cost_of_everything(store, made[0])


def test_the_counts_of_all_tabs_are_those_of_each(store):
    for number in range(3):
        sign_up(store, number)
    rejects = sign_up(store, 9)
    onboarding.reject(store, rejects.id, expected_version=1, audit=ANN, reason=Reason.OTHER)
    assert queries.counts(store, START) == {tab: queries.count(store, tab, START) for tab in Tab}
    assert queries.counts(store, START)[Tab.ALL] == 4
