"""The list of tenants in a browser: dense, sorted by keyboard, and there again on the way back."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from portal.records import normalised
from tests.browser.conftest import Axe
from tests.browser.demo_data import DemoData
from tests.browser.steps import arrived, tab_to

ROWS = 30


@pytest.fixture(scope="module")
def many(demo_data: DemoData) -> None:
    for _ in range(ROWS):
        demo_data.pending()


@pytest.mark.usefixtures("many")
def test_25_rows_are_seen_at_1366_by_768(signed_in: Callable[..., Page], axe: Axe) -> None:
    page = signed_in()
    page.set_viewport_size({"width": 1366, "height": 768})
    page.goto("/staff/tenants")
    bottoms = page.locator("[data-row]").evaluate_all(
        "rows => rows.map(row => row.getBoundingClientRect().bottom)"
    )
    assert len([bottom for bottom in bottoms if bottom <= 768]) >= 25, bottoms[:26]
    assert axe(page) == []
    page.get_by_text("Filter", exact=True).click()
    page.get_by_label("Came in by").select_option("form")
    expect(page).to_have_url(re.compile(r"\?status=pending&source=form$"))
    assert axe(page) == []


@pytest.mark.usefixtures("many")
def test_sorting_by_keyboard_keeps_the_focus_on_the_heading(
    signed_in: Callable[..., Page], javascript: bool
) -> None:
    page = signed_in(javascript=javascript)
    page.goto("/staff/tenants")
    heading = page.get_by_role("columnheader", name="Company")
    for order in ("ascending", "descending"):
        tab_to(page, heading.get_by_role("link"))
        page.keyboard.press("Enter")
        expect(heading).to_have_attribute("aria-sort", order)
        if javascript:
            expect(heading.get_by_role("link")).to_be_focused()
    names = page.locator("[data-row] a").all_text_contents()
    assert names == sorted(names, key=normalised, reverse=True)


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("way", ["key", "link", "browser"])
def test_the_way_back_leads_to_the_row_that_was_opened(
    signed_in: Callable[..., Page], way: str
) -> None:
    page = signed_in()
    page.goto("/staff/tenants?status=pending&sort=-age")
    row = page.locator("[data-row] a").nth(20)
    name, path = row.text_content(), row.get_attribute("href") or ""
    row.click()
    arrived(page, re.compile(re.escape(path.partition("?")[0])))
    match way:
        case "key":
            page.keyboard.press("u")
        case "link":
            page.get_by_role("link", name="Back to the list").click()
        case _:
            page.go_back()
    expect(page).to_have_url(re.compile(r"\?status=pending&sort=-age#row-"))
    focused = page.locator("[data-row] a:focus")
    expect(focused).to_have_text(name or "")
    expect(focused).to_be_in_viewport()
