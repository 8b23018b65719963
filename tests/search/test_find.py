"""Search: what it finds with entries and without them, in which order and on which pages."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal import onboarding, records
from portal.queries import PAGE, Tab
from portal.search import Keeper, MarkingStore, Walk, begin_anew, find
from portal.stores.contract import Add, Store
from portal.stores.schema import KEY
from portal.tenants import Contact, Ids, Status, Tenant
from tests.conftest import START, Clock
from tests.examples import (
    ANN,
    CONTACT,
    IDS,
    OTHER_CONTACT,
    Counting,
    PlainSealer,
    activate,
    sign_up,
)
from tests.queries.many_tenants import fill, ids_of, tenant


@pytest.fixture
def store(raw_store: Store) -> Store:
    """Most tests here write as no verb does: many at once, and without marks."""
    return raw_store


def companies_found(store, text, tab=Tab.ALL) -> list[str]:
    rows = find(store, text, tab, START).rows
    return sorted(str(row["contactCompanyName"]) for row in rows)


@pytest.mark.parametrize(
    ("text", "expected"),
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
def test_search_finds_id_account_address_or_beginning_of_the_name(companies, text, expected):
    assert companies_found(companies, text) == expected


def test_search_in_a_tab_shows_only_its_tenants(companies):
    assert companies_found(companies, "ecl", Tab.PENDING) == [
        "Eclairs Ltd",
        "eclaire",
        "Éclair Straße",
    ]
    assert companies_found(companies, "ecl", Tab.ACTIVE) == ["Eclair"]
    assert companies_found(companies, "ecl", Tab.REJECTED) == []
    assert companies_found(companies, "00003_7", Tab.PENDING) == []


def test_search_follows_a_forward_and_shows_only_tenants(store):
    pending = sign_up(store, 1, claims=IDS)
    active = activate(store, PlainSealer(), pending)
    sign_up(store, 2, claims=IDS)
    assert ids_of(find(store, pending.id, Tab.ALL, START).rows) == [active.id]
    (event,) = (row for row in store.scan().items if str(row[KEY]).startswith("event-"))
    for other in (event[KEY], records.claim_id(IDS)):
        assert find(store, str(other), Tab.ALL, START).rows == []


def test_an_old_record_without_index_keys_is_found_by_its_id(store):
    store.write([Add({"tenantId": "86810_104348", "isActive": True})])
    assert ids_of(find(store, "86810_104348", Tab.ACTIVE, START).rows) == ["86810_104348"]
    assert find(store, "86810_104348", Tab.SUSPENDED, START).rows == []


def test_a_search_continues_page_by_page(store):
    stored = fill(store, (tenant(n) for n in range(PAGE * 2 + 1)))
    shown_ids, after = [], None
    for size in (PAGE, PAGE, 1):
        page = find(store, "company", Tab.ALL, START, after=after)
        assert len(page.rows) == size
        shown_ids += ids_of(page.rows)
        after = page.after
    assert after is None
    assert sorted(shown_ids) == sorted(one.id for one in stored)


def test_a_search_in_a_tab_reads_four_pages_and_returns_a_cursor(store):
    fill(store, (tenant(n) for n in range(4 * PAGE)))
    (last,) = fill(store, [tenant(9000, Status.ACTIVE)])
    first = find(store, "company", Tab.ACTIVE, START)
    assert first.rows == []
    assert first.after is not None
    rest = find(store, "company", Tab.ACTIVE, START, after=first.after)
    assert ids_of(rest.rows) == [last.id]
    assert rest.after is None


@given(st.text(min_size=1, max_size=30), st.integers(0, 30))
def test_a_name_is_in_the_range_of_each_of_its_beginnings(name, cut):
    whole = records.normalised(name)
    begin = records.normalised(name[:cut])
    # Cutting a text between a letter and its accent may change the letter; other cuts do not.
    if begin and whole.startswith(begin):
        assert records.company_partition(begin) == records.company_partition(whole)
        assert begin <= f"{whole}#pending-x" <= begin + records.LAST


# ---- With entries


BERND = Contact(
    company="Bürgermeister & Solar O'Neill Łódź GmbH",
    name="Anna-Lena Müller",
    email="bernd@firma.example",
    phone="+4930901820",
)
BERNDS_IDS = Ids(account_id="86012", company_id="104012", cluster="eu")

#: What finds Bernd's tenant and no other, by what it is found.
SEARCHES = {
    "a word within the company": "Solar",
    "the beginning of an address": "bernd@",
    "a domain": "firma.example",
    "a domain with its sign": "@firma.example",
    "a phone number as people write it": "030 / 90 18 20",
    "a phone number with its country": "0049 (0)30 901820",
    "its last digits": "01820",
    "the contact's first name": "anna-lena",
    "the contact's name": "muller",
    "a part of a joined name": "Lena",
    "a company id": "104012",
    "an account id": "86012",
    "both ids as the list shows them": "86012 / 104012",
    "u for ü": "mueller",
    "l for ł": "lodz",
    "no apostrophe": "ONeill",
    "several words in another order": "müller GMBH solar",
    "a word and digits of the number": "solar 1820",
}


@pytest.fixture
def bernd(store: Store, clock: Clock) -> Tenant:
    """Bernd's sign-up among others, all with entries."""
    marking = MarkingStore(store, clock.now)
    sign_up(marking, 1, contact=OTHER_CONTACT)
    sign_up(marking, 2, contact=replace(CONTACT, phone="+4930771234"))
    found = sign_up(marking, 3, contact=BERND, claims=BERNDS_IDS)
    indexed(store, clock)
    return found


