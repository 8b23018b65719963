"""A reader chooses a language in the middle of the form, and goes on with what was typed."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.steps import fill_sign_up


def test_the_form_goes_on_in_the_other_language(
    new_page: Callable[..., Page], javascript: bool
) -> None:
    page = new_page(javascript=javascript, width=360)
    page.goto("/sign-up")
    fill_sign_up(page)
    page.get_by_label("Company name").fill("Straßenbau Übel GmbH")
    page.get_by_role("navigation", name="Language").get_by_role("button", name="Deutsch").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Zugang anfordern")
    expect(page.locator("#company")).to_have_value("Straßenbau Übel GmbH")
    page.locator("#company").press("Enter")
    # Enter sends the form, and does not choose a language again.
    page.wait_for_url("**/status/*")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    page.get_by_role("link", name="English").click()
    page.wait_for_url("**/status/*")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("link", name="English")).to_have_attribute("aria-current", "true")
