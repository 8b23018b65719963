"""Search: literally what was typed, in the tab that is open."""

import time
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from portal.search import Walk, begin_anew
from portal.stores.contract import Store
from tests.conftest import Clock
from tests.web.factories import QUEUE, add_tenants, companies, pending_tenant
from tests.web.pages import (
    HTMX,
    SignUp,
    Staff,
    form_of,
    ids,
    links,
    live_words,
    page_words,
    sent_in,
)


@pytest.mark.parametrize(
    ("tab", "search", "found"),
    [
        ("pending", "fir", ["First GmbH"]),
        ("pending", "  FIRST   gmbh ", ["First GmbH"]),
        ("pending", "irst", []),
        ("pending", "c2@example.com", ["Second AG"]),
        ("pending", "C2@Example.COM", ["Second AG"]),
        ("pending", f"pending-{1:026}", ["First GmbH"]),
        ("pending", "Long", []),
        ("active", "Long", ["Long KG"]),
        ("all", "93_1", ["Long KG"]),
        ("all", "93", ["Long KG"]),
        ("all", "s", ["Second AG", "Soon SE"]),
        ("expired", "o", ["Over Ltd"]),
        ("rejected", "gone", ["Gone SpA"]),
        ("rejected", "ref", ["Refused SA"]),
        ("suspended", "paused", ["Paused BV"]),
        ("expiring", "s", ["Soon SE"]),
    ],
)
@pytest.mark.usefixtures("demo_tenants")
def test_search_finds_by_beginning_of_the_name_address_or_id(
    viewer: Staff, tab: str, search: str, found: list[str]
) -> None:
    page = viewer.get(QUEUE, query_string={"status": tab, "q": search})
    assert sorted(companies(page)) == found
    assert form_of(page, QUEUE)["q"] == search.strip()
    assert form_of(page, QUEUE)["status"] == tab
    if not found:
        assert "nothing" in ids(page)


def test_search_ignores_accents(viewer: Staff, store: Store) -> None:
    add_tenants(store, pending_tenant(1, "Müller & Söhne"), pending_tenant(2, "Muller Inc"))
    assert len(companies(viewer.get(QUEUE, query_string={"q": "MULLER"}))) == 2


@pytest.mark.parametrize(
    "search",
    ["(a+)+$", ".*", "%", "_", "a" * 10_000, "'\"><script>", "\\", "[", "=1", "staff-x", "\x00"],
)
@pytest.mark.usefixtures("demo_tenants")
def test_s18_special_characters_are_searched_literally_and_fast(viewer: Staff, search: str) -> None:
    seconds = []
    for _ in range(3):
        start = time.process_time()
        page = viewer.client.open(QUEUE, query_string={"q": search}, method="HEAD")
        seconds.append(time.process_time() - start)
        assert page.status_code == 200
    assert min(seconds) < 0.050
    assert companies(viewer.get(QUEUE, query_string={"q": search})) == []


@pytest.mark.parametrize("name", ["100% Bio", "a_b", "(a+)+$", "=1+1"])
def test_s18_special_characters_are_found_literally(viewer: Staff, store: Store, name: str) -> None:
    add_tenants(
        store,
        pending_tenant(1, name),
        pending_tenant(2, "100 Bio"),
        pending_tenant(3, "axb"),
        pending_tenant(4, "aaa"),
    )
    assert companies(viewer.get(QUEUE, query_string={"q": name[:-1]})) == [name]


def test_a_search_has_pages_too(viewer: Staff, store: Store) -> None:
    add_tenants(store, *(pending_tenant(number, f"Acme {number:03}") for number in range(60)))
    add_tenants(store, pending_tenant(99, "Other"))
    first = viewer.get(QUEUE, query_string={"status": "all", "q": "acme"})
    second = viewer.get(links(first)["Next page"])
    assert companies(first) + companies(second) == [f"Acme {number:03}" for number in range(60)]
    assert form_of(second, QUEUE)["q"] == "acme"


