"""A login that the browser has saved fills no field of staff: it would be sealed as the secret of
another customer."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from portal.auth import make_sign_in_link
from portal.stores.contract import Store
from portal.timestamps import utc_now
from tests.browser.conftest import CHROMIUM
from tests.browser.demo_data import DemoData
from tests.browser.saved_login import PASSWORD, USER, browser_with_saved_login
from tests.serving import Portal

#: What a saved login is for. Proves that this browser fills in.
SIGN_IN_FORM = """<!doctype html><title>Sign in</title>
<form method="post"><input name="user" autocomplete="off"><input name="password" type="password"
autocomplete="off"></form><p>Click here.</p>"""


def values(page: Page) -> list[str]:
    """Of all fields, once the browser has filled in what it wants to."""
    # Chromium gives a page what it filled in only after somebody has used the page.
    page.mouse.click(1, 1)
    return [field.input_value() for field in page.locator("input:not([type=hidden])").all()]


def test_t38_a_saved_login_fills_no_field_of_staff(
    *,
    chromium: Browser,
    portal: Portal,
    store: Store,
    demo_data: DemoData,
    tmp_path: Path,
    javascript: bool,
) -> None:
    assert CHROMIUM is not None
    token = make_sign_in_link(
        store, email="ada.saved@example.com", name="Ada Admin", role="admin", now=utc_now()
    )

    def control(route: Route) -> None:
        route.fulfill(body=SIGN_IN_FORM, content_type="text/html")

    with browser_with_saved_login(
        chromium.browser_type, CHROMIUM, tmp_path, portal.url, javascript=javascript
    ) as context:
        page = context.new_page()
        context.route("**/control", control)
        page.goto("/control")
        expect(page.locator("[name=password]:autofill")).to_have_count(1)
        assert values(page) == [USER, PASSWORD]

        page.goto(f"/staff/sign-in/{token}")
        page.locator("main button").click()
        page.wait_for_url("**/staff/")
        for path in (demo_data.pending().path, demo_data.active().path, "/staff/imports/"):
            page.goto(path)
            folded = page.locator("details:not([open]) > summary")
            while folded.count():
                folded.first.click()
            # A second page shows that the time was long enough to fill in.
            control_page = context.new_page()
            control_page.goto("/control")
            expect(control_page.locator("[name=password]:autofill")).to_have_count(1)
            control_page.close()
            expect(page.locator(":autofill")).to_have_count(0)
            assert not {USER, PASSWORD} & set(values(page))


@pytest.mark.parametrize("kind", ["pending", "active"])
def test_a_typed_secret_is_hidden_and_kept_out_of_the_session(
    signed_in: Callable[..., Page], demo_data: DemoData, kind: str, *, javascript: bool
) -> None:
    page = signed_in(javascript=javascript)
    page.goto(getattr(demo_data, kind)().path)
    secret = page.locator("[name=client_secret]")
    assert secret.evaluate("field => getComputedStyle(field).webkitTextSecurity") == "disc"
    assert secret.get_attribute("autocomplete") == "off"
