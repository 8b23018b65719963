"""Undoing an import in a real browser: no barriers, and the steps follow by themselves."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from portal.imports.undo.steps import ROWS_PER_UNDO_STEP
from portal.stores.contract import Store
from tests.browser.conftest import Axe
from tests.browser.test_every_page import Look
from tests.browser.test_import import tenant
from tests.web.pages import tenants_in

#: More rows than one step undoes.
ROWS = ROWS_PER_UNDO_STEP + 5


def imported(page: Page, rows: list[dict[str, Any]]) -> None:
    """Import the rows by page; afterwards the page of the import is open."""
    page.goto("/staff/imports/")
    page.locator("#text").fill(json.dumps(rows))
    page.locator("form[enctype] button").click()
    page.locator("#confirm").click()
    expect(page.locator("#outcome")).to_be_visible()


@pytest.mark.parametrize("locale", ["en-GB", "de-DE"])
def test_an_import_is_undone_by_two_presses_without_barriers(
    *, locale: str, store: Store, signed_in: Callable[..., Page], axe: Axe
) -> None:
    look = Look(axe, [("light", 1280), ("dark", 320)])
    before = tenants_in(store).keys()
    ada = signed_in("admin", name="Ada Admin", locale=locale)
    imported(ada, [tenant("7", str(number)) for number in range(ROWS)])
    look.at(ada, "import")
    ada.locator("a[href$='/undo']").click()
    button = ada.locator("form[action$='/undo'] button")
    expect(button).to_be_visible()
    look.at(ada, "what would go back")
    button.click()
    expect(ada.locator("#confirmed-error")).to_be_visible()
    look.at(ada, "not confirmed")
    ada.locator("#confirmed").check()
    button.click()
    # The next step follows by itself.
    expect(ada.locator("#outcome")).to_be_focused()
    assert tenants_in(store).keys() == before
    look.at(ada, "undone")
    ada.locator("a[data-key=u]").click()
    expect(ada.locator("#import")).to_contain_text("Ada Admin")
    assert look.wrong == {}
