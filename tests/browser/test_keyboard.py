"""Without a mouse: Tab and Enter reach everything, and there are shortcut keys."""

import re
from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Page, expect

from portal.queries.pages import PAGE
from tests.browser.demo_data import DemoData
from tests.browser.steps import arrived, decision, free_id, heading, tab_to


def test_a_sign_up_by_tab_and_enter(new_page: Callable[..., Page], javascript: bool) -> None:
    page = new_page(javascript=javascript)
    page.goto("/sign-up")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_label("Company name"))
    page.keyboard.type("Example GmbH")
    page.keyboard.press("Enter")

    summary = page.get_by_role("alert").filter(has_text="There is a problem")
    expect(summary).to_be_focused()
    tab_to(page, summary.get_by_role("link", name="Enter your name."))
    page.keyboard.press("Enter")
    expect(page.get_by_label("Your name")).to_be_focused()
    page.keyboard.type("Jane Doe")
    tab_to(page, page.get_by_label("Email address"))
    page.keyboard.type("jane@example.com")
    # Tab skips the trap for robots.
    tab_to(page, page.get_by_label("Phone number"))
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Ask for access")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/status/"))


def test_an_activation_by_tab_and_enter(
    signed_in: Callable[..., Page], demo_data: DemoData, javascript: bool
) -> None:
    someone = demo_data.pending()
    page = signed_in(javascript=javascript)
    page.goto(someone.path)
    form = decision(page, "Activate")
    for label in ("Account id", "Company id"):
        tab_to(page, form.get_by_label(label))
        page.keyboard.press("Control+a")
        page.keyboard.type(free_id())
    tab_to(page, form.get_by_label("Cluster"))
    page.keyboard.type("eu")
    tab_to(page, form.get_by_label("Term"))
    page.keyboard.type("One")
    tab_to(page, form.get_by_role("button", name="Activate"))
    page.keyboard.press("Enter")
    expect(page.locator("#outcome")).to_have_text(f"{someone.tenant.contact.company} is active.")
    # Enter opens a closed form, and Tab goes on into it.
    tab_to(page, page.locator("summary").get_by_text("Suspend", exact=True))
    page.keyboard.press("Enter")
    expect(page.get_by_role("form", name="Suspend")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("form", name="Suspend").get_by_label("Reason")).to_be_focused()


def test_keys_walk_the_queue_and_open_its_rows(
    signed_in: Callable[..., Page], demo_data: DemoData
) -> None:
    for _ in range(3):
        demo_data.pending(ago=timedelta(days=90))
    page = signed_in()
    page.goto("/staff/tenants")
    rows = page.locator("[data-row] a")
    page.keyboard.press("j")
    expect(rows.nth(0)).to_be_focused()
    page.keyboard.press("j")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(rows.nth(0)).to_be_focused()
    address = rows.nth(0).get_attribute("href")
    page.keyboard.press("Enter")
    arrived(page, address or "")
    page.keyboard.press("a")
    expect(decision(page, "Activate").get_by_label("Account id")).to_be_focused()
    # In a text field the keys are only letters.
    page.keyboard.type("u")
    expect(page).to_have_url(address or "")
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("r")
    expect(page.get_by_role("form", name="Reject").get_by_label("Reason")).to_be_focused()
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("u")
    heading(page, "Tenants: Pending")
    page.keyboard.press("/")
    search = page.get_by_role("searchbox")
    expect(search).to_be_focused()
    page.keyboard.type("nobody/j")
    expect(page.locator("#nothing")).to_be_visible()
    expect(search).to_have_value("nobody/j")
    expect(search).to_be_focused()


def test_the_list_of_keys_shows_those_that_work_here(
    signed_in: Callable[..., Page], demo_data: DemoData
) -> None:
    page = signed_in()
    page.goto(demo_data.pending().path)
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Shortcut keys")
    expect(keys.get_by_text("Activate: go to the form")).to_be_visible()
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    page.goto(demo_data.active().path)
    page.get_by_role("button", name="List of shortcut keys").click()
    expect(keys.get_by_text("Back to the list")).to_be_visible()
    expect(keys.get_by_text("Activate: go to the form")).to_be_hidden()
    keys.get_by_role("button", name="Close").click()
    expect(keys).to_be_hidden()


