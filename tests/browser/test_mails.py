"""How a mail looks: on a phone and in a window, in both languages, light and dark."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from portal.mail.customers.kinds import Kind
from portal.settings import Settings
from portal.stores.file import JsonFileStore
from tests.mail.customers.letter_variants import digests, letters, sent


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 600])
def test_no_mail_is_wider_than_a_phone_or_hard_to_read(
    *,
    new_page: Callable[..., Page],
    axe: Callable[[Page], list[str]],
    screenshot: Callable[[Page, str], Path],
    settings: Settings,
    tmp_path: Path,
    width: int,
    color_scheme: str,
) -> None:
    page = new_page(width=width, color_scheme=color_scheme)
    store = JsonFileStore(tmp_path)
    found = {kind.value: list(letters(kind)) for kind in Kind}
    found["digest"] = [digests(store, settings)]
    store.close()
    for name, variants in found.items():
        # Of all variants the one with the most text: the others are made of the same parts.
        for letter, locale in zip(
            max(variants, key=lambda each: len(repr(each))), ("de", "en"), strict=True
        ):
            page.set_content(sent(letter, locale).text("html"))
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, locale)
            faint = [line for line in axe(page) if line.startswith("color-contrast")]
            assert faint == [], (name, locale)
            assert page.locator("body > div > p").first.inner_text() in (
                "Zugang zum Appointment Manager", "Appointment Manager onboarding",
            )  # fmt: skip
            screenshot(page, f"mail-{name}-{locale}-{width}-{color_scheme}")
