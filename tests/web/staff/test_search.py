"""Search: what is typed is sought as it is, in the tab that is open."""

import time

import pytest
from flask.testing import FlaskClient

from portal.stores.contract import Store
from tests.web.factories import LIST, put, rows, waiting
from tests.web.pages import SignUp, Staff, form_of, ids, links, sent_in


@pytest.mark.parametrize(
    ("tab", "sought", "found"),
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
@pytest.mark.usefixtures("town")
def test_search_finds_by_beginning_address_or_id(
    viewer: Staff, tab: str, sought: str, found: list[str]
) -> None:
    page = viewer.get(LIST, query_string={"status": tab, "q": sought})
    assert sorted(rows(page)) == found
    assert form_of(page, LIST)["q"] == sought.strip()
    assert form_of(page, LIST)["status"] == tab
    if not found:
        assert "nothing" in ids(page)


def test_search_takes_no_notice_of_accents(viewer: Staff, store: Store) -> None:
    put(store, waiting(1, "Müller & Söhne"), waiting(2, "Muller Inc"))
    assert len(rows(viewer.get(LIST, query_string={"q": "MULLER"}))) == 2


@pytest.mark.parametrize(
    "sought",
    ["(a+)+$", ".*", "%", "_", "a" * 10_000, "'\"><script>", "\\", "[", "=1", "staff-x", "\x00"],
)
@pytest.mark.usefixtures("town")
def test_s18_what_is_typed_is_sought_as_it_is(viewer: Staff, sought: str) -> None:
    spent = []
    for _ in range(3):
        start = time.process_time()
        page = viewer.client.open(LIST, query_string={"q": sought}, method="HEAD")
        spent.append(time.process_time() - start)
        assert page.status_code == 200
    assert min(spent) < 0.050
    assert rows(viewer.get(LIST, query_string={"q": sought})) == []


@pytest.mark.parametrize("name", ["100% Bio", "a_b", "(a+)+$", "=1+1"])
def test_s18_signs_are_found_as_they_are(viewer: Staff, store: Store, name: str) -> None:
    put(store, waiting(1, name), waiting(2, "100 Bio"), waiting(3, "axb"), waiting(4, "aaa"))
    assert rows(viewer.get(LIST, query_string={"q": name[:-1]})) == [name]


def test_a_search_has_pages_too(viewer: Staff, store: Store) -> None:
    put(store, *(waiting(number, f"Acme {number:03}") for number in range(60)))
    put(store, waiting(99, "Other"))
    first = viewer.get(LIST, query_string={"status": "all", "q": "acme"})
    second = viewer.get(links(first)["Next page"])
    assert rows(first) + rows(second) == [f"Acme {number:03}" for number in range(60)]
    assert form_of(second, LIST)["q"] == "acme"


def test_an_activated_tenant_is_found_by_its_old_id(
    pending: SignUp, active: str, anna: Staff
) -> None:
    page = anna.get(LIST, query_string={"status": "all", "q": pending.id})
    assert links(page)["Example GmbH"] == f"{LIST}/{active}"


def test_staff_find_a_sign_up_by_the_number_that_its_customer_has(
    client: FlaskClient, viewer: Staff
) -> None:
    done = sent_in(client)
    reference = done.id.removeprefix("pending-")
    assert reference in client.get(done.url).text
    for typed in (reference, reference.upper()):
        page = viewer.get(LIST, query_string={"status": "all", "q": typed})
        assert rows(page) == ["Example GmbH"]
