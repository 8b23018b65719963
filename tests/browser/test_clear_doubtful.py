"""Staff clear doubtful sign-ups on a phone, with JavaScript and without."""

import secrets
from collections.abc import Callable

from playwright.sync_api import Page, expect

from portal import onboarding
from portal.stores.contract import Store
from portal.tenants import Contact
from portal.timestamps import utc_now


def test_those_that_match_are_cleared_by_one_press(
    *,
    signed_in: Callable[..., Page],
    axe: Callable[[Page], list[str]],
    javascript: bool,
    store: Store,
) -> None:
    name = f"Flood {secrets.token_hex(4)}"
    for number in range(3):
        onboarding.submit(
            store,
            reference=secrets.token_hex(13),
            contact=Contact(company=f"{name} {number}", name="Robot", email="r@robot.example"),
            claims=None,
            status_link="a" * 64,
            now=utc_now(),
            set_aside=True,
        )

    def fits(page: Page) -> None:
        # Only a browser that runs scripts can be asked.
        if javascript:
            assert axe(page) == []
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0

    page = signed_in(name="Anna Approver", javascript=javascript, width=320)
    page.goto("/staff/tenants?status=aside")
    page.get_by_role("link", name="Clear doubtful sign-ups").click()
    page.get_by_role("searchbox").fill(name)
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("3 doubtful sign-ups that a robot may have sent.")).to_be_visible()
    fits(page)
    page.get_by_role("button", name="Remove them").click()
    expect(page.locator("#outcome")).to_contain_text("3 sign-ups are removed.")
    expect(page.get_by_text("There is nothing to clear.")).to_be_visible()
    fits(page)
    page.get_by_role("link", name="Back to the list").click()
    expect(page.get_by_text(name)).to_have_count(0)
