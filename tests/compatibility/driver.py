"""A portal with the people who use it: browsers that fill in forms, and commands.

The code of 1.0 and the code of today are both driven by this, so it imports only what both have:
`create_app`, the settings, `open_store` and the two command lines.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any

import html5lib
from click.testing import CliRunner
from werkzeug.test import TestResponse

from migrations_tools.cli import main as tools_command
from portal import create_app
from portal.cli import main as portal_command
from portal.settings import Settings
from portal.stores import open_store

IMPORTS = "/staff/imports/"
#: When everything is written, and the tests begin to read.
END = datetime(2025, 6, 2, 10, 0, tzinfo=UTC)


class Browser:
    """One person's browser: it fills in forms as pages offer them."""

    def __init__(self, client: Any, language: str = "en") -> None:
        self.client = client
        self.speaks(language)

    def speaks(self, language: str) -> None:
        self._headers = {"Accept-Language": language}

    def get(self, url: str) -> TestResponse:
        return self.client.get(url, headers=self._headers)

    def post(self, url: str, fields: Mapping[str, str]) -> TestResponse:
        return self.client.post(url, data=dict(fields), headers=self._headers)

    def send(self, page: str, action: str, **typed: str) -> TestResponse:
        """Opens the page, fills in the form that is sent to `action`, and sends it."""
        return self.post(action, form_fields(self.get(page), action) | typed)

    def decide(self, tenant_id: str, verb: str, **typed: str) -> TestResponse:
        page = f"/staff/tenants/{tenant_id}"
        answer = self.send(page, f"{page}/{verb}", **typed)
        assert answer.status_code == 303, answer.status
        return answer

    def plans(self, text: str, **chosen: str) -> str:
        """Pastes the text of a file into the form of imports; answers the plan's address."""
        answer = self.send(IMPORTS, IMPORTS, text=text, **chosen)
        assert answer.status_code == 303, answer.status
        return str(answer.location)

    def presses(self, plan: str, verb: str) -> TestResponse:
        return self.send(plan, f"{plan}/{verb}")


def form_fields(answer: TestResponse, action: str) -> dict[str, str]:
    """What a browser would send of the first form that is sent to `action`."""
    tree = html5lib.parse(answer.text, namespaceHTMLElements=False)
    form = next((each for each in tree.iter("form") if each.get("action") == action), None)
    assert form is not None, f"{answer.request.path} has no form that is sent to {action}"
    fields: dict[str, str] = {}
    for control in form.iter():
        name, kind = control.get("name"), control.get("type")
        if not name or kind in ("file", "checkbox"):
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
    """Stands still until the scenario sets it, and may be told so."""

    def __init__(self, heard: Callable[[str], None] = lambda _text: None) -> None:
        self._now = END
        self._heard = heard

    def now(self) -> datetime:
        return self._now

    def set(self, text: str) -> None:
        """To `2025-03-03 09:00`, UTC."""
        self._now = datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
        self._heard(text)


class Portal:
    """One portal on one store: its pages in this process, and its commands.

    `environ` holds its settings. `one_step` limits how many rows of an import one press of a
    button writes, and `breaking_off` interrupts what is done inside; without them an import is
    written whole, and nothing is interrupted.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        clock: Clock,
        *,
        one_step: Callable[[int], AbstractContextManager[None]] = lambda _rows: nullcontext(),
        breaking_off: Callable[[], AbstractContextManager[None]] | None = None,
    ) -> None:
        self.environ = dict(environ)
        self.clock = clock
        self.one_step = one_step
        self.breaking_off = breaking_off
        self.settings = Settings.from_environment(self.environ)
        self.store = open_store(self.settings)
        self.app = create_app(self.settings, store=self.store, clock=clock.now)
        self.app.testing = True
        #: What people hold afterwards, by its name.
        self.texts: dict[str, str] = {}

    def browser(self, language: str = "en") -> Browser:
        return Browser(self.app.test_client(), language)

    def command(self, *arguments: str) -> str:
        return run_portal(self.environ, *arguments)

    def tool(self, *arguments: str, ends_with: int = 0) -> str:
        """What `python -m migrations_tools …` prints."""
        return _run(tools_command, self.environ, arguments, ends_with)

    def staff(self, name: str, role: str) -> Browser:
        """Somebody of the staff, signed in by a link of their own."""
        link = self.staff_link(name, role)
        browser = self.browser()
        answer = browser.send(link, link)
        assert answer.status_code == 303, answer.status
        return browser

    def staff_link(self, name: str, role: str) -> str:
        first_name = name.partition(" ")[0]
        address = f"{first_name.lower()}@staff.example.com"
        told = self.command("staff-link", address, "--role", role, "--name", name)
        return told.split()[-1].removeprefix(self.settings.base_url)

    def signs_up(self, *, query: str = "", language: str = "en", **typed: str) -> str:
        """A customer sends the form; answers the address of the status page."""
        customer = self.browser(language)
        page = customer.get(f"/sign-up{query}")
        answer = customer.post("/sign-up", form_fields(page, "/sign-up") | typed)
        assert answer.status_code == 303, answer.status
        return str(answer.location)

    def close(self) -> None:
        self.store.close()


def run_portal(environ: Mapping[str, str], *arguments: str, ends_with: int = 0) -> str:
    """What `portal …` prints."""
    return _run(portal_command, environ, arguments, ends_with)


def _run(
    command: Any, environ: Mapping[str, str], arguments: tuple[str, ...], ends_with: int
) -> str:
    done = CliRunner().invoke(command, list(arguments), env=environ)
    assert done.exit_code == ends_with, done.output
    return str(done.stdout)


def pending_id(status_url: str) -> str:
    """The id of a sign-up, which the link of its customer begins with."""
    return f"pending-{status_url.rpartition('/')[2][:26]}"


@contextmanager
def running(portal: Portal) -> Iterator[Portal]:
    try:
        yield portal
    finally:
        portal.close()
