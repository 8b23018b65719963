"""Fixtures: a real portal and a real Chromium.

Every page is watched. A test fails at its end after an error on the console, an uncaught
exception, a violation of the Content-Security-Policy, a failed request or an unexpected status.
A test that expects one says so: `watch.expect("status of 503")`.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Dialog,
    Error,
    Page,
    Request,
    Response,
    expect,
    sync_playwright,
)

from portal.auth import make_sign_in_link
from portal.sealing import KeyFileSealer
from portal.settings import Settings
from portal.stores.contract import Store
from portal.stores.factory import open_store
from portal.timestamps import utc_now
from tests.browser.demo_data import DemoData
from tests.browser.mails import MailTo, find_mail
from tests.browser.steps import Fits
from tests.serving import ROOT, Portal, serving

AXE = ROOT / "tests" / "vendor" / "axe-core-4.14.1.min.js"
SCREENSHOTS = Path(__file__).parent / "screenshots"

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
#: The same without its own interface, which takes a second of CPU for each window.
HEADLESS_CHROMIUM = shutil.which("chromium-headless-shell") or CHROMIUM
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

#: Answers after a mistake or a conflict: people see these pages, so they are no fault.
_ORDINARY_REFUSALS = {400, 401, 403, 404, 409, 422, 429}

_AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """`portal serve` on a free port, with an empty folder of its own."""
    chosen = {
        "PORTAL_TIME_ZONE": "Europe/Berlin",
        "PORTAL_CONTACT_EMAIL": "help@example.com",
        "PORTAL_CONTACT_PHONE": "+49 30 901820",
        "PORTAL_VALIDATE_LINKS": "true",
    }
    with serving(tmp_path_factory.mktemp("portal"), settings=chosen) as portal:
        yield portal


@pytest.fixture(scope="session")
def settings(portal: Portal) -> Settings:
    """The settings of the portal under test."""
    return Settings.from_environment(portal.environ)


@pytest.fixture(scope="session")
def store(settings: Settings) -> Iterator[Store]:
    """The store of the portal, opened by a second process."""
    opened = open_store(settings)
    yield opened
    opened.close()


@pytest.fixture
def mail_to(portal: Portal, settings: Settings) -> MailTo:
    """The mail to an address with these words in its body."""
    return partial(find_mail, portal, settings.data_dir)


@pytest.fixture(scope="session")
def demo_data(store: Store, settings: Settings) -> DemoData:
    """Makes customers in the store, without a form for each."""
    sealer = KeyFileSealer(settings.data_dir / "sealing-keys.json")
    return DemoData(store, sealer, utc_now(), settings.time_zone)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if HEADLESS_CHROMIUM is None:
        pytest.skip("no Chromium found (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=HEADLESS_CHROMIUM, args=CHROMIUM_ARGUMENTS
        )
        yield browser
        browser.close()


@pytest.fixture
def whole_chromium(chromium: Browser) -> Iterator[Browser]:
    """With its own interface: the page that it shows where nobody answers, say. Name it before
    `new_page`, which closes what it has opened in it."""
    if CHROMIUM is None:
        pytest.skip("no Chromium found (Debian: apt-get install chromium)")
    browser = chromium.browser_type.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
    yield browser
    browser.close()


@dataclass
class Watch:
    """The problems on the pages of one test, and those that the test expects."""

    seen: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def expect(self, part: str) -> None:
        """Accepts problems that contain `part`. There must be at least one."""
        self.expected.append(part)

    def problems(self) -> list[str]:
        unexpected = [one for one in self.seen if not any(part in one for part in self.expected)]
        missing = [part for part in self.expected if not any(part in one for one in self.seen)]
        return unexpected + [f"expected, but did not happen: {part}" for part in missing]

    def follow(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("dialog", self._dialog)
        page.on("pageerror", lambda error: self.seen.append(f"uncaught: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)

    def _console(self, message: ConsoleMessage) -> None:
        # _answered() below reports it with the method and the address.
        if message.text.startswith("Failed to load resource: the server responded"):
            return
        if message.type in ("error", "warning"):
            self.seen.append(f"console: {message.text}")

    def _dialog(self, dialog: Dialog) -> None:
        self.seen.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _failed(self, request: Request) -> None:
        # A page that is left aborts its requests.
        if request.failure != "net::ERR_ABORTED":
            self.seen.append(f"failed: {request.method} {request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        for_people = response.request.resource_type in ("document", "xhr", "fetch")
        if response.status < 400 or (for_people and response.status in _ORDINARY_REFUSALS):
            return
        self.seen.append(f"{response.request.method} {response.url}: status of {response.status}")


@pytest.fixture
def watch() -> Iterator[Watch]:
    watch = Watch()
    yield watch
    problems = watch.problems()
    assert not problems, "\n".join(problems)


@pytest.fixture
def new_page(chromium: Browser, portal: Portal, watch: Watch) -> Iterator[Callable[..., Page]]:
    """Opens a page in a browser context of its own: `new_page(javascript=False, width=360)`.

    `page.goto` takes a path: `page.goto("/sign-up")`. Other keywords go to `new_context` of
    Playwright, such as `color_scheme="dark"` or `locale="de-DE"`. `browser`: another one.
    """
    contexts = []

    def make(
        *,
        javascript: bool = True,
        width: int = 1280,
        browser: Browser = chromium,
        **options: Any,
    ) -> Page:
        context = browser.new_context(
            java_script_enabled=javascript,
            viewport={"width": width, "height": 900},
            **{"base_url": portal.url, "locale": "en-GB", "timezone_id": "UTC", **options},
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        context.add_init_script(
            # Chromium reports most violations on the console, but not those in a worker, nor
            # those of a policy that only reports.
            "addEventListener('securitypolicyviolation', event => console.error("
            "`stopped by the policy: ${event.violatedDirective} ${event.blockedURI}`))"
        )
        page = context.new_page()
        watch.follow(page)
        return page

    yield make
    for context in contexts:
        context.close()


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def javascript(request: pytest.FixtureRequest) -> bool:
    """Both ways: `new_page(javascript=javascript)`."""
    return bool(request.param)


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    return new_page()


@pytest.fixture
def page_without_javascript(new_page: Callable[..., Page]) -> Page:
    return new_page(javascript=False)


@pytest.fixture
def signed_in(store: Store, new_page: Callable[..., Page]) -> Callable[..., Page]:
    """Opens a page of a member of staff: `signed_in("admin", name="Anna", width=360)`."""

    def make(role: str = "approver", *, name: str = "Anna Approver", **options: Any) -> Page:
        page = new_page(**options)
        email = f"{name.partition(' ')[0].lower()}.{role}@example.com"
        token = make_sign_in_link(store, email=email, name=name, role=role, now=utc_now())
        page.goto(f"/staff/sign-in/{token}")
        # Opening a link only shows a button: programs that check links must not use it up.
        page.locator("main button").click()
        page.wait_for_url("**/staff/")
        return page

    return make


Axe = Callable[[Page], list[str]]


@pytest.fixture(scope="session")
def axe() -> Axe:
    """Checks accessibility with axe-core: `assert axe(page) == []`. One line for each violation.

    It runs in an isolated world, like a browser extension: the page's Content-Security-Policy
    stays in force, and the page's scripts do not see it.
    """
    source = AXE.read_text(encoding="utf-8")

    def run(page: Page) -> list[str]:
        # What is being sent is paler until the answer stands.
        expect(page.locator(".htmx-request, .sending")).to_have_count(0)
        session = page.context.new_cdp_session(page)
        frame = session.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
        world = session.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": "axe"})

        def evaluate(expression: str) -> Any:
            answer = session.send(
                "Runtime.evaluate",
                {
                    "expression": expression,
                    "contextId": world["executionContextId"],
                    "awaitPromise": True,
                    "returnByValue": True,
                },
            )
            if "exceptionDetails" in answer:
                raise Error(str(answer["exceptionDetails"]))
            return answer["result"].get("value")

        # A page that is looked at once more has it still.
        if evaluate("typeof axe") == "undefined":
            evaluate(source + "\n;0")
        options = {"runOnly": {"type": "tag", "values": _AXE_TAGS}, "resultTypes": ["violations"]}
        violations = evaluate(f"axe.run(document, {options}).then(result => result.violations)")
        session.detach()
        return [
            f"{violation['id']}: {violation['help']}: {node['html'][:200]}"
            for violation in violations
            for node in violation["nodes"]
        ]

    return run


@pytest.fixture
def fits(axe: Callable[[Page], list[str]], javascript: bool) -> Fits:
    """No barrier, and nothing that scrolls sideways. Only a browser that runs scripts can be asked:
    the page is the same."""

    def check(page: Page) -> None:
        if javascript:
            assert axe(page) == []
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0

    return check


@pytest.fixture(scope="session")
def screenshot() -> Callable[[Page, str], Path]:
    """Saves a screenshot of the whole page: `screenshot(page, "queue")`."""

    def take(page: Page, name: str) -> Path:
        path = SCREENSHOTS / f"{name}.png"
        page.screenshot(path=path, full_page=True)
        return path

    return take
