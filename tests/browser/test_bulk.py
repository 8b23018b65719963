"""Many rows at once: by keyboard, on a phone, with JavaScript and without."""

import re
import secrets
from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Page, expect

from portal.stores.contract import Store
from portal.tenants import Status
from tests.browser.demo_data import DemoData
from tests.browser.steps import Fits, heading
from tests.web.factories import active_tenant, add_tenants


def test_rows_are_selected_and_rejected_by_keyboard(
    signed_in: Callable[..., Page], demo_data: DemoData, axe: Callable[[Page], list[str]]
) -> None:
    # So long ago that they come first.
    waiting = [demo_data.pending(ago=timedelta(days=400 - number)) for number in range(3)]
    names = [each.tenant.contact.company for each in waiting]
    page = signed_in()
    page.goto("/staff/tenants")
    live, boxes = page.locator("#live"), page.locator("[data-pick]")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(live).to_have_text("Selected on this page: 1")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("x")
    expect(live).to_have_text("Selected on this page: 2")
    expect(boxes.nth(0)).to_be_checked()
    expect(boxes.nth(2)).not_to_be_checked()
    expect(page.locator("#selected")).to_be_in_viewport()
    assert axe(page) == []
    page.keyboard.press("r")
    expect(page.get_by_role("button", name="Reject")).to_be_focused()
    page.keyboard.press("Enter")

    heading(page, "Reject 2 sign-ups")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    for name in names[:2]:
        expect(page.get_by_role("link", name=name)).to_be_visible()
    assert axe(page) == []
    page.get_by_label("Reason").select_option("Another reason")
    page.get_by_role("button", name="Reject 2 sign-ups").press("Enter")
    outcome = page.locator("#outcome")
    expect(outcome).to_have_text("2 sign-ups are rejected.")
    expect(outcome).to_be_focused()
    expect(live).to_have_text("2 sign-ups are rejected.")
    assert axe(page) == []
    page.wait_for_load_state("load")
    page.keyboard.press("u")
    heading(page, "Tenants: Pending")
    expect(page.get_by_role("link", name=names[2])).to_be_visible()
    expect(page.get_by_role("link", name=names[0])).to_have_count(0)


def test_the_whole_page_and_the_way_back(
    signed_in: Callable[..., Page], demo_data: DemoData
) -> None:
    demo_data.pending()
    demo_data.pending()
    page = signed_in()
    page.goto("/staff/tenants")
    boxes = page.locator("[data-pick]")
    page.get_by_label("This page").check()
    number = boxes.count()
    expect(page.locator("[data-pick]:checked")).to_have_count(number)
    boxes.first.uncheck()
    expect(page.locator("#selected")).to_have_text(f"Selected on this page: {number - 1}")
    expect(page.get_by_label("This page")).not_to_be_checked()
    page.get_by_role("button", name="Reject").click()
    heading(page, f"Reject {number - 1} sign-ups")
    page.go_back()
    expect(page.locator("[data-pick]:checked")).to_have_count(number - 1)
    expect(page.locator("#selected")).to_have_text(f"Selected on this page: {number - 1}")
    # Another list has no selection.
    page.get_by_role("link", name=re.compile("^All ")).click()
    heading(page, "Tenants: All")
    expect(page.locator("[data-pick]:checked")).to_have_count(0)
    expect(page.locator("#selected")).to_have_text("")


def test_on_a_phone_each_card_has_a_box(
    signed_in: Callable[..., Page], demo_data: DemoData, fits: Fits, *, javascript: bool
) -> None:
    someone = demo_data.pending(ago=timedelta(days=500))
    page = signed_in(javascript=javascript, width=360)
    page.goto("/staff/tenants")
    name = someone.tenant.contact.company
    page.get_by_role("checkbox", name=f"Select {name}").check()
    fits(page)
    page.get_by_role("button", name="Reject").click()
    heading(page, "Reject 1 sign-up")
    fits(page)
    page.get_by_label("Reason").select_option("Another reason")
    page.get_by_role("button", name="Reject 1 sign-up").click()
    expect(page.locator("#outcome")).to_have_text("1 sign-up is rejected.")
    expect(page.locator("#outcome")).to_be_focused()
    fits(page)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#outcome")).to_have_text("1 decision is undone.")


def test_licences_are_renewed_in_two_clicks(
    signed_in: Callable[..., Page], demo_data: DemoData, fits: Fits, *, javascript: bool
) -> None:
    for _ in range(3):
        demo_data.active(first=-200, last=20)
    page = signed_in(javascript=javascript)
    page.goto("/staff/tenants?status=expiring")
    number = page.locator("[data-pick]").count()
    page.get_by_label("This page").check()
    page.get_by_role("button", name="Renew").click()
    heading(page, f"Renew {number} licences")
    expect(page.get_by_label("One year")).to_be_checked()
    fits(page)
    page.get_by_role("button", name=f"Renew {number} licences").click()
    expect(page.locator("#outcome")).to_have_text(f"{number} licences are renewed.")
    expect(page.locator("#outcome")).to_be_focused()
    fits(page)
    page.get_by_role("link", name="Back to the list").first.click()
    expect(page.get_by_text("No tenant expires in the next 30 days.")).to_be_visible()


def test_more_than_fifty_go_on_by_themselves(
    signed_in: Callable[..., Page], store: Store, *, javascript: bool
) -> None:
    start, ends_in = secrets.randbelow(10**5) * 100, timedelta(days=900)
    add_tenants(
        store,
        *(
            active_tenant(start + n, f"Paused {n}", ends_in, status=Status.SUSPENDED)
            for n in range(60)
        ),
    )
    page = signed_in(javascript=javascript)
    page.goto("/staff/tenants?status=suspended")
    page.get_by_label("All in this list").check()
    page.get_by_role("button", name="Reinstate").click()
    number = re.search(r"\d+", page.get_by_role("heading", level=1).inner_text())
    assert number is not None
    page.get_by_role("button", name="Reinstate").click()
    if not javascript:
        go_on = page.get_by_role("button", name="Go on")
        expect(go_on).to_be_visible()
        while go_on.count():
            with page.expect_navigation():
                go_on.click()
    expect(page.locator("#outcome")).to_have_text(f"{number[0]} tenants are active again.")
    expect(page.locator("#outcome")).to_be_focused()
