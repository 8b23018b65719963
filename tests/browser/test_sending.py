"""A form that is on its way says so on the button that was pressed, whoever sends it."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.demo_data import DemoData
from tests.browser.steps import decision, fill_sign_up, words_in


@pytest.fixture
def answered_by_nothing() -> Callable[[Route], None]:
    """The browser stays on the page, as it was while it waited."""
    return lambda route: route.fulfill(status=204)


@pytest.mark.parametrize("locale", ["en-GB", "de-DE"])
def test_the_button_says_that_it_sends_and_then_what_it_said_before(
    new_page: Callable[..., Page], answered_by_nothing: Callable[[Route], None], locale: str
) -> None:
    page, say = new_page(locale=locale), words_in(locale)
    page.goto("/sign-up")
    fill_sign_up(page, say)
    button = page.locator("main form button:not(.link)")
    expect(button).to_have_text(say("Ask for access"))
    page.route("**/sign-up", answered_by_nothing)
    with page.expect_request("**/sign-up"):
        button.click()
    expect(button).to_have_text(say("Sending …"))
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(button).to_have_css("cursor", "progress")
    expect(page.locator("#live")).to_have_text(say("Sending …"))

    # The way back may lead to the page as it was left.
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    expect(button).to_have_text(say("Ask for access"))
    expect(button).not_to_have_attribute("aria-disabled", "true")
    expect(page.locator("#live")).to_be_empty()
    page.unroute("**/sign-up")
    button.click()
    expect(page).to_have_url(re.compile("/status/"))


def test_the_choice_of_a_language_sends_its_name_and_does_not_say_that_it_sends(
    page: Page, answered_by_nothing: Callable[[Route], None]
) -> None:
    page.goto("/sign-up")
    page.route("**/sign-up", answered_by_nothing)
    german = page.get_by_role("button", name="Deutsch")
    with page.expect_request("**/sign-up") as sent:
        german.click()
    assert "language=de" in (sent.value.post_data or "")
    expect(german).to_have_text("Deutsch")


def test_a_decision_says_that_it_is_sent_and_an_error_ends_that(
    signed_in: Callable[..., Page], demo_data: DemoData
) -> None:
    page = signed_in()
    page.goto(demo_data.pending().path)
    form = decision(page, "Reject")
    button = form.locator("button:not([data-preview])")
    label = button.inner_text()
    preview = form.get_by_role("button", name="Preview the mail")
    form.get_by_label("Reason").select_option(index=1)
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    # Nothing is sent by looking at it.
    page.route("**/reject/preview", hold)
    with page.expect_request("**/reject/preview"):
        preview.click()
    expect(preview).to_have_text("Preview the mail")
    waiting.pop().continue_()
    page.route("**/reject", hold)
    with page.expect_request("**/reject"):
        button.click()
    expect(button).to_have_text("Sending …")
    waiting.pop().fulfill(status=429, body="<p>Too many requests.</p>", content_type="text/html")
    expect(page.locator("#alerts")).to_contain_text("Too many requests.")
    expect(button).to_have_text(label)
    expect(button).not_to_have_attribute("aria-disabled", "true")
    page.unroute("**/reject")
    button.click()
    expect(page.locator("#outcome")).to_be_focused()
