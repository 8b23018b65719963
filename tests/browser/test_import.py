"""An import, from the page of the old application in a real browser to the store and back."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from portal.imports.jobs.apply import ROWS_PER_STEP
from portal.stores.contract import ItemNotFoundError, Store
from tests.browser.conftest import Watch
from tests.browser.steps import free_id, tab_to

#: Entries of other programs in the same browser.
OTHERS = {
    "theme": "dark",
    "fsm_tenants": "not one of them",
    "other_fsm_tenant_1_2": "nor is this",
    "token": "eyJhbGciOiJub25lIn0.s3cr3t-of-another-program",
}
SECRET = "s3cr3t-canary"


def tenant(account: str, company: str, **values: Any) -> dict[str, Any]:
    """A tenant as the old application stores it."""
    return {
        "accountId": account, "companyId": company, "accountName": "Müller Gruppe",
        "companyName": "Müller GmbH", "cluster": "eu", "contactCompanyName": "Müller & Söhne",
        "contactFullName": "Jürgen Müller", "contactPhone": "+49 30 901820",
        "contactEmailAddress": "jm@aufzug.example", "clientId": "fsm", "clientSecret": SECRET,
        "isActive": True, "validFrom": "2025-01-07T08:15:22.041Z",
        "validTo": "2126-01-07T08:15:22.041Z", "createdAt": "2025-01-07T08:15:22.041Z",
        "updatedAt": "2025-01-07T08:15:22.041Z", **values,
    }  # fmt: skip


class OldApplication(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        page = b"<!doctype html><title>The old application</title><link rel=icon href=data:,>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


@contextmanager
def answering() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), OldApplication) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def old_application() -> Iterator[str]:
    """The address of the old application, at another origin than the portal."""
    with answering() as url:
        yield url


@pytest.fixture
def rows() -> list[dict[str, Any]]:
    account = free_id()
    return [tenant(account, str(company)) for company in range(1, 4)]


#: The console message of htmx for a request that was aborted.
GIVEN_UP = ("console: htmx:afterRequest", "console: htmx:sendAbort")


def key_of(row: dict[str, Any]) -> str:
    return f"fsm_tenant_{row['accountId']}_{row['companyId']}"


def open_old_application(
    new_page: Callable[..., Page], url: str, rows: list[dict[str, Any]]
) -> Page:
    """The old application in a browser that holds its entries."""
    page = new_page(accept_downloads=True)
    page.goto(url)
    entries = OTHERS | {key_of(row): json.dumps(row) for row in rows}
    page.evaluate("all => { for (const key in all) localStorage.setItem(key, all[key]) }", entries)
    return page


def stored(page: Page) -> dict[str, str]:
    return dict(page.evaluate("({...localStorage})"))


def downloaded(old: Page, line: str, folder: Path) -> Path:
    """The file that the browser saves when the line is pasted into its console."""
    with old.expect_download() as download:
        assert old.evaluate(line).endswith("entries are in fsm-tenants.json")
    assert download.value.suggested_filename == "fsm-tenants.json"
    path = folder / "fsm-tenants.json"
    download.value.save_as(path)
    return path


def file_of(folder: Path, rows: list[dict[str, Any]]) -> Path:
    path = folder / "many.json"
    path.write_text(json.dumps({key_of(row): json.dumps(row) for row in rows}), encoding="utf-8")
    return path


def plan(page: Page, path: Path) -> None:
    page.get_by_role("link", name="Imports", exact=True).click()
    page.get_by_label("File with the records").set_input_files(path)
    page.get_by_role("button", name="Show the plan").click()
    page.wait_for_url("**/staff/imports/import-*")


def confirm(page: Page) -> None:
    page.get_by_role("button", name="Write these rows").click()


def is_in(store: Store, row: dict[str, Any]) -> bool:
    try:
        store.get(f"{row['accountId']}_{row['companyId']}")
    except ItemNotFoundError:
        return False
    return True


def test_the_whole_way_there_and_back(
    *,
    javascript: bool,
    old_application: str,
    rows: list[dict[str, Any]],
    new_page: Callable[..., Page],
    signed_in: Callable[..., Page],
    store: Store,
    tmp_path: Path,
) -> None:
    bad = tenant(free_id(), "9", contactEmailAddress="no address")
    old = open_old_application(new_page, old_application, [*rows, bad])
    before = stored(old)
    ada = signed_in("admin", name="Ada Admin", javascript=javascript)
    ada.goto("/staff/imports/")
    line = ada.get_by_label("Line for the console").input_value()
    path = downloaded(old, line, tmp_path)
    # Only entries of the old application left the browser, and its storage is unchanged.
    assert json.loads(path.read_text("utf-8")).keys() == {key_of(row) for row in [*rows, bad]}
    assert stored(old) == before

    plan(ada, path)
    expect(ada.get_by_text("3 of 4 rows would be written. Nothing is written yet.")).to_be_visible()
    expect(ada.get_by_text("until 7 Jan 2126.")).to_be_visible()
    assert not any(is_in(store, row) for row in rows)
    ada.get_by_role("link", name="Invalid 1").click()
    expect(ada.get_by_text("This is not an email address: no address")).to_be_visible()
    confirm(ada)
    outcome = ada.locator("#outcome")
    expect(outcome).to_contain_text("The import is done.")
    expect(outcome).to_contain_text("Tenants written: 3. Rows that could not be imported: 1.")
    assert all(is_in(store, row) for row in rows)

    removing = ada.get_by_label("Entries that are in the portal now: 3").input_value()
    assert old.evaluate(removing) == "3 entries are removed"
    assert stored(old) == OTHERS | {key_of(bad): json.dumps(bad)}
    # Running it again does no harm.
    assert old.evaluate(removing) == "0 entries are removed"
    assert SECRET not in ada.content()


def test_the_text_can_be_pasted(
    signed_in: Callable[..., Page], rows: list[dict[str, Any]], store: Store, tmp_path: Path
) -> None:
    page = signed_in("admin", name="Ada Admin")
    page.get_by_role("link", name="Imports", exact=True).click()
    page.get_by_label("Or the text of the file").fill(file_of(tmp_path, rows).read_text("utf-8"))
    page.get_by_role("button", name="Show the plan").click()
    confirm(page)
    expect(page.locator("#outcome")).to_contain_text("Tenants written: 3.")
    assert all(is_in(store, row) for row in rows)


@pytest.fixture
def many() -> list[dict[str, Any]]:
    account = free_id()
    return [tenant(account, str(number)) for number in range(2 * ROWS_PER_STEP + 50)]


def test_with_javascript_steps_run_by_themselves_and_two_tabs_do_no_harm(
    signed_in: Callable[..., Page], many: list[dict[str, Any]], store: Store, tmp_path: Path
) -> None:
    one = signed_in("admin", name="Ada Admin")
    plan(one, file_of(tmp_path, many))
    two = one.context.new_page()
    two.goto(one.url)
    confirm(one)
    confirm(two)
    for page in (one, two):
        expect(page.locator("#outcome")).to_contain_text(f"Tenants written: {len(many):,}.")
    expect(one.locator("#outcome")).to_be_focused()
    assert all(is_in(store, row) for row in many)


def test_without_javascript_each_click_is_a_step_and_a_reload_continues(
    signed_in: Callable[..., Page], many: list[dict[str, Any]], store: Store, tmp_path: Path
) -> None:
    page = signed_in("admin", name="Ada Admin", javascript=False)
    plan(page, file_of(tmp_path, many))
    confirm(page)
    expect(page.get_by_role("progressbar")).to_have_attribute("value", str(ROWS_PER_STEP))
    page.reload()
    expect(page.get_by_role("progressbar")).to_have_attribute("value", str(ROWS_PER_STEP))
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("progressbar")).to_have_attribute("value", str(2 * ROWS_PER_STEP))
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#outcome")).to_contain_text(f"Tenants written: {len(many):,}.")
    assert all(is_in(store, row) for row in many)


def test_opening_the_page_writes_nothing_and_continue_resumes_where_it_was(
    signed_in: Callable[..., Page], many: list[dict[str, Any]], store: Store, tmp_path: Path
) -> None:
    without = signed_in("admin", name="Ada Admin", javascript=False)
    plan(without, file_of(tmp_path, many))
    confirm(without)
    expect(without.get_by_role("progressbar")).to_be_visible()
    # Half-way. Somebody else, with JavaScript, opens the page twice.
    page = signed_in("admin", name="Bob Boss")
    page.goto(without.url)
    page.reload()
    page.wait_for_load_state("networkidle")
    expect(page.get_by_role("progressbar")).to_have_attribute("value", str(ROWS_PER_STEP))
    assert sum(is_in(store, row) for row in many) == ROWS_PER_STEP
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#outcome")).to_contain_text(f"Tenants written: {len(many):,}.")
    assert all(is_in(store, row) for row in many)
    without.reload()
    expect(without.locator("#outcome")).to_contain_text("The import is done.")


def test_it_is_done_with_the_keyboard_alone(
    signed_in: Callable[..., Page], rows: list[dict[str, Any]], store: Store, tmp_path: Path
) -> None:
    page = signed_in("admin", name="Ada Admin")
    plan(page, file_of(tmp_path, rows))
    tab_to(page, page.get_by_role("button", name="Write these rows"))
    page.keyboard.press("Enter")
    expect(page.locator("#outcome")).to_be_focused()
    page.wait_for_load_state("load")
    page.keyboard.press("u")
    page.wait_for_url("**/staff/imports/")
    assert all(is_in(store, row) for row in rows)


LONG = "Kälte-Klima-Sanitärtechnik" * 7


def look_at(
    page: Page, axe: Callable[[Page], list[str]], wrong: dict[str, list[str]], name: str
) -> None:
    """Collect the accessibility violations of this page, under its name."""
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    found = [*axe(page), *([f"scrolls sideways by {wide}"] if wide > 0 else [])]
    if found:
        wrong[name] = found


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_have_no_barriers(
    *,
    scheme: str,
    width: int,
    signed_in: Callable[..., Page],
    axe: Callable[[Page], list[str]],
    tmp_path: Path,
) -> None:
    page = signed_in("admin", name="Ada Admin", width=width, color_scheme=scheme)
    wrong: dict[str, list[str]] = {}
    look = partial(look_at, page, axe, wrong)
    account = free_id()
    some = [tenant(account, str(number)) for number in range(ROWS_PER_STEP + 60)]
    evil = tenant(account, "9999", contactCompanyName=LONG, contactEmailAddress=LONG, **{LONG: 1})
    plan(page, file_of(tmp_path, [*some, evil]))
    look("plan")
    page.get_by_role("link", name="Invalid 1").click()
    expect(page.get_by_text("These rows cannot be imported.")).to_be_visible()
    look("invalid rows")
    without = signed_in("admin", name="Eve Admin", javascript=False)
    without.goto(page.url)
    confirm(without)
    expect(without.get_by_role("progressbar")).to_be_visible()
    # Half-way, and it stays so: opening the page starts nothing.
    page.reload()
    expect(page.get_by_role("progressbar")).to_be_visible()
    look("progress")
    page.get_by_role("button", name="Stop for good").click()
    expect(page.locator("#outcome")).to_contain_text("before Ada Admin stopped it.")
    look("stopped")
    plan(page, file_of(tmp_path, [*some, evil]))
    confirm(page)
    expect(page.locator("#outcome")).to_contain_text("The import is done.")
    look("done")
    assert wrong == {}


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_changes_the_list_and_a_refusal_have_no_barriers(
    *,
    scheme: str,
    width: int,
    signed_in: Callable[..., Page],
    axe: Callable[[Page], list[str]],
    tmp_path: Path,
) -> None:
    page = signed_in("admin", name="Ada Admin", width=width, color_scheme=scheme)
    wrong: dict[str, list[str]] = {}
    look = partial(look_at, page, axe, wrong)
    account = free_id()
    some = [tenant(account, str(number)) for number in range(3)]
    plan(page, file_of(tmp_path, some))
    confirm(page)
    expect(page.locator("#outcome")).to_contain_text("The import is done.")
    changed = [row | {"contactFullName": LONG[:180], "clientSecret": "x"} for row in some]
    page.goto("/staff/imports/")
    page.get_by_label("When a tenant is already in the portal and differs").select_option(
        "overwrite"
    )
    plan_of_changes = page.get_by_label("Or the text of the file")
    plan_of_changes.fill(file_of(tmp_path, changed).read_text("utf-8"))
    page.get_by_role("button", name="Show the plan").click()
    expect(page.get_by_text("contactFullName").first).to_be_visible()
    look("differences")
    page.get_by_role("button", name="Discard the plan").click()
    expect(page.locator("#outcome")).to_contain_text("The plan is discarded.")
    look("discarded")
    page.get_by_role("link", name="All imports").click()
    page.wait_for_url("**/staff/imports/")
    look("list")
    page.get_by_label("Or the text of the file").fill("null")
    page.get_by_role("button", name="Show the plan").click()
    expect(page.get_by_role("alert").filter(has_text="There is a problem")).to_be_visible()
    look("refused")
    assert wrong == {}


def test_a_refused_file_puts_the_focus_on_why(signed_in: Callable[..., Page]) -> None:
    page = signed_in("admin", name="Ada Admin")
    page.get_by_role("link", name="Imports", exact=True).click()
    page.get_by_label("Or the text of the file").fill('{"theme": "dark"}')
    page.get_by_role("button", name="Show the plan").click()
    summary = page.get_by_role("alert").filter(has_text="There is a problem")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("The file is not a portal export.")
    summary.get_by_role("link").click()
    box = page.get_by_label("Or the text of the file")
    expect(box).to_be_focused()
    expect(box).to_have_value('{"theme": "dark"}')


def test_a_file_that_is_far_too_large_gets_the_form_again(
    signed_in: Callable[..., Page], tmp_path: Path, watch: Watch
) -> None:
    watch.expect("status of 413")
    page = signed_in("admin", name="Ada Admin")
    large = tmp_path / "large.json"
    large.write_bytes(b" " * 5_100_000)
    page.goto("/staff/imports/")
    page.get_by_label("File with the records").set_input_files(large)
    page.get_by_role("button", name="Show the plan").click()
    summary = page.get_by_role("alert").filter(has_text="There is a problem")
    expect(summary).to_contain_text("The file is larger than 5 MB.")
    expect(summary).to_contain_text("Split the file, or use the command")
    expect(page).to_have_title(re.compile("^Error: "))