def indexed(store: Store, clock: Clock) -> None:
    clock.advance(seconds=2)
    begin_anew(store)
    Walk(store=store, clock=clock.now).run_if_due()
    Keeper(store=store, clock=clock.now).work_off()


@pytest.mark.parametrize("how", SEARCHES)
def test_a_tenant_is_found_by(store: Store, bernd: Tenant, how: str) -> None:
    found = find(store, SEARCHES[how], Tab.ALL, START)
    assert ids_of(found.rows) == [bernd.id]
    assert (found.after, found.is_all) == (None, True)


@pytest.mark.parametrize(
    "text",
    ["olar", "ernd@", "820", "30 / 90", "solar meyer", "86012 / 2", "@", "x", "' -", "0000", "#"],
)
def test_a_tenant_is_not_found_by(store: Store, bernd: Tenant, text: str) -> None:
    assert bernd.id not in ids_of(find(store, text, Tab.ALL, START).rows)


def test_after_its_activation_it_is_found_once_under_its_own_id(
    store: Store, bernd: Tenant, clock: Clock
) -> None:
    marking = MarkingStore(store, clock.now)
    activate(marking, PlainSealer(), bernd, ids=BERNDS_IDS)
    # The entries are still those of the sign-up.
    assert find(store, "wind", Tab.ALL, START).rows == []
    indexed(store, clock)
    for text in SEARCHES.values():
        assert ids_of(find(store, text, Tab.ALL, START).rows) == ["86012_104012"]


def test_an_entry_of_what_has_changed_since_finds_nothing(
    store: Store, bernd: Tenant, clock: Clock
) -> None:
    marking = MarkingStore(store, clock.now)
    onboarding.edit_contact(
        marking, bernd.id, expected_version=1, audit=ANN, contact=replace(BERND, company="Wind")
    )
    assert find(store, "solar", Tab.ALL, START).rows == []
    # By what the index of the tenant itself has, it is found at once.
    assert ids_of(find(store, "wind", Tab.ALL, START).rows) == [bernd.id]


def test_what_was_found_in_other_tabs_is_counted(store: Store, clock: Clock) -> None:
    statuses = [Status.PENDING, Status.ACTIVE, Status.ACTIVE, Status.REJECTED, Status.WITHDRAWN]
    contact = Contact(company="Nord Solar", name="Kim", email="kim@ex.example")
    fill(store, (tenant(n, status, contact=contact) for n, status in enumerate(statuses)))
    fill(store, [tenant(9, set_aside=True, contact=contact)])
    indexed(store, clock)
    found = find(store, "solar", Tab.PENDING, START)
    assert ids_of(found.rows) == [f"pending-{0:026d}"]
    assert found.elsewhere == {Tab.ACTIVE: 2, Tab.REJECTED: 2, Tab.ASIDE: 1}
    assert find(store, "solar", Tab.ASIDE, START).elsewhere == {
        Tab.PENDING: 1, Tab.ACTIVE: 2, Tab.REJECTED: 2,
    }  # fmt: skip
    assert len(find(store, "solar", Tab.ALL, START).rows) == 6


def all_pages(store: Store, text: str, tab: Tab) -> list[list[str]]:
    found, after = [], None
    while True:
        page = find(store, text, tab, START, after=after)
        found.append(ids_of(page.rows))
        after = page.after
        if after is None:
            return found


@pytest.mark.parametrize(
    ("text", "tab", "sizes"),
    [
        # Each has two terms that begin so. The last page looks at what others have shown.
        ("solar", Tab.ALL, [50, 50, 20, 0]),
        ("sol", Tab.ALL, [50, 50, 20, 0]),
        # By the beginning of the name, and then by the word once more.
        ("company", Tab.ALL, [50, 50, 20, 0]),
        ("company solar kim", Tab.ALL, [50, 50, 20]),
        ("ex.example", Tab.ALL, [50, 50, 20]),
        # Every third.
        ("solar", Tab.ACTIVE, [35, 5, 0]),
        ("solar", Tab.SUSPENDED, [0, 0, 0]),
        ("0301234", Tab.ALL, [50, 50, 20]),
    ],
)
def test_pages_show_each_tenant_once_and_the_same_on_both_stores(
    store: Store, clock: Clock, text: str, tab: Tab, sizes: list[int]
) -> None:
    many = [
        tenant(
            n,
            Status.PENDING if n % 3 else Status.ACTIVE,
            contact=Contact(
                company=f"Company {n % 7} Solar Solarwind",
                name=f"Kim {n}",
                email=f"solar{n % 11}@ex.example",
                phone="+49301234",
            ),
        )
        for n in range(120)
    ]
    fill(store, many)
    indexed(store, clock)
    found = all_pages(store, text, tab)
    shown = [each for page in found for each in page]
    assert len(shown) == len(set(shown)) == sum(sizes)
    assert [len(page) for page in found] == sizes
    # The order is one, whatever the store: that of the other test says which.
    ORDERS.setdefault((text, tab), shown)
    assert ORDERS[text, tab] == shown


#: What the first store has shown.
ORDERS: dict[tuple[str, Tab], list[str]] = {}


def test_a_search_reads_as_much_whatever_the_number_of_tenants(store: Store, clock: Clock) -> None:
    contact = Contact(company="Nord Solar", name="Kim", email="kim@ex.example")
    fill(store, (tenant(n, contact=contact) for n in range(30)))
    indexed(store, clock)
    counting = Counting(store)
    find(counting, "solar", Tab.ALL, START)
    assert counting.cost.gets == 1 + 30
    # An account, a company's beginning, and the three ranges of the word.
    assert counting.cost.queries == 5
