"""The page that ends reminders, as its link in a mail opens it: in both languages, with JavaScript
and without, on a small phone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from portal.reminder_links import reminder_token
from portal.settings import Settings
from portal.signing_keys import resolve_secret_keys
from tests.browser.demo_data import DemoData

#: Language, heading, button; then what takes it back.
WORDS = [
    (
        "en-GB",
        ("End the reminders", "No more reminders"),
        ("You get no more reminders", "Remind me again"),
    ),
    (
        "de-DE",
        ("Erinnerungen beenden", "Keine Erinnerungen mehr"),
        ("Sie bekommen keine Erinnerungen mehr", "Wieder erinnern"),
    ),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("locale", "before", "after"), WORDS)
def test_reminders_are_ended_and_taken_back(
    *,
    scheme: str,
    locale: str,
    before: tuple[str, str],
    after: tuple[str, str],
    javascript: bool,
    demo_data: DemoData,
    settings: Settings,
    new_page: Callable[..., Page],
    axe: Callable[[Page], list[str]],
) -> None:
    tenant = demo_data.active(last=20).tenant
    token = reminder_token(resolve_secret_keys(settings)[0], tenant.id, tenant.contact.email)
    page = new_page(javascript=javascript, width=320, locale=locale, color_scheme=scheme)
    page.goto(f"/reminders/{token}")
    # Twice around: what is taken back can be ended again.
    for heading, button in (before, after, before, after):
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        if javascript:
            assert axe(page) == []
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        page.get_by_role("button", name=button).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(before[0])
