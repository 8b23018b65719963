"""One page with a frame, in either browser: just what the tests here do with it.

Chromium is driven by Playwright, and Firefox as tests/browser/shell/firefox.py does it.
"""

import base64
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

from playwright.sync_api import Error, Page

from tests.browser.shell.firefox import Firefox, FirefoxError

SECONDS = 20.0
_AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class Framed(Protocol):
    """A window with the shell, and the extension in its frame. Scripts run in the frame, unless
    their name says otherwise."""

    def open(self, address: str) -> None: ...
    def run(self, expression: str) -> Any:
        """The value of an expression in the frame; `None` while it has no page of the portal."""

    def run_in_shell(self, expression: str) -> Any: ...
    def click(self, selector: str) -> None: ...
    def type(self, selector: str, text: str) -> None: ...
    def axe(self, source: str) -> Sequence[str]: ...
    def cookies(self) -> Sequence[str]:
        """The names of all cookies that the browser keeps."""

    def tabs(self) -> Sequence[str]:
        """The addresses of all tabs."""

    def picture(self, path: Path) -> None: ...


def until(found: Callable[[], Any], what: str) -> Any:
    """Waits until `found` returns something true, and returns that."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        value = found()
        if value:
            return value
        # Each look asks another process, which takes some milliseconds by itself.
    raise AssertionError(f"not seen within {SECONDS} seconds: {what}")


def see(page: Framed, selector: str, text: str) -> None:
    """Waits until what has this selector is shown with this text in it."""
    expression = (
        f"[...document.querySelectorAll({json.dumps(selector)})]"
        ".filter(each => each.checkVisibility()).map(each => each.innerText).join('\\n')"
    )
    until(lambda: text in (page.run(expression) or ""), f"{text!r} in {selector}")


def is_shown(page: Framed, selector: str) -> bool:
    query = f"document.querySelector({json.dumps(selector)})?.checkVisibility()"
    return bool(page.run(query))


class ChromiumFrame:
    def __init__(self, page: Page) -> None:
        self._page = page

    def open(self, address: str) -> None:
        self._page.goto(address)

    def run(self, expression: str) -> Any:
        frames = [each for each in self._page.frames if "portal.example" in each.url]
        try:
            return frames[0].evaluate(expression) if frames else None
        except Error:
            # It goes to another page at this moment.
            return None

    def run_in_shell(self, expression: str) -> Any:
        return self._page.evaluate(expression)

    def click(self, selector: str) -> None:
        self._page.frame_locator("#extension").locator(selector).click()

    def type(self, selector: str, text: str) -> None:
        self._page.frame_locator("#extension").locator(selector).fill(text)

    def axe(self, source: str) -> Sequence[str]:
        # The policy of the page forbids scripts in a page, and not those of the debugger.
        frame = next(each for each in self._page.frames if "portal.example" in each.url)
        frame.evaluate(source + "\n;0")
        return _lines(frame.evaluate(_AXE))

    def cookies(self) -> Sequence[str]:
        return [cookie["name"] for cookie in self._page.context.cookies()]

    def tabs(self) -> Sequence[str]:
        # Playwright hears of a new one while it waits for something.
        self._page.evaluate("0")
        return [page.url for page in self._page.context.pages]

    def picture(self, path: Path) -> None:
        self._page.screenshot(path=path)


class FirefoxFrame:
    def __init__(self, firefox: Firefox) -> None:
        self._firefox = firefox
        self._shell = firefox.call("WebDriver:GetWindowHandle")

    def open(self, address: str) -> None:
        self._in_shell()
        self._firefox.call("WebDriver:Navigate", url=address)

    def run(self, expression: str) -> Any:
        self._in_frame()
        try:
            on_portal = self._firefox.script("location.host") == "portal.example"
            return self._firefox.script(expression) if on_portal else None
        except FirefoxError:
            # It goes to another page at this moment.
            return None

    def run_in_shell(self, expression: str) -> Any:
        self._in_shell()
        return self._firefox.script(expression, sandbox=None)

    def click(self, selector: str) -> None:
        self._in_frame()
        self._firefox.call("WebDriver:ElementClick", id=self._firefox.element(selector))

    def type(self, selector: str, text: str) -> None:
        self._in_frame()
        field = self._firefox.element(selector)
        self._firefox.call("WebDriver:ElementClear", id=field)
        self._firefox.call("WebDriver:ElementSendKeys", id=field, text=text)

    def axe(self, source: str) -> Sequence[str]:
        self._in_frame()
        script = f"const done = arguments[0];\n{source}\n;{_AXE}.then(done);"
        return _lines(self._firefox.script_with_callback(script, sandbox="axe"))

    def cookies(self) -> Sequence[str]:
        names = self._firefox.in_browser("Services.cookies.cookies.map(each => each.name)")
        return cast(Sequence[str], names)

    def tabs(self) -> Sequence[str]:
        addresses = []
        for handle in self._firefox.call("WebDriver:GetWindowHandles"):
            self._firefox.call("WebDriver:SwitchToWindow", handle=handle)
            addresses.append(self._firefox.call("WebDriver:GetCurrentURL"))
        return addresses

    def picture(self, path: Path) -> None:
        self._in_shell()
        path.write_bytes(base64.b64decode(self._firefox.call("WebDriver:TakeScreenshot")))

    def _in_shell(self) -> None:
        self._firefox.call("WebDriver:SwitchToWindow", handle=self._shell)
        self._firefox.call("WebDriver:SwitchToFrame", id=None)

    def _in_frame(self) -> None:
        self._in_shell()
        self._firefox.go_to_frame("#extension")


_AXE = (
    f"axe.run(document, {{runOnly: {{type: 'tag', values: {json.dumps(_AXE_TAGS)}}},"
    " resultTypes: ['violations']}).then(result => result.violations)"
)


def _lines(violations: Any) -> Sequence[str]:
    return [
        f"{violation['id']}: {violation['help']}: {node['html'][:200]}"
        for violation in violations
        for node in violation["nodes"]
    ]
