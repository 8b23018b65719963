"""A real portal and a real Chromium.

Every page is watched: an error on the console, an uncaught exception, something that the
Content-Security-Policy stopped, a request that failed or an answer that a reader would
not expect fails the test at its end. A test that expects one names it:
`watch.expect("status of 503")`.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
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
    sync_playwright,
)

from portal.auth import make_sign_in_link
from portal.sealing import KeyFileSealer
from portal.settings import Settings
from portal.stores.contract import Store
from portal.stores.factory import open_store
from portal.timestamps import utc_now
from tests.browser.demo_data import Town
from tests.serving import ROOT, Portal, serving

AXE = ROOT / "tests" / "vendor" / "axe-core-4.14.1.min.js"
SCREENSHOTS = Path(__file__).parent / "screenshots"

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

#: What the portal answers to people who made a mistake or came second.
_ORDINARY_REFUSALS = {400, 401, 403, 404, 409, 422, 429}

_AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """`portal serve` on a free port, with an empty folder of its own."""
    zone = {"PORTAL_TIME_ZONE": "Europe/Berlin"}
    with serving(tmp_path_factory.mktemp("portal"), settings=zone) as portal:
        yield portal


@pytest.fixture(scope="session")
def settings(portal: Portal) -> Settings:
    """Those of the portal that answers."""
    return Settings.from_environment(portal.environ)


@pytest.fixture(scope="session")
def store(settings: Settings) -> Iterator[Store]:
    """The portal's own, as another process beside it has it."""
    opened = open_store(settings)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def town(store: Store, settings: Settings) -> Town:
    """Makes customers without a form each, for tests of what comes after one."""
    sealer = KeyFileSealer(settings.data_dir / "sealing-keys.json")
    return Town(store, sealer, utc_now(), settings.time_zone)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium found (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Watch:
    """What went wrong on the pages of one test, and what that test expects to."""

    seen: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def expect(self, part: str) -> None:
        """Let problems pass that contain these words; there must be at least one."""
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
        # The answers themselves say this better: _answered() below.
        if message.text.startswith("Failed to load resource: the server responded"):
            return
        if message.type in ("error", "warning"):
            self.seen.append(f"console: {message.text}")

    def _dialog(self, dialog: Dialog) -> None:
        self.seen.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _failed(self, request: Request) -> None:
        # A page that is left gives up what it was still asking for.
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
    """Makes pages of browsers that share nothing: `new_page(javascript=False, width=360)`.

    Paths are enough: `page.goto("/sign-up")`. Any other keyword goes to Playwright's
    `new_context`, like `color_scheme="dark"` or `locale="de-DE"`.
    """
    contexts = []

    def make(*, javascript: bool = True, width: int = 1280, **options: Any) -> Page:
        context = chromium.new_context(
            java_script_enabled=javascript,
            viewport={"width": width, "height": 900},
            **{"base_url": portal.url, "locale": "en-GB", "timezone_id": "UTC", **options},
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        context.add_init_script(
            # Chromium reports most violations on the console, but not those of a worker or
            # of a policy that only reports.
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
    """Makes pages of people who work here: `signed_in("admin", name="Anna", width=360)`."""

    def make(role: str = "approver", *, name: str = "Anna Approver", **options: Any) -> Page:
        page = new_page(**options)
        email = f"{name.partition(' ')[0].lower()}.{role}@example.com"
        token = make_sign_in_link(store, email=email, name=name, role=role, now=utc_now())
        page.goto(f"/staff/sign-in/{token}")
        # A link only shows a button: programs that look into mail would use it up else.
        page.locator("main button").click()
        page.wait_for_url("**/staff/")
        return page

    return make


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], list[str]]:
    """Looks for barriers with axe-core: `assert axe(page) == []`. A line for each finding.

    It runs in a world of its own beside the page's, as a browser extension does: the page's
    Content-Security-Policy stays as it is, and the page's scripts see nothing of it.
    """
    source = AXE.read_text(encoding="utf-8")

    def run(page: Page) -> list[str]:
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


@pytest.fixture(scope="session")
def screenshot() -> Callable[[Page, str], Path]:
    """Keeps a picture of the whole page: `screenshot(page, "queue")`."""

    def take(page: Page, name: str) -> Path:
        path = SCREENSHOTS / f"{name}.png"
        page.screenshot(path=path, full_page=True)
        return path

    return take
