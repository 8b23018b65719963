"""What somebody does at the staff desk on a working morning, and what is looked at after it."""

import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, expect

from portal.tenants import Tenant
from tests.browser.conftest import Axe
from tests.browser.demo_data import Customer
from tests.browser.steps import free_id, tab_to


def happened(page: Page, sentence: str | re.Pattern[str]) -> None:
    """The page says it, reads it out, and the keyboard goes on there."""
    outcome = page.locator("#outcome")
    expect(outcome).to_have_text(sentence)
    expect(outcome).to_have_role("heading")
    expect(outcome).to_be_focused()
    expect(page.locator("#live")).to_have_text(sentence)
    # It may be another page, whose keys do nothing yet.
    page.wait_for_load_state("load")


def is_active(company: str) -> re.Pattern[str]:
    return re.compile(f"^{re.escape(company)} is active\\.")


def fits(page: Page, axe: Axe) -> None:
    """No barrier, and nothing that scrolls sideways."""
    assert axe(page) == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def rejected_by_keyboard(page: Page) -> None:
    page.keyboard.press("r")
    form = page.get_by_role("form", name="Reject", exact=True)
    expect(form.get_by_role("combobox", name="Reason")).to_be_focused()
    page.keyboard.type("Not a")
    page.keyboard.press("Tab")
    expect(form.get_by_role("textbox", name="Message to the customer")).to_be_focused()
    page.keyboard.type("We do not know you yet.")
    page.keyboard.press("Tab")
    expect(form.get_by_role("button", name="Reject")).to_be_focused()
    page.keyboard.press("Enter")


def activated_by_keyboard(page: Page, someone: Customer) -> str:
    """Returns the final id."""
    page.keyboard.press("a")
    form = page.get_by_role("form", name="Activate", exact=True)
    account = form.get_by_role("textbox", name="Account id")
    company = form.get_by_role("textbox", name="Company id")
    expect(account).to_be_focused()
    claims = someone.tenant.ids
    if claims:
        expect(account).to_have_value(claims.account_id)
        expect(company).to_have_value(claims.company_id)
        ids = claims.account_id, claims.company_id
    else:
        ids = free_id(), free_id()
        page.keyboard.type(ids[0])
        page.keyboard.press("Tab")
        page.keyboard.type(ids[1])
        tab_to(page, form.get_by_role("textbox", name="Cluster"))
        page.keyboard.type("eu")
    # Enter in a field sends the form, as everywhere.
    page.keyboard.press("Enter")
    return "_".join(ids)


def what_matters(tenant: Tenant) -> Tenant:
    """Without what every decision changes. The portal also remembers that it was decided on, and
    the ids that it had for a while: notes that were written then stay its own."""
    return replace(
        tenant,
        version=None,
        updated_at=None,
        decision=None,
        was_reopened=False,
        id_since=None,
        former_ids=(),
    )


def last_day(tenant: Tenant, zone: ZoneInfo) -> date:
    end = tenant.validity.valid_to
    assert isinstance(end, datetime)
    return (end - timedelta(milliseconds=1)).astimezone(zone).date()


def a_year_later(day: date) -> date:
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return date(day.year + 1, 2, 28)
