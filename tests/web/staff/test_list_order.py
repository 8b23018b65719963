"""Order, filters and marks of a list, and the way back to it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask

from portal import onboarding
from portal.search import Walk, begin_anew
from portal.stores.contract import Store
from portal.tenants import Ids
from tests.conftest import START, Clock
from tests.examples import ANN
from tests.web.factories import (
    QUEUE,
    active_tenant,
    add_tenants,
    companies,
    pending_tenant,
    row_text,
    tab_counts,
)
from tests.web.pages import HTMX, Staff, by_id, page_words, tree, words


@pytest.fixture
def listed(app: Flask, store: Store, clock: Clock) -> Store:
    """Three that wait, of which one is late, and two that are active."""
    first = replace(pending_tenant(1, "Berta"), created_at=START - timedelta(days=40))
    us = replace(pending_tenant(2, "Anton"), ids=Ids(account_id="5", company_id="6", cluster="us"))
    add_tenants(
        store,
        first,
        us,
        pending_tenant(3, "Caesar"),
        active_tenant(4, "Emil", timedelta(days=50)),
        active_tenant(5, "Dora", timedelta(days=90)),
    )
    Walk(store=store, clock=clock.now).run_if_due()
    return store


def heading_links(answer) -> dict[str, tuple[str, str | None]]:
    """Column -> address of its link, and `aria-sort`."""
    return {
        words(link).partition(",")[0].strip(): (link.get("href", ""), cell.get("aria-sort"))
        for cell in tree(answer).iter("th")
        for link in cell.iter("a")
    }


@pytest.mark.usefixtures("listed")
def test_a_press_on_a_heading_sorts_and_a_second_one_turns_the_order_round(viewer: Staff) -> None:
    page = viewer.get(QUEUE)
    assert companies(page) == ["Berta", "Anton", "Caesar"]
    assert heading_links(page)["Requested"][1] == "ascending"
    for order, expected in (
        ("ascending", ["Anton", "Berta", "Caesar"]),
        ("descending", ["Caesar", "Berta", "Anton"]),
    ):
        page = viewer.get(heading_links(page)["Company"][0])
        assert companies(page) == expected
        assert heading_links(page)["Company"][1] == order
        assert heading_links(page)["Requested"][1] is None
    ends = viewer.get(f"{QUEUE}?status=active")
    assert companies(ends) == ["Emil", "Dora"]
    assert companies(viewer.get(heading_links(ends)["Validity"][0])) == ["Dora", "Emil"]


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("cluster=us", ["Anton"]),
        ("source=form", ["Berta", "Caesar"]),
        ("source=form&sort=-company", ["Caesar", "Berta"]),
        ("late=1", ["Berta"]),
        ("late=1&source=shell", []),
        ("q=anton&cluster=us", ["Anton"]),
        ("q=anton&cluster=eu", []),
    ],
)
def test_a_filter_shows_what_it_says(viewer: Staff, query: str, expected: list[str]) -> None:
    page = viewer.get(f"{QUEUE}?{query}")
    assert companies(page) == expected
    assert "Only:" in page_words(page)
    if not expected:
        assert "matches the filters" in page_words(page)


@pytest.mark.usefixtures("listed")
def test_filters_stay_in_the_other_tabs_and_pages_and_can_be_shared(viewer: Staff) -> None:
    page = viewer.get(f"{QUEUE}?status=pending&cluster=us&sort=company")
    hrefs = [each.get("href", "") for each in by_id(page, "tabs").iter("a")]
    assert all("cluster=us" in href and "sort" not in href for href in hrefs)
    sent = viewer.get(f"{QUEUE}?q=&status=pending&cluster=us&source=", headers=HTMX)
    assert sent.headers["HX-Replace-Url"] == f"{QUEUE}?status=pending&cluster=us"


@pytest.mark.usefixtures("listed")
def test_a_column_that_says_the_same_in_each_row_is_said_once(viewer: Staff) -> None:
    page = viewer.get(QUEUE)
    headings = [words(cell).partition(",")[0].strip() for cell in tree(page).iter("th")]
    assert headings == ["Company", "Contact", "Ids", "Requested"]
    page = viewer.get(f"{QUEUE}?source=form")
    assert "Ids" not in [words(cell) for cell in tree(page).iter("th")]
    page = viewer.get(f"{QUEUE}?status=active")
    assert "In each row:" in page_words(page)
    assert "Status: Active" in page_words(page)


def test_marks_say_in_words_what_is_known(listed: Store, viewer: Staff, clock: Clock) -> None:
    add_tenants(listed, pending_tenant(9, "Anton"))
    onboarding.add_note(listed, pending_tenant(3).id, audit=ANN, text="Ask Ben.")
    begin_anew(listed)
    Walk(store=listed, clock=clock.now).run_if_due()
    page = viewer.get(QUEUE)
    assert "Has notes" in row_text(page, "Caesar")
    assert "Perhaps twice" not in row_text(page, "Berta")
    twice = [words(row) for row in tree(page).findall(".//tbody/tr") if "Anton" in words(row)]
    assert len(twice) == 2
    assert all("Perhaps twice" in each for each in twice)


@pytest.mark.usefixtures("listed")
def test_the_way_back_leads_to_the_row_in_the_same_list(viewer: Staff) -> None:
    page = viewer.get(f"{QUEUE}?status=pending&sort=-company&source=form")
    (link,) = [each for each in tree(page).iter("a") if words(each) == "Berta"]
    tenant = viewer.get(link.get("href", ""))
    (back,) = [each for each in tree(tenant).iter("a") if words(each) == "Back to the list"]
    address, _, row = back.get("href", "").partition("#")
    assert address == f"{QUEUE}?status=pending&sort=-company&source=form"
    assert by_id(viewer.get(address), row).get("href") == link.get("href")


def test_a_page_that_empties_under_ones_hands_says_so(
    app: Flask, store: Store, viewer: Staff
) -> None:
    add_tenants(store, *(pending_tenant(n) for n in range(51)))
    (following,) = [
        each.get("href", "") for each in tree(viewer.get(QUEUE)).iter("a")
        if words(each) == "Next page"
    ]  # fmt: skip
    assert len(companies(viewer.get(following))) == 1
    onboarding.withdraw(store, pending_tenant(50).id, expected_version=1, audit=ANN)
    page = viewer.get(following)
    assert "is empty by now. This is the first page." in page_words(page)
    assert len(companies(page)) == 50


def test_counts_are_exact_up_to_999(app: Flask, store: Store, viewer: Staff) -> None:
    add_tenants(store, *(pending_tenant(n) for n in range(999)))
    assert tab_counts(viewer.get(QUEUE))["Pending"] == "999"
    add_tenants(store, pending_tenant(999))
    assert tab_counts(viewer.get(QUEUE))["Pending"] == "999+"


def test_until_all_tenants_were_looked_through_a_filter_says_that_some_may_be_missing(
    app: Flask, store: Store, viewer: Staff, clock: Clock
) -> None:
    add_tenants(store, pending_tenant(1))
    said = "Some tenants may be missing here"
    assert said in page_words(viewer.get(f"{QUEUE}?cluster=eu"))
    assert said not in page_words(viewer.get(QUEUE))
    Walk(store=store, clock=clock.now).run_if_due()
    assert said not in page_words(viewer.get(f"{QUEUE}?cluster=eu"))
