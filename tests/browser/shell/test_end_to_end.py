"""From the frame to the queue and back: asked in the shell, proved by it, credentials tried,
activated; then the framed page says so."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from portal.auth import make_sign_in_link
from portal.stores.contract import Store
from portal.timestamps import utc_now
from tests.browser.conftest import AXE, Watch
from tests.browser.shell.framed import Framed, is_shown, see, until
from tests.browser.shell.https_front import HttpsFront
from tests.browser.shell.shell_host import PORTAL, shell_address, token_of_the_shell
from tests.browser.steps import decision, send
from tests.fsm_cluster import CLIENT_ID, CLIENT_SECRET
from tests.serving import Portal

#: The account of the client that the cluster knows.
ACCOUNT = 86810


@pytest.fixture
def staff(chromium: Browser, front: HttpsFront, framed_store: Store, watch: Watch) -> Page:
    """A page of an approver, over https as well."""
    context = chromium.new_context(
        base_url=PORTAL, ignore_https_errors=True, locale="en-GB", proxy={"server": front.proxy}
    )
    context.set_default_timeout(20_000)
    page = context.new_page()
    watch.follow(page)
    who = {"email": "anna@example.com", "name": "Anna Approver", "role": "approver"}
    page.goto(f"/staff/sign-in/{make_sign_in_link(framed_store, **who, now=utc_now())}")
    page.locator("main button").click()
    page.wait_for_url("**/staff/")
    return page


def test_asked_in_the_frame_and_answered_there(
    framed: Callable[..., Framed],
    staff: Page,
    framed_portal: Portal,
    request: pytest.FixtureRequest,
) -> None:
    # Each browser is of another company of the same account.
    is_firefox = "firefox" in request.node.name
    number, known = (104347, "Another") if is_firefox else (104348, "Meyer Field Service")
    auth = token_of_the_shell(companies=[{"id": number, "name": known}])
    address = shell_address("text", company=known, companyId=str(number), auth=auth)
    page = framed()
    page.open(address)
    see(page, "#state", "This company has no access yet")
    until(lambda: is_shown(page, "#sign-up"), "the form")
    email = f"kim{number}@example.com"
    for name, text in {"company": known, "name": "Kim Doe", "email": email}.items():
        page.type(f"[name={name}]", text)
    page.click("#sign-up button")
    see(page, "#open", "Open your status page")
    # The token went along with the form once, and is nowhere else.
    assert auth["access_token"] not in page.run("document.documentElement.outerHTML")
    assert auth["access_token"] not in framed_portal.log.read_text()

    page.open(address)
    see(page, "#state", "A request for this company waits for a decision")
    axe = AXE.read_text(encoding="utf-8")
    assert page.axe(axe) == []
    assert not is_shown(page, "#sign-up")

    staff.goto("/staff/tenants?status=pending")
    staff.get_by_role("link", name=known, exact=True).click()
    expect(staff.get_by_role("heading", level=1)).to_contain_text(known)
    expect(staff.locator("main")).to_contain_text("account and company, ")
    form = decision(staff, "Activate")
    expect(form.get_by_label("Account id")).to_have_value(str(ACCOUNT))
    expect(form.get_by_label("Company id")).to_have_value(str(number))
    form.get_by_label("Client id").fill(CLIENT_ID)
    form.get_by_label("Client secret").fill(CLIENT_SECRET)
    form.get_by_role("button", name="Try these credentials").click()
    outcome = staff.locator("#tried-activate figure")
    expect(outcome).to_contain_text("The secret works, and everything fits.")
    send(staff, "Activate", "Activate")
    expect(staff.locator("#outcome")).to_contain_text(re.compile("is active"))

    page.open(address)
    see(page, "#state", "This company has access")
    assert page.axe(axe) == []
    assert not is_shown(page, "#sign-up")
    assert not is_shown(page, "#outside")


def test_a_token_of_another_account_proves_nothing(
    framed: Callable[..., Framed], staff: Page
) -> None:
    page = framed()
    company = f"Claimed by {type(page).__name__}"
    auth = token_of_the_shell(account_id=1)
    page.open(shell_address(company=company, companyId="777", auth=auth))
    until(lambda: is_shown(page, "#sign-up") or is_shown(page, "[data-unfold]"), "the page")
    if is_shown(page, "[data-unfold]"):
        page.click("[data-unfold]")
    for name, text in {"company": company, "name": "Kim", "email": "kim@example.net"}.items():
        page.type(f"[name={name}]", text)
    page.click("#sign-up button:not([type])")
    see(page, "#open", "Open your status page")
    staff.goto("/staff/tenants?status=pending")
    staff.get_by_role("link", name=company, exact=True).click()
    expect(staff.locator("main")).to_contain_text("nothing, the ids are a claim")
