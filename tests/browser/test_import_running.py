"""An import while it runs, in a real browser: stopping, announcements, an unreachable portal."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from portal.imports.jobs.apply import ROWS_PER_STEP
from portal.stores.contract import Store
from tests.browser.conftest import Watch
from tests.browser.steps import tab_to
from tests.browser.test_import import GIVEN_UP, confirm, file_of, is_in, many, plan

__all__ = ["many"]


class Held:
    """Holds the responses to steps, after the first ones, until a test releases them."""

    def __init__(self, page: Page, *, after: int = 1) -> None:
        self._page = page
        self._seen = 0
        self._after = after
        self._routes: list[Route] = []
        page.route("**/apply", self._hold)

    def _hold(self, route: Route) -> None:
        self._seen += 1
        if self._seen > self._after:
            self._routes.append(route)
        else:
            route.continue_()

    def route(self, number: int = 0) -> Route:
        """The step of this number among those that are held, once it is asked for."""
        for _ in range(600):
            if len(self._routes) > number:
                return self._routes[number]
            self._page.evaluate("new Promise(requestAnimationFrame)")
        raise AssertionError("No step was asked for.")

    def end(self, number: int) -> None:
        """This one goes on, and all that come after it."""
        held = self.route(number)
        # Only now: otherwise the next step would pass, and the test would wait for it in vain.
        self._after = 1_000
        held.continue_()


def running(page: Page, rows: list[dict[str, Any]], folder: Path) -> Held:
    """An import whose first step is done, and whose second one is under way."""
    plan(page, file_of(folder, rows))
    held = Held(page)
    confirm(page)
    held.route()
    return held


def test_the_outcome_of_stop_stays_although_a_step_is_under_way(
    *,
    signed_in: Callable[..., Page],
    many: list[dict[str, Any]],
    store: Store,
    tmp_path: Path,
    watch: Watch,
) -> None:
    for words in GIVEN_UP:
        watch.expect(words)
    page = signed_in("admin", name="Bob Boss")
    running(page, many, tmp_path)
    # The step is aborted: its late response would show the progress again.
    with page.expect_event("requestfailed", lambda request: request.url.endswith("/apply")):
        page.get_by_role("button", name="Stop for good").click()
    outcome = page.locator("#outcome")
    expect(outcome).to_contain_text("480 of 1,010 rows were handled before Bob Boss stopped it.")
    expect(outcome).to_be_focused()
    expect(page.get_by_role("progressbar")).to_have_count(0)
    assert [is_in(store, row) for row in many] == [n < ROWS_PER_STEP for n in range(len(many))]


def test_another_page_that_is_writing_shows_who_stopped_the_import(
    signed_in: Callable[..., Page], many: list[dict[str, Any]], tmp_path: Path
) -> None:
    ada, bob = signed_in("admin", name="Ada Admin"), signed_in("admin", name="Bob Boss")
    held = running(ada, many, tmp_path)
    bob.goto(ada.url)
    bob.get_by_role("button", name="Stop for good").click()
    expect(bob.locator("#outcome")).to_contain_text("before Bob Boss stopped it.")
    held.route().continue_()
    expect(ada.locator("#outcome")).to_contain_text("Bob Boss stopped this import on")
    expect(ada.locator("#outcome")).to_be_focused()


def test_the_focus_and_the_live_region_follow_the_writing(
    signed_in: Callable[..., Page], many: list[dict[str, Any]], tmp_path: Path
) -> None:
    page = signed_in("admin", name="Ada Admin")
    plan(page, file_of(tmp_path, many))
    held = Held(page)
    tab_to(page, page.get_by_role("button", name="Write these rows"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Writing")).to_be_focused()
    live = page.locator("#live")
    expect(live).to_have_text("The rows are being written: 480 of 1,010 are handled.")
    expect(page.get_by_role("button", name="Continue")).to_be_hidden()
    # A step in between does not move the focus.
    stop = page.get_by_role("button", name="Stop for good")
    tab_to(page, stop)
    held.route(0).continue_()
    expect(page.get_by_role("progressbar")).to_have_attribute("value", str(2 * ROWS_PER_STEP))
    expect(live).to_have_text("960 of 1,010 rows are handled.")
    expect(stop).to_be_focused()
    held.end(1)
    expect(page.locator("#outcome")).to_be_focused()
    expect(live).to_have_text("The import is done.")


@pytest.mark.parametrize("away", ["network", "server", "store"])
def test_when_the_portal_is_unreachable_the_continue_button_appears(
    *,
    away: str,
    signed_in: Callable[..., Page],
    many: list[dict[str, Any]],
    store: Store,
    tmp_path: Path,
    watch: Watch,
) -> None:
    page = signed_in("admin", name="Ada Admin")
    held = running(page, many, tmp_path)
    match away:
        case "network":
            words = "The portal cannot be reached. Rows that were written stay."
            watch.expect("failed: POST")
            watch.expect("console: Failed to load resource: net::ERR_FAILED")
            watch.expect("console: htmx:afterRequest")
            watch.expect("console: htmx:sendError")
            held.route().abort()
        case "server":
            words = "Something went wrong in the portal. Rows that were written stay."
            watch.expect("status of 502")
            watch.expect("console: Response Status Error Code 502")
            held.route().fulfill(status=502, body="<p>Bad gateway</p>")
        case _:
            words = "Not now"
            watch.expect("status of 503")
            held.route().fulfill(status=503, content_type="text/html", body="<p>Not now</p>")
    page.unroute("**/apply")
    expect(page.locator("#alerts")).to_contain_text(words)
    go_on = page.get_by_role("button", name="Continue")
    expect(go_on).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#outcome")).to_contain_text(f"Tenants written: {len(many):,}.")
    expect(page.locator("#alerts")).to_be_empty()
    assert all(is_in(store, row) for row in many)
