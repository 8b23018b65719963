"""The portal below a path of a host that it shares: every address on every page stays below it."""

import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from portal import create_app
from portal.address_proofs import proof_token
from portal.auth import make_sign_in_link
from portal.refusal_links import RefusalLinks
from portal.reminder_links import reminder_token
from portal.settings import Settings
from portal.stores.contract import Store
from portal.tenants import Ids
from tests.conftest import SECRET_KEY, Clock
from tests.strict_client import StrictClient
from tests.web.factories import active_tenant, add_tenants, pending_tenant
from tests.web.pages import HTMX, IDS, TYPED, everything, fields, form_of, forms, heading, tree
from tests.webhooks.receivers import subscribe

ORIGIN = "https://www.example.com"
PREFIX = "/onboarding"
BASE_URL = f"{ORIGIN}{PREFIX}"

#: Attributes that a browser or htmx follows, and those that our scripts read an address from.
_ADDRESSES = (
    "href", "src", "action", "formaction", "challenge", "hx-get", "hx-post", "hx-push-url",
    "hx-replace-url", "data-url", "data-state", "data-document", "data-worker",
)  # fmt: skip
_HEADERS = ("Location", "HX-Redirect", "HX-Location", "HX-Push-Url", "HX-Replace-Url")


def astray(answer: TestResponse) -> Iterator[str]:
    """Each address in an answer that leads out of the prefix."""
    for name in _HEADERS:
        value = answer.headers.get(name)
        if value is not None and value not in ("true", "false") and not is_below(value):
            yield f"{name}: {value}"
    for cookie in answer.headers.getlist("Set-Cookie"):
        if f"Path={PREFIX}" not in cookie.split("; "):
            yield f"Set-Cookie: {cookie.partition('=')[0]} without the path"
    if answer.mimetype != "text/html":
        return
    for element in tree(answer).iter():
        for name in _ADDRESSES:
            value = element.get(name)
            if value is not None and value not in ("true", "false") and not is_below(value):
                yield f"<{element.tag} {name}={value!r}>"


def is_below(address: str) -> bool:
    split = urlsplit(address)
    if split.scheme == "mailto" or address.startswith("#"):
        return True
    if split.scheme or split.netloc:
        # Ours, or another site altogether: a link to help.
        return not address.startswith(ORIGIN) or is_below(address.removeprefix(ORIGIN))
    # Relative to the page, which is below it.
    if address.startswith("?") or not address.startswith("/"):
        return True
    return split.path == PREFIX or split.path.startswith(f"{PREFIX}/")


class BelowClient(StrictClient):
    """A browser behind a proxy that passes paths unchanged. It fails a test on any address that
    leads out of the prefix."""

    prefix = PREFIX

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        path, *rest = args
        if not str(path).startswith(PREFIX):
            path = f"{PREFIX}{path}"
        answer = super().open(path, *rest, base_url=f"{ORIGIN}/", **kwargs)
        found = list(astray(answer))
        assert not found, f"{answer.request.method} {path}: {found}"
        return answer


@pytest.fixture
def below(settings: Settings) -> Settings:
    return replace(settings, base_url=BASE_URL)


@pytest.fixture
def app(below: Settings, store: Store, clock: Clock) -> Flask:
    app = create_app(below, store=store, clock=clock.now)
    app.testing = True
    app.test_client_class = BelowClient
    return app


@pytest.fixture
def ada(app: Flask, store: Store, clock: Clock) -> FlaskClient:
    """The browser of an administrator, who has followed a link and pressed its button."""
    client = app.test_client()
    token = make_sign_in_link(
        store, email="ada@staff.example.com", name="Ada", role="admin", now=clock.now()
    )
    page = client.get(f"/staff/sign-in/{token}")
    action = f"{PREFIX}/staff/sign-in/{token}"
    answer = client.post(action, data=form_of(page, action))
    assert answer.headers["Location"] == f"{PREFIX}/staff/"
    return client


def sent_in(app: Flask) -> str:
    """The path of the status page of a new sign-up."""
    client = app.test_client()
    page = client.get("/sign-up")
    answer = client.post("/sign-up", data=form_of(page, f"{PREFIX}/sign-up") | TYPED)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


#: No walk presses these: whoever signs out, or ends their own access, sees nothing more.
_NOT_PRESSED = ("/staff/sign-out", "/staff/people/")


