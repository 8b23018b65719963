"""Staff find a customer a moment after the sign-up, by whatever they have heard or read."""

import re
from collections.abc import Callable
from dataclasses import replace

from playwright.sync_api import Page, expect

from portal.search import MarkingStore
from portal.tenants import Contact
from tests.browser.demo_data import DemoData

CONTACT = Contact(
    company="Bürgermeister Solarpark Łódź GmbH",
    name="Zdzisława O'Neill",
    email="zdzislawa@lodz-solar.example",
    phone="+48426381234",
    phone_typed="042 638 12 34",
)


def test_a_customer_is_found_by_part_of_the_name_by_phone_and_by_domain(
    signed_in: Callable[..., Page], demo_data: DemoData, javascript: bool
) -> None:
    # As a form of the portal leaves it: with the mark for search.
    marking = DemoData(
        MarkingStore(demo_data.store), demo_data.sealer, demo_data.now, demo_data.zone
    )
    suffix = "with" if javascript else "without"
    company = f"{CONTACT.company} {suffix}"
    marking.sign_up(replace(CONTACT, company=company))
    page = signed_in(javascript=javascript)
    page.goto("/staff/tenants?status=pending")
    row = page.get_by_role("link", name=company, exact=True)
    for typed in (f"oneill {suffix}", "638 12 34", "lodz-solar.example"):
        # The background process looks every two seconds.
        for _ in range(20):
            page.locator("#q").fill(typed)
            page.get_by_role("button", name="Search").click()
            page.wait_for_url(re.compile(r"q="))
            if row.count():
                break
            page.wait_for_timeout(500)
        expect(row).to_be_visible()
    # In another list, the page says where it is.
    page.goto("/staff/tenants?status=rejected&q=oneill+" + suffix)
    page.get_by_role("link", name="1 more in Pending").click()
    expect(row).to_be_visible()
    expect(page.locator("#q")).to_have_value(f"oneill {suffix}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Tenants: Pending")
