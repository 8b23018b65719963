"""The portal is killed in the middle: people are told, and what was acknowledged is there."""

import http.client
import re
import threading
import urllib.request
from collections.abc import Callable
from html import unescape
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import Watch
from tests.browser.steps import decision, fill_activation, fill_sign_up, heading, send_sign_up
from tests.serving import Portal, serving

_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


class _Customers(threading.Thread):
    """Sign up one after another, until nobody answers; `kept` has the status pages that were
    promised to them."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.kept: list[str] = []
        self.some = threading.Event()

    def run(self) -> None:
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        try:
            while True:
                page = browser.open(f"{self.url}/sign-up", timeout=10).read().decode()
                typed = {"company": "Example GmbH", "name": "Jane", "email": "jane@example.com"}
                typed |= {name: unescape(value) for name, value in _HIDDEN.findall(page)}
                with browser.open(
                    f"{self.url}/sign-up", urlencode(typed).encode(), timeout=10
                ) as answer:
                    self.kept.append(answer.url)
                if len(self.kept) == 5:
                    self.some.set()
        except (OSError, http.client.HTTPException):  # no answer, or one that was cut
            self.some.set()


def test_a_killed_portal_is_told_and_loses_nothing(
    tmp_path: Path, new_page: Callable[..., Page], watch: Watch
) -> None:
    with serving(tmp_path) as portal:
        port = int(portal.url.rpartition(":")[2])
        customer = new_page(base_url=portal.url)
        customer.goto("/sign-up")
        fill_sign_up(customer, company="Kept GmbH")
        send_sign_up(customer)
        expect(customer).to_have_url(re.compile("/status/"))
        status_page = customer.url
        anna = new_page(base_url=portal.url)
        anna.goto(portal.staff_link("anna@example.com", "approver", "Anna"))
        anna.get_by_role("button", name="Sign in").click()
        anna.get_by_role("link", name="Kept GmbH").click()
        heading(anna, "Kept GmbH")
        final = fill_activation(anna)
        customers = _Customers(portal.url)
        customers.start()
        customers.some.wait(30)

        _kill_as_it_is_sent(anna, portal)
        decision(anna, "Activate").get_by_role("button", name="Activate").click()
        alerts = anna.locator("#alerts")
        expect(alerts).to_contain_text("The portal cannot be reached.")
        expect(alerts).to_be_in_viewport()
        customers.join(30)
        assert len(customers.kept) >= 5

    with serving(tmp_path, port=port):
        # The page is still open, with everything in it.
        anna.unroute_all()
        decision(anna, "Activate").get_by_role("button", name="Activate").click()
        expect(anna.locator("#outcome")).to_have_text("Kept GmbH is active.")
        expect(alerts).to_be_empty()
        expect(anna).to_have_url(f"/staff/tenants/{final}")
        customer.goto(status_page)
        expect(customer.get_by_role("heading", level=1)).to_have_text("Your access is ready")
        for url in customers.kept:
            customer.goto(url)
            expect(customer.get_by_role("heading", level=1)).to_have_text(
                "Your request is waiting for approval"
            )
    watch.expect("failed: POST")
    for words in ("htmx:sendError", "htmx:afterRequest", "Failed to load resource: net::"):
        watch.expect(f"console: {words}")


def _kill_as_it_is_sent(page: Page, portal: Portal) -> None:
    def kill(route: Route) -> None:
        portal.kill()
        route.continue_()

    page.route("**/activate", kill)


def test_a_form_that_nobody_took_is_still_filled_in_and_makes_one_sign_up(
    tmp_path: Path, whole_chromium: Browser, new_page: Callable[..., Page], watch: Watch
) -> None:
    with serving(tmp_path) as portal:
        port = int(portal.url.rpartition(":")[2])
        page = new_page(base_url=portal.url, browser=whole_chromium)
        page.goto("/sign-up")
        with page.expect_response("**/sign-up/check?field=phone") as checked:
            fill_sign_up(page, company="Patient GmbH")
            page.get_by_label("Company name").focus()
        checked.value.finished()
        portal.kill()
        send_sign_up(page)
        # This page is the browser's own; its button sends the same form again.
        expect(page.locator("#main-frame-error")).to_be_visible()
    with serving(tmp_path, port=port):
        page.reload()
        expect(page).to_have_url(re.compile("/status/"))
        expect(page.get_by_text("Patient GmbH")).to_be_visible()
    watch.expect("failed: POST")
