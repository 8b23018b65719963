"""A file with tenants of several places in a real browser: the page asks which to import."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from portal.stores.contract import Store
from tests.browser.conftest import Axe
from tests.browser.steps import free_id
from tests.browser.test_import import tenant
from tests.imports.files import storage_state

FRAME = "https://appointment-manager.app.example.com/^0https://fsm.cloud.sap"
STAGING = "https://staging.example.com"
#: One that no line of a telephone holds.
LONG = "https://" + "a" * 190 + ".example.com"


@pytest.fixture
def account() -> str:
    return free_id()


@pytest.fixture
def file(account: str, tmp_path: Path) -> Path:
    newer = {"contactFullName": "Nobody", "updatedAt": "2026-02-01T00:00:00.000Z"}
    path = tmp_path / "state.json"
    path.write_bytes(
        storage_state({
            FRAME: [tenant(account, "1"), tenant(account, "2")],
            LONG: [tenant(account, "1")],
            STAGING: [tenant(account, "1", **newer)],
        })
    )  # fmt: skip
    return path


def send(page: Page, path: Path) -> None:
    page.get_by_label("File with the records").set_input_files(path)
    page.get_by_role("button", name="Show the plan").click()


def stored(store: Store, account: str, company: str) -> dict[str, Any]:
    return dict(store.get(f"{account}_{company}"))


def test_the_places_are_ticked_and_only_they_are_imported(
    *,
    javascript: bool,
    account: str,
    file: Path,
    signed_in: Callable[..., Page],
    store: Store,
    axe: Axe,
) -> None:
    page = signed_in("admin", name="Ada Admin", javascript=javascript, width=320)
    page.goto("/staff/imports/")
    send(page, file)
    expect(page.get_by_role("alert")).to_contain_text("There are tenants of 3 places")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    if javascript:  # axe-core waits for ever without it
        assert axe(page) == []
    # The line of the summary leads to the first box, which the keyboard ticks.
    page.get_by_role("alert").get_by_role("link").press("Enter")
    box = page.get_by_label(FRAME)
    expect(box).to_be_focused()
    expect(box).not_to_be_checked()
    page.keyboard.press("Space")
    expect(box).to_be_checked()
    send(page, file)
    page.wait_for_url("**/staff/imports/import-*")
    expect(page.get_by_text(f"{FRAME} (Entries: 2")).to_be_visible()
    page.get_by_role("button", name="Write these rows: 2").click()
    if not javascript:
        page.wait_for_url("**/staff/imports/import-*")
    expect(page.locator("#outcome")).to_contain_text("Tenants written: 2.")
    assert stored(store, account, "1")["contactFullName"] == "Jürgen Müller"


@pytest.mark.parametrize("width", [1280, 320])
def test_a_plan_of_several_places_fits_a_screen_and_a_telephone(
    account: str, width: int, file: Path, signed_in: Callable[..., Page], axe: Axe
) -> None:
    page = signed_in("admin", name="Ada Admin", width=width)
    page.goto("/staff/imports/")
    text = page.get_by_label("Or the text of the file")
    text.fill(file.read_text("utf-8"))
    page.get_by_role("button", name="Show the plan").click()
    # The text that was pasted stays.
    assert json.loads(text.input_value()) == json.loads(file.read_text("utf-8"))
    for box in page.get_by_role("group", name="Which places?").get_by_role("checkbox").all():
        box.check()
    page.get_by_role("button", name="Show the plan").click()
    page.wait_for_url("**/staff/imports/import-*")
    page.get_by_role("link", name="Duplicate 2").click()
    row = page.locator("tr[data-row]").first
    expect(row).to_contain_text(FRAME)
    expect(row).to_contain_text(f"of {STAGING}, is for the same tenant")
    expect(row).to_contain_text(f"{account}_1")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert axe(page) == []
