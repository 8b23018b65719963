"""An admin adds a receiver of webhooks, looks at it and removes it: with scripts and without."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from portal.stores.contract import Store
from portal.webhooks import read_book


def test_a_receiver_from_its_form_to_its_end(
    *,
    signed_in: Callable[..., Page],
    axe: Callable[[Page], list[str]],
    javascript: bool,
    store: Store,
) -> None:
    def fits(page: Page) -> None:
        # Only a browser that runs scripts can be asked.
        if javascript:
            assert axe(page) == []
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0

    page = signed_in("admin", name="Ada Admin", javascript=javascript, width=320)
    page.goto("/staff/webhooks")
    fits(page)
    form = page.locator("form[action='/staff/webhooks']")
    form.locator("button").click()
    expect(page.get_by_role("alert").locator("li")).to_have_count(2)
    fits(page)
    form.get_by_label("Address of the receiver").fill(f"https://receiver.example/{'x' * 200}")
    form.locator("#activated").check()
    form.locator("button").click()
    expect(page.locator("#outcome")).to_be_focused()
    assert page.locator("#secret-1").input_value().startswith("whsec_")
    fits(page)
    page.get_by_role("button", name="Send a test").click()
    expect(page.locator("#outcome")).to_contain_text("A test is on its way.")
    expect(page.locator("tbody")).to_contain_text("webhook.test")
    page.get_by_text("Make a new secret", exact=True).click()
    page.get_by_role("button", name="Make a new secret now").click()
    expect(page.locator("#outcome")).to_contain_text("There is a new secret.")
    page.get_by_role("button", name="Show the secret").click()
    expect(page.locator("#secret-2")).to_be_visible()
    fits(page)
    page.get_by_text("Remove it", exact=True).click()
    page.get_by_role("button", name="Remove it now").click()
    expect(page.locator("#outcome")).to_contain_text("The receiver is removed.")
    fits(page)
    assert read_book(store).subscriptions == ()
