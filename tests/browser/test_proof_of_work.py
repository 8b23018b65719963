"""The proof of work in a real browser: the widget computes, and the form arrives."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from portal import records
from portal.onboarding.sign_up_limits import SIGN_UPS_IN_ALL
from portal.settings import Settings
from portal.stores.contract import Count
from portal.stores.factory import open_store
from portal.timestamps import utc_now
from tests.browser.steps import fill_sign_up, send_sign_up
from tests.serving import Portal, serving


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A portal that has accepted as many sign-ups as it does in an hour."""
    limit = {"PORTAL_SIGN_UPS_PER_HOUR": "50"}
    with serving(tmp_path_factory.mktemp("crowded"), settings=limit) as portal:
        store = open_store(Settings.from_environment(portal.environ))
        now = utc_now()
        # Two hours: the clock may strike meanwhile.
        for at in (now, now + timedelta(hours=1)):
            item_id = records.sign_ups_item_id(records.week_of(at))
            hour = {records.hour_name("all", at): SIGN_UPS_IN_ALL}
            store.write([Count(item_id, {records.SIGN_UPS: 10**6}, hour)])
        store.close()
        yield portal


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_customer_is_checked_and_notices_little(
    *,
    crowded: Portal,
    new_page: Callable[..., Page],
    axe: Callable[[Page], list[str]],
    language: str,
) -> None:
    page = new_page(width=360, locale=language)
    page.goto(f"{crowded.url}/sign-up?another=1")
    if language == "de":
        # The first request of this portal has made the widget known to its worker.
        expect(page.locator("altcha-widget")).to_be_attached()
        page.get_by_label("Firma").fill("Example GmbH")
        page.get_by_label("Ihr Name").fill("Jane Doe")
        page.get_by_label("E-Mail-Adresse").fill("jane@second.example.com")
        page.get_by_role("button", name="Zugang anfordern").click()
    else:
        fill_sign_up(page)
        send_sign_up(page)
        expect(page.get_by_role("alert")).to_contain_text("you are not a robot")
        assert axe(page) == []
        expect(page.get_by_label("Company name")).to_have_value("Example GmbH")
        send_sign_up(page)
    page.wait_for_url("**/status/*")


def test_without_javascript_the_page_says_what_happens(
    crowded: Portal, new_page: Callable[..., Page]
) -> None:
    page = new_page(javascript=False)
    page.goto(f"{crowded.url}/sign-up")
    fill_sign_up(page, email="jane@third.example.com")
    send_sign_up(page)
    if page.url.endswith("/sign-up"):
        expect(page.get_by_text("waits until you confirm your email address")).to_be_visible()
        send_sign_up(page)
    page.wait_for_url("**/status/*")
    # As the form has said.
    expect(page.get_by_role("heading", level=1)).to_have_text("Please confirm your email address")
