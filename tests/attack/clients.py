"""Clients that behave, each of which checks that an answer is true and its own."""

import base64
import json
import re
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from html import escape, unescape
from typing import Any
from urllib.parse import urlsplit

import html5lib

from tests.attack.http_client import Answer, Browser, ask
from tests.attack.tally import LATER, Tally
from tests.web.pages import fields

#: Tenants that are active from the start: their account and company have this number.
ACTIVE = range(7000, 7020)
_WIDGET = "<altcha-widget"
_COMPANY = re.compile(r"Good Lifts \d+ Ltd")
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
_CSRF_TOKEN = re.compile(r"X-CSRFToken&#34;: &#34;([\w.-]+)|X-CSRFToken\": \"([\w.-]+)")


def signed_text(text: str) -> Any:
    """What a cookie or token of the portal says, without a look at its signature."""
    compressed = text.startswith(".")
    part = text.lstrip(".").partition(".")[0]
    try:
        data = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        return json.loads(zlib.decompress(data) if compressed else data)
    except (ValueError, zlib.error):
        return None


class Program:
    """Asks `validate` for active tenants, and for one that nobody knows."""

    def __init__(
        self, port: int, tally: Tally, number: int, headers: Mapping[str, str] | None = None
    ) -> None:
        self.port, self.tally = port, tally
        self.turn = number
        self.headers = headers

    def step(self) -> None:
        self.turn += 1
        if self.turn % 10 == 0:
            self.ask("8000_8000", active=False)
        elif self.turn % 3 == 0 and self.tally.activations:
            known = list(self.tally.activations)
            self.ask(known[self.turn % len(known)])
        else:
            number = ACTIVE[self.turn % len(ACTIVE)]
            self.ask(f"{number}_{number}")
        if self.turn % 5 == 0:
            self.health()

    def ask(self, tenant_id: str, *, active: bool = True) -> None:
        account, _, company = tenant_id.partition("_")
        path = f"/api/validate?accountId={account}&companyId={company}"
        answer = ask(self.port, "GET", path, headers=self.headers, timeout=self.tally.timeout)
        problem = _problem_of_validate(answer, tenant_id if active else "")
        self.tally.saw(answer, f"validate {tenant_id}", false=problem)
        self.tally.timed(self.tally.validate_seconds, answer)

    def health(self) -> None:
        answer = ask(self.port, "GET", "/health", headers=self.headers, timeout=self.tally.timeout)
        right = answer.status == 200 and '"ok"' in answer.text
        problem = "" if right or answer.status in {0, *LATER} else _short(answer)
        self.tally.saw(answer, "/health", false=problem)
        self.tally.timed(self.tally.health_seconds, answer)


def _problem_of_validate(answer: Answer, tenant_id: str) -> str:
    """Why it is false; empty if it is right or honestly none. Without an id: nobody knows it."""
    if answer.status == 0 or answer.status in LATER:
        return ""
    try:
        body = json.loads(answer.text)
        if tenant_id:
            right = body["isValid"] is True and body["tenant"]["tenantId"] == tenant_id
        else:
            right = body["isValid"] is False and body["error"] == "NOT_FOUND"
    except (ValueError, TypeError, KeyError):
        right = False
    return "" if right and answer.status == 200 else _short(answer)


def _short(answer: Answer) -> str:
    return f"{answer.status} {' '.join(answer.text.split())[:90]}"


