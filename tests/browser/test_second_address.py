"""Staff add a second address where a mail was sent, with and without JavaScript, in both languages:
no barrier, nothing that scrolls sideways."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.demo_data import DemoData

WORDS = {
    "en-GB": (
        "Second email address", "Send again", "This is no email address.",
        "Second email address: office@other.example",
    ),
    "de-DE": (
        "Zweite E-Mail-Adresse", "Noch einmal senden", "Das ist keine E-Mail-Adresse.",
        "Zweite E-Mail-Adresse: office@other.example",
    ),
}  # fmt: skip


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("locale", ["en-GB", "de-DE"])
def test_a_second_address_is_added(
    *,
    demo_data: DemoData,
    signed_in: Callable[..., Page],
    axe: Callable[[Page], list[str]],
    javascript: bool,
    locale: str,
    width: int,
) -> None:
    label, again, refused, noted = WORDS[locale]
    page = signed_in(name="Anna Approver", width=width, locale=locale, javascript=javascript)
    someone = demo_data.pending()
    button = page.get_by_role("button", name=again)

    # `portal serve` sends the mail within a few seconds.
    deadline = time.monotonic() + 20
    page.goto(someone.path)
    while not button.count() and time.monotonic() < deadline:
        page.reload()
    field = page.get_by_label(label)
    if javascript:
        assert axe(page) == []
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0
    # The portal itself says what is wrong, in the language of the page, and not the browser.
    field.fill("office")
    button.click()
    expect(page.get_by_role("heading", name=refused)).to_be_visible()
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill("office@other.example")
    button.click()
    expect(page.get_by_text(noted)).to_be_visible()
