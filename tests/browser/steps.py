"""What people do on the pages, in their words."""

import secrets
from contextlib import suppress
from datetime import date, timedelta

from playwright.sync_api import Error, Locator, Page, expect


def fill_sign_up(page: Page, **typed: str) -> None:
    """Everything that is required, and right, unless a test types something else."""
    words = {
        "company": "Example GmbH",
        "name": "Jane Doe",
        "email": "jane@example.com",
        "phone": "+49 30 901820",
        **typed,
    }
    page.get_by_label("Company name").fill(words["company"])
    page.get_by_label("Your name").fill(words["name"])
    page.get_by_label("Email address").fill(words["email"])
    page.get_by_label("Phone number").fill(words["phone"])


def send_sign_up(page: Page) -> None:
    page.get_by_role("button", name="Ask for access").click()


def decision(page: Page, legend: str) -> Locator:
    """The form of a decision by its heading, opened if it was closed."""
    form = page.get_by_role("form", name=legend, exact=True)
    summary = page.locator("summary").get_by_text(legend, exact=True)
    # An answer may be replacing the forms just now: then neither is there for a moment.
    expect(form.or_(summary).first).to_be_visible()
    if not form.is_visible():
        with suppress(Error):
            summary.click(timeout=2000)
    expect(form).to_be_visible()
    return form


def free_id() -> str:
    """An account or company id that nobody has."""
    return str(secrets.randbelow(10**12))


def fill_activation(page: Page) -> str:
    """Ids that nobody has; the answer is the tenant's final id."""
    form = decision(page, "Activate")
    account, company = free_id(), free_id()
    form.get_by_label("Account id").fill(account)
    form.get_by_label("Company id").fill(company)
    return f"{account}_{company}"


def send(page: Page, legend: str, button: str) -> None:
    decision(page, legend).get_by_role("button", name=button, exact=True).click()


def long_day(day: date) -> str:
    """`3 May 2026`, with the month's whole name."""
    return f"{day.day} {day:%B %Y}"


def days(number: int) -> timedelta:
    return timedelta(days=number)


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until the focus is there, as somebody without a mouse does."""
    for _ in range(80):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {target}")