class Customer:
    """Signs up, and reads the status page. Every sign-up is one of another person.

    `proof`: makes a proof of work, for a portal that asks for one.
    """

    def __init__(
        self,
        port: int,
        tally: Tally,
        *,
        domain: str = "",
        headers: Mapping[str, str] | None = None,
        think_seconds: float = 0,
        proof: Callable[[], str] | None = None,
    ) -> None:
        self.tally = tally
        self.number = tally.new_number()
        self.company = f"Good Lifts {self.number} Ltd"
        self.domain = domain or f"good-lifts-{self.number}.com"
        self.think_seconds = think_seconds
        self.browser = Browser(port, tally.timeout, headers or {})
        self.proof = proof

    def sign_up(self) -> str:
        """The path of the status page; empty if nothing was acknowledged."""
        page = self.browser.get("/sign-up")
        problem = self._problem_of_form(page)
        self.tally.saw(page, "the form of a sign-up", false=problem)
        if problem or page.status != 200:
            return ""
        time.sleep(self.think_seconds)
        form = {name: unescape(value) for name, value in _HIDDEN.findall(page.text)}
        reference, status_secret, _ = signed_text(form["form_token"])
        typed = {
            "company": self.company,
            "name": f"Kim Good {self.number}",
            "email": f"kim.{self.number}@{self.domain}",
            "phone": "",
            "website": "",
        }
        if _WIDGET in page.text:
            form = self._proved(form)
        answer = self.browser.post("/sign-up", form | typed)
        if self.proof and answer.status == 422 and _WIDGET in answer.text:
            # The limit was reached while the form was filled in. The widget sends it again.
            self.tally.saw(answer, "the form of a sign-up")
            answer = self.browser.post("/sign-up", self._proved(form) | typed)
        own = f"/status/{reference}{status_secret}"
        acknowledged = answer.status == 303 and urlsplit(answer.location).path == own
        problem = "" if acknowledged or answer.status in {0, *LATER} else _short(answer)
        if not problem and answer.cookie and not self._is_own(answer.cookie):
            problem = "the cookie of another client"
        self.tally.saw(answer, "a sign-up", false=problem)
        if not acknowledged:
            return ""
        self.tally.signed_up(reference, self.company)
        return own

    def _proved(self, form: Mapping[str, str]) -> dict[str, str]:
        """The form as the widget sends it."""
        if self.proof is None:
            return dict(form)
        # Browsers that run scripts do not send what stands in <noscript>.
        sent = {name: value for name, value in form.items() if name != "unproved"}
        return {**sent, "altcha": self.proof()}

    def read_status(self, path: str) -> None:
        answer = self.browser.get(path)
        reference = path.removeprefix("/status/")[:26]
        # Once it is active, the page names the company no more.
        named = set(_COMPANY.findall(answer.text))
        right = answer.status == 200 and reference in answer.text and named <= {self.company}
        problem = "" if right or answer.status in {0, *LATER} else _short(answer)
        if right and not self._is_own(self.browser.cookie, answer.text):
            problem = "a page for the cookie of another client"
        self.tally.saw(answer, "a status page", false=problem)

    def _problem_of_form(self, page: Answer) -> str:
        if page.status == 0 or page.status in LATER:
            return ""
        hidden = dict(_HIDDEN.findall(page.text))
        if page.status != 200 or not {"csrf_token", "form_token"} <= hidden.keys():
            return _short(page)
        if not page.cookie:
            return "a form without a cookie"
        if not self._is_own(page.cookie, page.text):
            return "the cookie of another client"
        if not self.tally.is_owner(hidden["form_token"], self.number):
            return "the form of another client"
        return ""

    def _is_own(self, cookie: str, page: str = "") -> bool:
        """Whether nobody else has this cookie, and the page was made for it."""
        session = signed_text(cookie)
        if not isinstance(session, dict) or "csrf_token" not in session:
            return False
        if not self.tally.is_owner(session["csrf_token"], self.number):
            return False
        found = _CSRF_TOKEN.search(page)
        return found is None or signed_text(found[1] or found[2]) == session["csrf_token"]


class StaffMember:
    """Activates sign-ups, the oldest first, with ids that nobody else has."""

    def __init__(self, port: int, tally: Tally, link: str) -> None:
        self.tally = tally
        self.browser = Browser(port, tally.timeout)
        path = urlsplit(link).path
        form = dict(_HIDDEN.findall(self.browser.get(path).text))
        answer = self.browser.post(path, form)
        if answer.status != 303:
            raise RuntimeError(f"Staff cannot sign in: {_short(answer)}")

    def step(self) -> None:
        if not self.tally.undecided:
            return
        reference = self.tally.undecided.popleft()
        company = self.tally.sign_ups[reference]
        page_path = f"/staff/tenants/pending-{reference}"
        page = self.browser.get(page_path)
        form = form_of(page.text, f"{page_path}/activate")
        own = page.status == 200 and form and escape(company) in page.text
        problem = "" if own or page.status in {0, *LATER} else _short(page)
        self.tally.saw(page, "the page of a tenant", false=problem)
        if not own:
            return
        number = 500_000 + self.tally.new_number()
        ids = {"account_id": f"{number}", "company_id": f"{number}", "cluster": "eu"}
        answer = self.browser.post(f"{page_path}/activate", form | ids)
        final = f"{number}_{number}"
        done = answer.status == 303 and urlsplit(answer.location).path.endswith(f"/{final}")
        problem = "" if done or answer.status in {0, *LATER} else _short(answer)
        self.tally.saw(answer, "an activation", false=problem)
        if done:
            self.tally.activated(final, company)


def form_of(page: str, action: str) -> dict[str, str]:
    """The fields of the form that is sent to `action`; empty without that form."""
    found = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', page, re.DOTALL)
    if not found:
        return {}
    return fields(html5lib.parseFragment(found[0], namespaceHTMLElements=False))


@contextmanager
def working(*steps: Callable[[], object], pause: float = 0.02) -> Iterator[None]:
    """Repeats each step in a thread of its own. An error of a step is raised at the end."""
    stop = threading.Event()
    errors: list[BaseException] = []

    def repeat(step: Callable[[], object]) -> None:
        try:
            while not stop.is_set():
                step()
                stop.wait(pause)
        except BaseException as error:  # noqa: BLE001 - raised in the thread of the scenario
            errors.append(error)

    threads = [threading.Thread(target=repeat, args=(step,), daemon=True) for step in steps]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
    if errors:
        raise errors[0]


def customers(port: int, tally: Tally, count: int) -> list[Callable[[], None]]:
    """Steps of customers who sign up and look at their status page."""

    def step() -> None:
        customer = Customer(port, tally)
        if path := customer.sign_up():
            customer.read_status(path)

    return [step] * count


def programs(
    port: int, tally: Tally, count: int, headers: Mapping[str, str] | None = None
) -> list[Callable[[], None]]:
    return [Program(port, tally, 7 * number, headers).step for number in range(count)]