def test_an_activated_tenant_is_found_by_its_old_id(
    pending: SignUp, active: str, anna: Staff
) -> None:
    page = anna.get(QUEUE, query_string={"status": "all", "q": pending.id})
    assert links(page)["Example GmbH"].partition("?")[0] == f"{QUEUE}/{active}"


def test_search_finds_a_sign_up_by_its_reference_number(client: FlaskClient, viewer: Staff) -> None:
    done = sent_in(client)
    reference = done.id.removeprefix("pending-")
    assert reference in client.get(done.url).text
    for typed in (reference, reference.upper()):
        page = viewer.get(QUEUE, query_string={"status": "all", "q": typed})
        assert companies(page) == ["Example GmbH"]


def indexed(store: Store, clock: Clock) -> None:
    """The background process has seen every tenant."""
    begin_anew(store)
    Walk(store=store, clock=clock.now).run_if_due()


@pytest.mark.usefixtures("demo_tenants")
def test_what_was_found_in_other_lists_is_said_with_a_link_to_each(
    viewer: Staff, store: Store, clock: Clock
) -> None:
    add_tenants(store, replace(pending_tenant(9, "Doubt GmbH"), set_aside=True))
    indexed(store, clock)
    page = viewer.get(QUEUE, query_string={"status": "pending", "q": "gmbh"})
    assert companies(page) == ["First GmbH"]
    found = links(page)["1 more in Doubtful"]
    assert found == f"{QUEUE}?status=aside&q=gmbh"
    assert companies(viewer.get(found)) == ["Doubt GmbH"]
    # Nothing in this list, but in others.
    page = viewer.get(QUEUE, query_string={"status": "suspended", "q": "gmbh"})
    assert companies(page) == []
    assert "Nothing was found in this list." in page_words(page)
    page = viewer.get(QUEUE, query_string={"status": "suspended", "q": "example.com"})
    assert companies(page) == ["Paused BV"]
    assert {"2 more in Pending", "2 more in Active", "2 more in Rejected"} <= links(page).keys()
    # The list of all says nothing of others.
    page = viewer.get(QUEUE, query_string={"status": "all", "q": "gmbh"})
    assert sorted(companies(page)) == ["Doubt GmbH", "First GmbH"]
    assert [text for text in links(page) if "more in" in text] == []


@pytest.mark.usefixtures("demo_tenants")
def test_htmx_gets_the_links_as_well_and_hears_of_them(
    viewer: Staff, store: Store, clock: Clock
) -> None:
    indexed(store, clock)
    page = viewer.get(QUEUE, query_string={"status": "active", "q": "ltd"}, headers=HTMX)
    assert links(page)["1 more in Expired"] == f"{QUEUE}?status=expired&q=ltd"
    assert live_words(page) == "Nothing was found in this list. · 1 more in Expired"


def test_of_many_matches_the_page_says_how_many_others_there_are_at_least(
    viewer: Staff, store: Store, clock: Clock
) -> None:
    add_tenants(store, *(pending_tenant(number, f"Solar {number:03}") for number in range(150)))
    indexed(store, clock)
    page = viewer.get(QUEUE, query_string={"status": "active", "q": "solar"})
    assert companies(page) == []
    (text,) = [text for text in links(page) if "more in" in text]
    assert text.endswith(" or more in Pending")
    assert "Next page" in links(page)


@pytest.mark.usefixtures("demo_tenants")
def test_german_readers_read_of_other_lists_in_german(
    viewer: Staff, store: Store, clock: Clock
) -> None:
    indexed(store, clock)
    page = viewer.get(
        QUEUE, query_string={"status": "active", "q": "ltd"}, headers={"Accept-Language": "de"}
    )
    assert "„Abgelaufen“ hat noch 1" in links(page)
    assert "In dieser Liste wurde nichts gefunden." in page_words(page)
