"""Signing in at a provider and out again in a real browser, which follows the portal's policy: no
form of ours leads to another site."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, expect

from tests.browser.conftest import Axe
from tests.oidc_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    NoProviderError,
    Provider,
    free_port,
    running,
)
from tests.serving import Portal, serving

ANNA = {
    "email": "anna@staff.example.com", "email_verified": True, "name": "Anna Provided",
    "groups": "portal-admins",
}  # fmt: skip


@pytest.fixture(scope="module")
def provider_and_portal(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Provider, Portal]]:
    port = free_port()
    chosen = {
        "PORTAL_OIDC_ISSUER": f"http://127.0.0.1:{port}",
        "PORTAL_OIDC_CLIENT_ID": CLIENT_ID,
        "PORTAL_OIDC_CLIENT_SECRET": CLIENT_SECRET,
        "PORTAL_OIDC_ADMINS": "portal-admins",
    }
    # The provider is down when the portal starts, and learns then where it is.
    with serving(tmp_path_factory.mktemp("portal"), settings=chosen) as portal:
        back, out = f"{portal.url}/staff/oidc/callback", f"{portal.url}/staff/sign-in"
        try:
            with running(back, out, port) as provider:
                provider.set(account=ANNA)
                yield provider, portal
        except NoProviderError as error:
            pytest.skip(str(error))


def local_only(route: Route) -> None:
    """The provider's own pages ask for a font elsewhere."""
    if re.match(r"http://127\.0\.0\.1:", route.request.url):
        route.continue_()
    else:
        route.abort()


def test_a_browser_signs_in_at_the_provider_and_out_again(
    provider_and_portal: tuple[Provider, Portal], chromium: Browser, axe: Axe
) -> None:
    provider, portal = provider_and_portal
    page = chromium.new_context(locale="en-GB").new_page()
    page.route("**/*", local_only)
    said: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text and portal.url in page.url:
            said.append(message.text)

    page.on("console", note)
    page.goto(f"{portal.url}/staff/tenants?status=active")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert axe(page) == []
    page.get_by_role("link", name="Sign in").click()
    sign_in_there(page)
    page.wait_for_url(f"{portal.url}/staff/tenants?status=active")
    expect(page.locator(".who")).to_contain_text("Anna Provided")

    # The state was made up by somebody else.
    page.goto(f"{portal.url}/staff/oidc/callback?code=a&state=b")
    expect(page.get_by_role("heading", level=1)).to_have_text("The sign-in did not work.")
    assert axe(page) == []

    page.goto(f"{portal.url}/staff/")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{provider.issuer}/session/end?*")
    page.get_by_role("button", name="Yes, sign me out").click()
    page.wait_for_url(f"{portal.url}/staff/sign-in*")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.goto(f"{portal.url}/staff/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert said == []
    page.context.close()


def sign_in_there(page: Page) -> None:
    page.locator("input[name=login]").fill("anna-1")
    page.locator("input[name=password]").fill("any")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()