def test_keys_can_be_turned_off_and_stay_off(
    signed_in: Callable[..., Page], demo_data: DemoData
) -> None:
    someone = demo_data.pending()
    page = signed_in()
    page.goto(someone.path)
    switch = page.get_by_role("contentinfo").get_by_role("switch", name="Shortcut keys")
    expect(switch).to_have_attribute("aria-checked", "true")
    switch.click()
    for _ in range(2):
        expect(switch).to_have_attribute("aria-checked", "false")
        for key in "?aru":
            page.keyboard.press(key)
        expect(page.get_by_role("dialog")).to_be_hidden()
        expect(decision(page, "Activate").get_by_label("Account id")).not_to_be_focused()
        expect(page).to_have_url(someone.path)
        page.reload()
    switch.click()
    page.keyboard.press("a")
    expect(decision(page, "Activate").get_by_label("Account id")).to_be_focused()


def test_after_next_page_the_heading_has_the_focus(
    signed_in: Callable[..., Page], demo_data: DemoData
) -> None:
    for _ in range(PAGE + 1):
        demo_data.pending()
    page = signed_in()
    page.goto("/staff/tenants")
    page.get_by_role("link", name="Next page").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="First page")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(page.get_by_role("heading", level=1)).to_be_in_viewport()


def test_escape_leaves_the_search_and_keeps_what_was_typed(
    signed_in: Callable[..., Page], demo_data: DemoData
) -> None:
    demo_data.pending(ago=timedelta(days=90))
    page = signed_in()
    page.goto("/staff/tenants")
    page.keyboard.press("/")
    search = page.locator("#q")
    expect(search).to_be_focused()
    page.keyboard.type("j")
    page.keyboard.press("Escape")
    expect(search).not_to_be_focused()
    expect(search).to_have_value("j")
    page.goto("/staff/tenants")
    page.keyboard.press("/")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator("[data-row] a").first).to_be_focused()


def test_keys_walk_the_lists_of_the_overview(
    signed_in: Callable[..., Page], demo_data: DemoData
) -> None:
    demo_data.pending(ago=timedelta(days=90))
    page = signed_in()
    page.goto("/staff/")
    page.keyboard.press("j")
    first = page.locator(".lines a").first
    expect(first).to_be_focused()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_contain_text("Next row, previous row")
    page.keyboard.press("Escape")
    first.focus()
    address = first.get_attribute("href")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(re.escape(address or "") + "$"))


def test_escape_goes_back_to_the_row_from_which_somebody_went_to_the_search(
    signed_in: Callable[..., Page], demo_data: DemoData
) -> None:
    for _ in range(2):
        demo_data.pending(ago=timedelta(days=90))
    page = signed_in()
    page.goto("/staff/tenants")
    for key in ("j", "j", "/"):
        page.keyboard.press(key)
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("[data-row] a").nth(1)).to_be_focused()


def test_the_search_of_the_overview_finds_in_all_lists(
    signed_in: Callable[..., Page], demo_data: DemoData
) -> None:
    someone = demo_data.active().tenant
    assert someone.ids is not None
    page = signed_in()
    page.goto("/staff/")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("searchbox")).not_to_be_focused()
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Shortcut keys")
    for words in ("Go to the search", "Leave the search", "Open the row"):
        expect(keys.get_by_text(words)).to_be_visible()
    # While the list of keys is open, no other key does anything.
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).not_to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type(someone.id)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Tenants: All")
    expect(page.locator("[data-row] a")).to_have_text(someone.contact.company)


def test_a_key_leads_to_the_next_one_waiting_before_and_after_a_decision(
    signed_in: Callable[..., Page], demo_data: DemoData
) -> None:
    first, second, third = (demo_data.pending(ago=timedelta(days=4000 - n)) for n in range(3))
    page = signed_in()
    page.goto(first.path)
    page.keyboard.press("n")
    arrived(page, second.path)
    # Neither with a modifier nor while somebody types.
    page.keyboard.press("Alt+n")
    page.keyboard.press("r")
    page.keyboard.press("n")
    expect(page).to_have_url(second.path)
    reject = page.get_by_role("form", name="Reject")
    reject.get_by_label("Reason").select_option("other")
    reject.get_by_role("button", name="Reject").click()
    expect(page.locator("#outcome")).to_be_focused()
    page.keyboard.press("n")
    arrived(page, first.path)
    page.keyboard.press("n")
    arrived(page, third.path)
    # A key that is held down opens one page, not one after another.
    page.evaluate(
        """document.body.dispatchEvent(
            new KeyboardEvent("keydown", {key: "n", repeat: true, bubbles: true}))"""
    )
    expect(page).to_have_url(third.path)
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Shortcut keys")
    expect(keys.get_by_text("Next one waiting")).to_be_visible()
    page.goto(demo_data.active().path)
    page.keyboard.press("n")
    page.keyboard.press("?")
    expect(keys.get_by_text("Next one waiting")).to_be_hidden()
