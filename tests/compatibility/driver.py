"""Drives a portal as people do: browsers that fill in forms, and commands.

It drives both the code of 1.0 and the current code. So it imports only what both have:
`create_app`, the settings, `open_store` and the two command lines.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any, TypeVar

import html5lib
from click.testing import CliRunner
from werkzeug.test import TestResponse

from migrations_tools.cli import main as tools_command
from portal import create_app
from portal.cli import main as portal_command
from portal.settings import Settings
from portal.stores import open_store

IMPORTS = "/staff/imports/"
#: The time at which 1.0 had written everything. The tests start at this time.
END = datetime(2025, 6, 2, 10, 0, tzinfo=UTC)


class Browser:
    """The browser of one person. It fills in the forms that the pages show."""

    def __init__(self, client: Any, language: str = "en") -> None:
        self.client = client
        self.set_language(language)

    def set_language(self, language: str) -> None:
        self._headers = {"Accept-Language": language}

    def get(self, url: str) -> TestResponse:
        answer: TestResponse = self.client.get(url, headers=self._headers)
        return answer

    def post(self, url: str, fields: Mapping[str, str]) -> TestResponse:
        answer: TestResponse = self.client.post(url, data=dict(fields), headers=self._headers)
        return answer

    def send(self, page: str, action: str, **typed: str) -> TestResponse:
        """Open the page, fill in its form with this `action`, and send it."""
        return self.post(action, form_fields(self.get(page), action) | typed)

    def decide(self, tenant_id: str, verb: str, **typed: str) -> TestResponse:
        page = f"/staff/tenants/{tenant_id}"
        answer = self.send(page, f"{page}/{verb}", **typed)
        assert answer.status_code == 303, answer.status
        return answer

    def plan_import(self, text: str, **chosen: str) -> str:
        """Paste the text of a file into the import form. Returns the URL of the plan."""
        answer = self.send(IMPORTS, IMPORTS, text=text, **chosen)
        assert answer.status_code == 303, answer.status
        return str(answer.location)

    def press(self, plan: str, verb: str, **ticked: str) -> TestResponse:
        """`ticked`: boxes, with their values."""
        return self.send(plan, f"{plan}/{verb}", **ticked)


def form_fields(answer: TestResponse, action: str) -> dict[str, str]:
    """The fields of the first form with this `action`, or of the form with a button for it, as a
    browser would send them."""
    tree = html5lib.parse(answer.text, namespaceHTMLElements=False)
    buttons = [each for each in tree.iter("button") if each.get("formaction") == action]
    ids = [each.get("form") for each in buttons]
    forms = [
        each for each in tree.iter("form") if each.get("action") == action or each.get("id") in ids
    ]
    assert forms, f"{answer.request.path} has no form with the action {action}"
    form = forms[0]
    controls = [each for each in tree.iter() if each.tag in ("input", "select", "textarea")]
    elsewhere = [each for each in controls if each.get("form") == form.get("id", "-")]
    fields: dict[str, str] = {}
    for control in [*form.iter(), *elsewhere]:
        name, kind = control.get("name"), control.get("type")
        if (
            not name
            or kind in ("file", "checkbox")
            or (kind == "radio" and control.get("checked") is None)
        ):
            continue
        if control.tag == "select":
            options = control.findall("option")
            chosen = [each for each in options if each.get("selected") is not None]
            fields[name] = (chosen or options)[0].get("value", "")
        elif control.tag == "textarea":
            fields[name] = "".join(control.itertext())
        else:
            fields[name] = control.get("value", "")
    return fields


class Clock:
    """A clock that the scenario sets. `on_change` is called with each new time."""

    def __init__(self, on_change: Callable[[str], None] = lambda _text: None) -> None:
        self._now = END
        self._on_change = on_change

    def now(self) -> datetime:
        return self._now

    def set(self, text: str) -> None:
        """`text` is like `2025-03-03 09:00`, in UTC."""
        self._now = datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
        self._on_change(text)


class Portal:
    """A portal on one store: its pages, served in this process, and its commands.

    Args:
        environ: The settings.
        clock: The clock of the pages. Commands use the clock of the machine.
        limited_step: Within this context, one request applies only so many rows of an import.
            Default: no limit.
        interrupted: Within this context, the process dies while it saves an import plan.
            Default: nothing is interrupted.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        clock: Clock,
        *,
        limited_step: Callable[[int], AbstractContextManager[None]] = lambda _rows: nullcontext(),
        interrupted: Callable[[], AbstractContextManager[None]] | None = None,
    ) -> None:
        self.environ = dict(environ)
        self.clock = clock
        self.limited_step = limited_step
        self.interrupted = interrupted
        self.settings = Settings.from_environment(self.environ)
        self.store = open_store(self.settings)
        self.app = create_app(self.settings, store=self.store, clock=clock.now)
        self.app.testing = True
        #: Texts that people keep: links, tokens, a session. The scenario names them.
        self.texts: dict[str, str] = {}

    def browser(self, language: str = "en") -> Browser:
        return Browser(self.app.test_client(), language)

    def command(self, *arguments: str) -> str:
        return run_portal(self.environ, *arguments)

    def tool(self, *arguments: str, ends_with: int = 0) -> str:
        """The output of `python -m migrations_tools …`."""
        return _run(tools_command, self.environ, arguments, ends_with)

    def staff(self, name: str, role: str) -> Browser:
        """The browser of a member of staff who has just signed in."""
        link = self.staff_link(name, role)
        browser = self.browser()
        answer = browser.send(link, link)
        assert answer.status_code == 303, answer.status
        return browser

    def staff_link(self, name: str, role: str) -> str:
        first_name = name.partition(" ")[0]
        address = f"{first_name.lower()}@staff.example.com"
        output = self.command("staff-link", address, "--role", role, "--name", name)
        return output.split()[-1].removeprefix(self.settings.base_url)

    def sign_up(self, *, query: str = "", language: str = "en", **typed: str) -> str:
        """Send the sign-up form. Returns the URL of the status page."""
        customer = self.browser(language)
        page = customer.get(f"/sign-up{query}")
        answer = customer.post("/sign-up", form_fields(page, "/sign-up") | typed)
        assert answer.status_code == 303, answer.status
        return str(answer.location)

    def close(self) -> None:
        self.store.close()


def run_portal(environ: Mapping[str, str], *arguments: str, ends_with: int = 0) -> str:
    """The output of `portal …`."""
    return _run(portal_command, environ, arguments, ends_with)


def _run(
    command: Any, environ: Mapping[str, str], arguments: tuple[str, ...], ends_with: int
) -> str:
    done = CliRunner().invoke(command, list(arguments), env=environ)
    assert done.exit_code == ends_with, done.output
    return str(done.stdout)


def pending_id(status_url: str) -> str:
    """The id of the sign-up behind this status link."""
    return f"pending-{status_url.rpartition('/')[2][:26]}"


AnyPortal = TypeVar("AnyPortal", bound=Portal)


@contextmanager
def closing_portal(portal: AnyPortal) -> Iterator[AnyPortal]:
    """Close the store of `portal` on exit."""
    try:
        yield portal
    finally:
        portal.close()
