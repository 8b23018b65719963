"""A person sees who loses access by an import, and ticks a box before it is written."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from portal.stores.contract import Store
from tests.browser.steps import free_id
from tests.browser.test_import import confirm, file_of, is_in, plan, tenant


@pytest.fixture
def losing() -> list[dict[str, Any]]:
    account = free_id()
    return [tenant(account, str(company)) for company in (1, 2, 3)]


def test_the_box_is_asked_for_before_somebody_loses_access(
    *,
    javascript: bool,
    losing: list[dict[str, Any]],
    signed_in: Callable[..., Page],
    fits: Callable[[Page], None],
    store: Store,
    tmp_path: Path,
) -> None:
    page = signed_in("admin", name="Ada Admin", javascript=javascript)
    plan(page, file_of(tmp_path, losing))
    expect(page.locator("#answers")).to_have_text(
        "Answers to the application: 0 the same, 3 gain access now."
    )
    confirm(page)
    expect(page.locator("#outcome")).to_contain_text("Tenants written: 3.")
    assert all(is_in(store, row) for row in losing)

    losing[0]["isActive"] = False
    losing[1]["validTo"] = "2099-12-31T23:59:59.999Z"
    page.goto("/staff/imports/")
    page.get_by_label("When a tenant is already in the portal").select_option("overwrite")
    page.get_by_label("File with the records").set_input_files(file_of(tmp_path, losing))
    page.get_by_role("button", name="Show the plan").click()
    page.wait_for_url("**/staff/imports/import-*")
    expect(page.locator("#answers")).to_have_text(
        "Answers to the application: 1 the same, 1 loses access now, 1 on 1 January 2100."
    )
    fits(page)
    confirm(page)
    box = page.get_by_label("Write the rows, although tenants lose access: 2")
    expect(page.get_by_text("Tick this box to confirm it. Nothing was written.")).to_be_visible()
    expect(box).to_be_focused()
    fits(page)
    page.keyboard.press("Space")
    expect(box).to_be_checked()
    confirm(page)
    expect(page.locator("#outcome")).to_contain_text("Tenants written: 2.")
    tenant_id = f"{losing[0]['accountId']}_1"
    assert store.get(tenant_id)["status"] == "suspended"