class Walk:
    """Follows every link and sends every form of every page that it finds."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self._client = client
        self._map = app.url_map.bind("")
        self._done: set[str] = set()
        self.endpoints: set[str] = set()

    def from_(self, *starts: str) -> None:
        waiting = list(starts)
        while waiting:
            path = waiting.pop()
            key = self._kind("GET", path)
            if key in self._done:
                continue
            self._done.add(key)
            answer = self._client.get(path, buffered=True)
            self._client.get(path, headers=HTMX, buffered=True)
            if answer.mimetype == "text/html" and "swagger" not in path:
                waiting += self._links(answer, path)
                waiting += self._press(answer)
            elif "Location" in answer.headers:
                waiting.append(answer.headers["Location"])

    def _links(self, answer: TestResponse, path: str) -> Iterator[str]:
        for element in tree(answer).iter():
            for name in ("href", "hx-get", "data-url"):
                link = urljoin(path, (element.get(name) or "#").partition("#")[0])
                if link.startswith(f"{PREFIX}/") and "/static/" not in link:
                    yield link

    def _press(self, answer: TestResponse) -> Iterator[str]:
        for action, form in forms(answer).items():
            key = self._kind("POST", action)
            if key in self._done or any(each in action for each in _NOT_PRESSED):
                continue
            self._done.add(key)
            if (form.get("method") or "").lower() == "get":
                continue
            sent = fields(form)
            # As htmx sends it, as a browser does, and with a token that no longer fits.
            for data, headers in ((sent, HTMX), (sent, {}), (sent | {"csrf_token": "old"}, {})):
                outcome = self._client.post(action, data=data, headers=headers)
                if "Location" in outcome.headers:
                    yield outcome.headers["Location"]

    def _kind(self, method: str, path: str) -> str:
        """What makes one address different from another: its rule, and the names of its query."""
        address, _, query = path.removeprefix(PREFIX).partition("?")
        try:
            rule, arguments = self._map.match(address, method, return_rule=True)
        except HTTPException as error:
            return f"{method} {address} {error.code}"
        self.endpoints.add(rule.endpoint)
        names = sorted(re.findall(r"([a-z_]+)=", query))
        tenant = arguments.get("tenant_id", "") if rule.endpoint == "staff.tenant" else ""
        return f"{method} {rule.endpoint} {tenant} {names}"


#: What a page leads to that nobody finds by its links, with the reason.
_NOT_WALKED = {
    "health", "health_live", "health_ready", "metrics", "site.robots", "site.security_contact",
    "site.favicon", "static",
    "staff.begin_at_provider", "staff.back_from_provider",  # without a provider
    "staff.cut_link",  # a link whose end is missing
    "shell.state",  # a script asks for it
}  # fmt: skip

#: Linked only at times: while sign-ups wait there, or after a decision.
_LINKED_AT_TIMES = (
    "customer.challenge", "follow_up.ask_again", "imports.undo", "question.answer",
    "shell.app_config", "staff.doubtful", "staff.proofs", "staff.report_csv", "staff.use_link",
    "staff.views",
)  # fmt: skip


def test_every_page_and_every_form_stays_below_the_path(
    app: Flask, ada: FlaskClient, store: Store, clock: Clock
) -> None:
    status = sent_in(app)
    long_active = active_tenant(3, "Long KG", timedelta(days=200))
    add_tenants(store, pending_tenant(2, "Second AG"), long_active)
    subscribe(store, "https://receiver.example/hooks")
    upload = {"policy": "skip", "text": json.dumps([{"accountId": "86810", "companyId": "1"}])}
    page = ada.get("/staff/imports/")
    form = form_of(page, f"{PREFIX}/staff/imports/")
    planned = ada.post("/staff/imports/", data=form | {"text": upload["text"]})
    token = status.rpartition("/")[2]
    (pending_id,) = [id_ for id_ in everything(store) if id_ == f"pending-{token[:26]}"]
    links = RefusalLinks(BASE_URL, [SECRET_KEY], offered=True)
    walk = Walk(app, ada)
    walk.from_(
        f"{PREFIX}/",
        status,
        f"{PREFIX}/shell",
        f"{PREFIX}/api/",
        f"{PREFIX}/confirm/" + proof_token(
            SECRET_KEY, token[:26], TYPED["email"], str(store.get(pending_id)["statusLink"]),
            clock.now(),
        ),
        f"{PREFIX}/reminders/" + reminder_token(SECRET_KEY, pending_id, TYPED["email"]),
        links.address(Ids(account_id="1", company_id="2")).removeprefix(ORIGIN),
        f"{PREFIX}/staff/",
        planned.headers.get("Location", f"{PREFIX}/staff/imports/"),
        f"{PREFIX}/staff/sign-in?next={PREFIX}/staff/tenants",
        f"{PREFIX}/nothing-here",
        f"{PREFIX}/status/{'a' * 26}{'b' * 32}",
    )  # fmt: skip
    values = {"token": token, "name": "unknown-ids", "import_id": "import-" + "a" * 26}
    for endpoint in _LINKED_AT_TIMES:
        walk.from_(PREFIX + app.url_map.bind("").build(endpoint, values))
    with_page = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.endpoint.startswith("api.")
    }
    assert " ".join(sorted(with_page - _NOT_WALKED - walk.endpoints)) == ""


def test_a_decision_by_htmx_and_by_a_form(app: Flask, ada: FlaskClient) -> None:
    for headers in ({}, HTMX):
        token = sent_in(app).rpartition("/")[2]
        url = f"{PREFIX}/staff/tenants/pending-{token[:26]}"
        form = form_of(ada.get(url), f"{url}/reject")
        answer = ada.post(f"{url}/reject", data=form | {"reason": "other"}, headers=headers)
        assert answer.status_code == (200 if headers else 303), answer.text
    form = form_of(ada.get(url), f"{url}/reopen")
    assert ada.post(f"{url}/reopen", data=form).status_code == 303
    form = form_of(ada.get(url), f"{url}/activate")
    activated = ada.post(f"{url}/activate", data=form | IDS)
    assert activated.headers["Location"].startswith(f"{PREFIX}/staff/tenants/")
    assert heading(ada.get(activated.headers["Location"]))


def test_a_form_that_is_sent_again_goes_to_where_it_was_sent(app: Flask, ada: FlaskClient) -> None:
    status = sent_in(app)
    url = f"{PREFIX}/staff/tenants/pending-{status.rpartition('/')[2][:26]}"
    form = form_of(ada.get(url), f"{url}/note") | {"text": "x", "csrf_token": "old"}
    expired = ada.post(f"{url}/note", data=form)
    again = form_of(expired, f"{url}/note")
    assert ada.post(f"{url}/note", data=again).status_code == 303


def test_whoever_has_to_sign_in_comes_back(app: Flask, store: Store, clock: Clock) -> None:
    client = app.test_client()
    sent = client.get("/staff/tenants?status=active").headers["Location"]
    assert sent == f"{PREFIX}/staff/sign-in?next={PREFIX}/staff/tenants?status%3Dactive"
    client.get(sent)
    token = make_sign_in_link(
        store, email="ben@staff.example.com", name="Ben", role="viewer", now=clock.now()
    )
    action = f"{PREFIX}/staff/sign-in/{token}"
    answer = client.post(action, data=form_of(client.get(action), action))
    assert answer.headers["Location"] == f"{PREFIX}/staff/tenants?status=active"


@pytest.mark.parametrize(
    "target",
    ["/staff/", "/onboarding-2/staff/", "/onboarding", "/onboarding/../admin",
     "/onboarding/%2e%2E/admin", "/onboarding/./../admin", "//onboarding/",
     "/other?a=/onboarding/"],
)  # fmt: skip
def test_t22_another_application_of_the_host_is_no_next_page(
    app: Flask, store: Store, clock: Clock, target: str
) -> None:
    client = app.test_client()
    client.get("/staff/sign-in", query_string={"next": target})
    token = make_sign_in_link(
        store, email="ben@staff.example.com", name="Ben", role="viewer", now=clock.now()
    )
    action = f"{PREFIX}/staff/sign-in/{token}"
    form = form_of(client.get(action), action)
    answer = client.post(action, data=form | {"next": target})
    assert answer.headers["Location"] == f"{PREFIX}/staff/"


def test_a_language_leads_back_to_the_page(app: Flask) -> None:
    page = f"{BASE_URL}/lost-link"
    answer = app.test_client().get("/language/de", headers={"Referer": page})
    assert answer.headers["Location"] == f"{PREFIX}/lost-link"


def test_cookies_are_for_the_path_alone(app: Flask) -> None:
    client = app.test_client()
    cookies = client.get("/sign-up").headers.getlist("Set-Cookie")
    cookies += client.get("/language/de").headers.getlist("Set-Cookie")
    assert [cookie.partition("=")[0] for cookie in cookies] == ["__Secure-portal", "language"]
    for cookie in cookies:
        assert {"Secure", "HttpOnly", f"Path={PREFIX}", "SameSite=Lax"} <= set(cookie.split("; "))


def test_what_programs_read_names_the_whole_address(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/api/openapi.json").get_json()["servers"] == [{"url": BASE_URL}]
    manifest = client.get("/shell/appconfig.json").get_json()
    assert manifest["shellNavigation"]["url"] == f"{BASE_URL}/shell"
    assert manifest["icon"] == f"{BASE_URL}/static/favicon.svg"
    assert f"Disallow: {PREFIX}/staff/" in client.get("/robots.txt").text
    status = sent_in(app)
    assert f'value="{ORIGIN}{status}"' in client.get(status).text


#: A path as it arrives at the portal, SCRIPT_NAME of the server, X-Forwarded-Prefix.
ARRIVALS = {
    "unchanged": (f"{PREFIX}/sign-up", "", ""),
    "stripped, and said": ("/sign-up", "", PREFIX),
    "stripped, and said with a slash": ("/sign-up", "", f"{PREFIX}/"),
    "stripped in silence": ("/sign-up", "", ""),
    "by a WSGI server": ("/sign-up", PREFIX, ""),
    # Neither of them decides where links lead.
    "by a server that is elsewhere": ("/sign-up", "/elsewhere", ""),
    "spoofed": (f"{PREFIX}/sign-up", "", "//evil.example"),
}


@pytest.mark.parametrize("hops", [0, 1])
@pytest.mark.parametrize(("path", "script", "said"), ARRIVALS.values(), ids=ARRIVALS)
def test_it_is_the_same_however_the_path_arrives(
    *, below: Settings, store: Store, hops: int, path: str, script: str, said: str
) -> None:
    app = create_app(replace(below, proxy_hops=hops), store=store)
    app.test_client_class = FlaskClient
    headers = {"X-Forwarded-Prefix": said, "X-Forwarded-For": "203.0.113.9"} if said else {}
    answer = app.test_client().get(
        path, base_url=f"{ORIGIN}{script}/", headers=headers, environ_overrides={"PATH_INFO": path}
    )
    assert answer.status_code == 200
    assert list(astray(answer)) == []
    assert f'action="{PREFIX}/sign-up"' in answer.text


def test_a_prefix_like_an_address_of_the_portal(settings: Settings, store: Store) -> None:
    app = create_app(replace(settings, base_url=f"{ORIGIN}/api", proxy_hops=1), store=store)
    query, client = "?accountId=1&companyId=2", app.test_client()
    unchanged = client.get(f"/api/api/validate{query}", base_url=ORIGIN)
    said = {"X-Forwarded-Prefix": "/api", "X-Forwarded-For": "203.0.113.9"}
    stripped = client.get(f"/api/imports{query}", base_url=ORIGIN, headers=said)
    assert (unchanged.status_code, stripped.status_code) == (200, 405)


def test_without_a_path_a_header_makes_none(
    settings: Settings, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(replace(settings, proxy_hops=1), store=store)
    said = {"X-Forwarded-Prefix": "/evil", "X-Forwarded-For": "203.0.113.9"}
    answers = [app.test_client().get("/sign-up", headers=said) for _ in range(2)]
    assert 'action="/sign-up"' in answers[0].text
    warnings = [each.message for each in caplog.records if "below another path" in each.message]
    assert len(warnings) == 1
    assert "evil" not in warnings[0]


@pytest.mark.parametrize("path", ["/health", f"{PREFIX}/health"])
def test_load_balancers_ask_with_and_without_the_path(app: Flask, path: str) -> None:
    client = FlaskClient(app, app.response_class)
    answer = client.get(path, base_url="http://10.0.0.7:8000")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})
    assert "Set-Cookie" not in answer.headers


def test_validate_answers_ahead_of_flask_and_behind_it(app: Flask) -> None:
    client = app.test_client()
    answer = client.get("/api/validate?accountId=1&companyId=2")
    assert (answer.status_code, answer.get_json()["isValid"]) == (200, False)
    assert client.get("/api/validate?accountId=1").status_code == 400


def test_a_server_reads_a_body_whose_path_has_the_prefix(app: Flask, settings: Settings) -> None:
    limit: Callable[[dict[str, Any]], int] = app.extensions["portal.body_limit"]
    environ = {
        "REQUEST_METHOD": "POST", "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "SCRIPT_NAME": "", "wsgi.input": io.BytesIO(),
    }  # fmt: skip
    for prefix in ("", PREFIX):
        assert limit({**environ, "PATH_INFO": f"{prefix}/sign-up"}) > 0
        assert limit({**environ, "PATH_INFO": f"{prefix}/nothing"}) == 0
