"""While more sign-ups come than usual, the form in the frame asks for a proof of work as well."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser

from portal import records
from portal.onboarding.sign_up_limits import SIGN_UPS_IN_ALL
from portal.settings import Settings
from portal.stores.contract import Count
from portal.stores.factory import open_store
from portal.timestamps import utc_now
from tests.browser.conftest import Watch
from tests.browser.shell.framed import ChromiumFrame, is_shown, see, until
from tests.browser.shell.https_front import HttpsFront, https_front
from tests.browser.shell.shell_host import PORTAL, shell_address, shell_host
from tests.serving import free_port, serving


@pytest.fixture
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpsFront]:
    """A portal that has accepted as many sign-ups as it does in an hour, behind https."""
    port = free_port()
    chosen = {
        "PORTAL_BASE_URL": PORTAL,
        "PORTAL_SIGN_UPS_PER_HOUR": "50",
        "PORTAL_TRUSTED_HOSTS": "127.0.0.1",
    }
    with (
        shell_host() as shell,
        serving(tmp_path_factory.mktemp("crowded"), port=port, settings=chosen) as portal,
        https_front(
            tmp_path_factory.mktemp("front"), {"portal.example": port, "eu.fsm.cloud.sap": shell}
        ) as front,
    ):
        store = open_store(Settings.from_environment(portal.environ))
        now = utc_now()
        # Two hours: the clock may strike meanwhile.
        for at in (now, now + timedelta(hours=1)):
            item_id = records.sign_ups_item_id(records.week_of(at))
            hour = {records.hour_name("all", at): SIGN_UPS_IN_ALL}
            store.write([Count(item_id, {records.SIGN_UPS: 10**6}, hour)])
        store.close()
        yield front


def test_the_widget_computes_in_the_frame(
    crowded: HttpsFront, chromium: Browser, watch: Watch
) -> None:
    context = chromium.new_context(
        ignore_https_errors=True, locale="en-GB", proxy={"server": crowded.proxy}
    )
    opened = context.new_page()
    watch.follow(opened)
    page = ChromiumFrame(opened)
    page.open(shell_address())
    until(lambda: is_shown(page, "#sign-up"), "the form")
    for name, text in {"company": "Example GmbH", "name": "Jane", "email": "j@example.com"}.items():
        page.type(f"[name={name}]", text)
    page.click("#sign-up button:not([type])")
    # The first one of this process was shown before it knew how many have come.
    robot = "document.querySelector('[role=alert][data-focus]')?.innerText.includes('not a robot')"
    until(lambda: page.run(robot) or is_shown(page, "#open"), "an answer")
    if page.run(robot):
        assert page.run("document.querySelector('[name=company]').value") == "Example GmbH"
        page.click("#sign-up button:not([type])")
    see(page, "#open", "Open your status page")
    assert page.cookies() == []
    context.close()
