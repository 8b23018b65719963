"""Fixtures: a portal behind https, a shell that frames it, and both browsers."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from portal.settings import Settings
from portal.stores.contract import Store
from portal.stores.factory import open_store
from tests.browser.conftest import Watch
from tests.browser.shell.firefox import Firefox, running
from tests.browser.shell.framed import ChromiumFrame, FirefoxFrame, Framed
from tests.browser.shell.https_front import HttpsFront, https_front
from tests.browser.shell.shell_host import PORTAL, shell_host
from tests.serving import Portal, free_port, serving

FIREFOX = shutil.which("firefox-esr")


@pytest.fixture(scope="session")
def portal_port() -> int:
    return free_port()


@pytest.fixture(scope="session")
def front(tmp_path_factory: pytest.TempPathFactory, portal_port: int) -> Iterator[HttpsFront]:
    with shell_host() as shell:
        backends = {
            "portal.example": portal_port,
            "eu.fsm.cloud.sap": shell,
            "us.fsm.cloud.sap": shell,
            "evil.example": shell,
        }
        with https_front(tmp_path_factory.mktemp("front"), backends) as front:
            yield front


@pytest.fixture(scope="session")
def framed_portal(
    tmp_path_factory: pytest.TempPathFactory, front: HttpsFront, portal_port: int
) -> Iterator[Portal]:
    """As in production: behind https, with the clusters that are the default, and with a way out
    through a proxy."""
    chosen = {
        "PORTAL_BASE_URL": PORTAL,
        "PORTAL_TIME_ZONE": "Europe/Berlin",
        "PORTAL_PROXY_HOPS": "0",
        "HTTPS_PROXY": front.proxy,
        "PORTAL_FSM_CA_FILE": str(front.ca_file),
        "PORTAL_FSM_PROOF": "true",
        "PORTAL_TRUSTED_HOSTS": "127.0.0.1",
    }
    folder = tmp_path_factory.mktemp("framed portal")
    with serving(folder, port=portal_port, settings=chosen) as portal:
        yield portal


@pytest.fixture(scope="session")
def framed_store(framed_portal: Portal) -> Iterator[Store]:
    opened = open_store(Settings.from_environment(framed_portal.environ))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def firefox(front: HttpsFront, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    if FIREFOX is None:
        pytest.skip("no Firefox ESR found (Debian: apt-get install firefox-esr)")
    preferences = {
        "network.proxy.type": 1,
        "network.proxy.ssl": "127.0.0.1",
        "network.proxy.ssl_port": front.port,
        "intl.accept_languages": "en-GB",
    }
    with running(FIREFOX, tmp_path_factory.mktemp("firefox"), preferences) as firefox:
        firefox.trust(front.ca_file)
        yield firefox


@pytest.fixture(params=["chromium", "firefox"])
def framed(
    request: pytest.FixtureRequest, framed_portal: Portal, front: HttpsFront, watch: Watch
) -> Iterator[Callable[..., Framed]]:
    """Opens a window in each browser, one after the other: `framed(width=360)`."""
    if request.param == "chromium":
        browser: Browser = request.getfixturevalue("chromium")
        contexts = []

        def in_chromium(width: int = 1280) -> Framed:
            context = browser.new_context(
                viewport={"width": width, "height": 1450},
                locale="en-GB",
                ignore_https_errors=True,
                proxy={"server": front.proxy},
            )
            context.set_default_timeout(20_000)
            contexts.append(context)
            page = context.new_page()
            watch.follow(page)
            return ChromiumFrame(page)

        yield in_chromium
        for context in contexts:
            context.close()
        return
    firefox: Firefox = request.getfixturevalue("firefox")
    first = firefox.call("WebDriver:GetWindowHandle")

    def in_firefox(width: int = 1280) -> Framed:
        firefox.call("WebDriver:SetWindowRect", width=width, height=1550)
        return FirefoxFrame(firefox)

    yield in_firefox
    for handle in firefox.call("WebDriver:GetWindowHandles"):
        firefox.call("WebDriver:SwitchToWindow", handle=handle)
        if handle != first:
            firefox.call("WebDriver:CloseWindow")
    firefox.call("WebDriver:SwitchToWindow", handle=first)
    firefox.call("WebDriver:Navigate", url="about:blank")
    firefox.in_browser("Services.cookies.removeAll()")


@pytest.fixture
def complains(request: pytest.FixtureRequest, watch: Watch) -> Callable[[str], None]:
    """Chromium says so on its console: `complains("Blocked form submission")`."""
    is_chromium = "chromium" in request.node.name
    return watch.expect if is_chromium else lambda _part: None


@pytest.fixture
def pictures(request: pytest.FixtureRequest) -> Path:
    """Where pictures of these tests go, beside those of the others."""
    folder = Path(__file__).parent.parent / "screenshots"
    folder.mkdir(exist_ok=True)
    return folder
