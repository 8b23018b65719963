"""The page of the API: a list that needs nothing, and Swagger UI under the portal's policy. What it
asks of other hosts, prints on the console or breaks of the policy fails the test: conftest.py."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_has_no_barriers(
    *, scheme: str, width: int, new_page: Callable[..., Page], axe: Callable[[Page], list[str]]
) -> None:
    page = new_page(width=width, color_scheme=scheme)
    page.goto("/api/")
    calls = page.locator(".opblock-summary-control")
    expect(calls).to_have_count(8)
    for number in (0, 1, 3):
        calls.nth(number).click()
    expect(page.locator(".opblock-body")).to_have_count(3)
    assert axe(page) == []
    page.locator(".btn.authorize").click()
    expect(page.locator(".modal-ux")).to_be_visible()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_a_call_can_be_tried(page: Page) -> None:
    page.goto("/api/")
    page.locator(".opblock-summary-control").first.click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    answer = page.locator(".live-responses-table tbody .response-col_description").first
    # Another test may have asked for access with the ids of the example.
    expect(answer).to_contain_text('"isValid": false')


def test_without_javascript_the_calls_are_listed(
    page_without_javascript: Page, axe: Callable[[Page], list[str]]
) -> None:
    page = page_without_javascript
    page.goto("/api/")
    expect(page.get_by_role("heading", name="PUT /api/tenant/{tenantId}")).to_be_visible()
    expect(page.get_by_role("heading", name="Try the calls")).to_be_hidden()
