"""The session ends soon: an open page warns, and one press keeps people signed in."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from portal.stores import Replace, iter_scan
from portal.stores.contract import Item, Store
from portal.timestamps import format_timestamp, parse_timestamp, utc_now
from tests.browser.demo_data import DemoData
from tests.browser.steps import decision

EMAIL = "sessions.approver@example.com"
#: So long a page waits before it asks when the session ends.
UNTIL_IT_ASKS = "25:01"


def sessions(store: Store) -> list[Item]:
    """The sessions of this test's person, the one used last in front."""
    items = list(iter_scan(store))
    (id_,) = [item["tenantId"] for item in items if item.get("email") == EMAIL]
    own = [item for item in items if item.get("person") == id_]
    found = [item for item in own if str(item["tenantId"]).startswith("session-")]
    return sorted(found, key=lambda item: str(item["lastSeen"]), reverse=True)


def used_before(store: Store, **ago: float) -> None:
    """As if the session had not been used for so long."""
    item = sessions(store)[0]
    version = int(item["version"])
    at = format_timestamp(utc_now() - timedelta(**ago))
    store.write([Replace({**item, "lastSeen": at, "version": version + 1}, version)])


@pytest.fixture
def page(signed_in: Callable[..., Page]) -> Page:
    return signed_in(name="Sessions Approver", width=360)


def opened(page: Page, path: str) -> None:
    page.clock.install()
    page.goto(path)
    expect(page.locator("footer")).to_contain_text("You are signed out at")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_warns_and_one_press_keeps_people_signed_in(
    scheme: str,
    signed_in: Callable[..., Page],
    store: Store,
    axe: Callable[[Page], list[str]],
) -> None:
    page = signed_in(name="Sessions Approver", width=360, color_scheme=scheme)
    opened(page, "/staff/")
    warning = page.get_by_role("alert").filter(has_text="You will soon be signed out")
    used_before(store, minutes=26)
    page.clock.fast_forward("20:00")
    expect(warning).to_have_count(0)
    page.clock.fast_forward("05:01")
    expect(warning).to_be_visible()
    expect(warning).to_contain_text("Minutes left: 4")
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # With the keyboard alone.
    button = page.get_by_role("button", name="Stay signed in")
    button.focus()
    page.keyboard.press("Enter")
    expect(warning).to_have_count(0)
    expect(page.locator("#live")).to_have_text("You stay signed in.")
    seen = parse_timestamp(str(sessions(store)[0]["lastSeen"]))
    assert seen is not None
    assert utc_now() - seen < timedelta(minutes=1)


def test_a_page_says_nothing_if_another_tab_was_used(page: Page, store: Store) -> None:
    opened(page, "/staff/")
    with page.expect_response("**/staff/session") as asked:
        page.clock.fast_forward(UNTIL_IT_ASKS)
    assert asked.value.status == 204
    assert asked.value.request.headers["portal-automatic"] == "true"
    expect(page.locator("#session > p")).to_have_count(0)
    # That request did not count as a use.
    assert sessions(store)[0]["version"] == 1


def test_when_it_is_over_the_page_says_so_and_keeps_what_was_typed(
    page: Page, store: Store, demo_data: DemoData
) -> None:
    opened(page, demo_data.pending().path)
    form = decision(page, "Reject")
    form.get_by_label("Message").fill("Please call us.")
    used_before(store, minutes=31)
    page.clock.fast_forward(UNTIL_IT_ASKS)
    over = page.get_by_role("alert").filter(has_text="Your session has ended.")
    expect(over).to_be_visible()
    expect(over.get_by_role("link", name="Sign in in a new tab")).to_be_visible()
    expect(form.get_by_label("Message")).to_have_value("Please call us.")


def test_what_htmx_asks_by_itself_has_the_header(page: Page) -> None:
    opened(page, "/staff/tenants")
    page.evaluate(
        """() => {
          const probe = document.createElement("div");
          probe.setAttribute("hx-get", "/staff/session");
          probe.setAttribute("hx-trigger", "load");
          document.querySelector("main").append(probe);
          window.seen = [];
          document.addEventListener("htmx:configRequest", (event) => {
            setTimeout(() => window.seen.push(event.detail.headers["Portal-Automatic"] ?? ""), 0);
          });
          htmx.process(probe);
        }"""
    )
    page.clock.run_for(1_000)
    assert page.evaluate("window.seen") == ["true"]
    with page.expect_response("**/staff/tenants?*q=acme*") as searched:
        page.get_by_role("searchbox").fill("acme")
        page.clock.run_for(1_000)
    assert "portal-automatic" not in searched.value.request.headers
