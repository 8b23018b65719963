"""Search: what it finds with entries and without them, in which order and on which pages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal import records
from portal.queries import PAGE, Tab
from portal.search import find
from portal.stores.contract import Add, Store
from portal.stores.schema import KEY
from portal.tenants import Status
from tests.conftest import START
from tests.examples import IDS, PlainSealer, activate, sign_up
from tests.queries.conftest import companies
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
