"""CORS: pages of the origins in the settings, and of no others, may call the API."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import create_app
from portal.settings import Settings
from portal.stores.contract import Store
from tests.conftest import Clock
from tests.strict_client import StrictClient
from tests.web.failing_store import TroubledStore, silent
from tests.web.import_bodies import URL, body_of, tenant
from tests.web.pages import tenants_in

ASK = "/api/validate?accountId=86810&companyId=104348"
ALLOWED, SECOND = "https://app.example.com", "http://localhost:8080"
EXPOSED = (
    "Allow, ETag, Location, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate,"
    " X-Request-Id"
)


@pytest.fixture
def troubled(store: Store) -> TroubledStore:
    return TroubledStore(store)


@pytest.fixture
def open_app(settings: Settings, troubled: TroubledStore, clock: Clock) -> Flask:
    """Of this application, pages of two origins may call the API."""
    changed = replace(settings, api_allowed_origins=(ALLOWED, SECOND))
    app = create_app(changed, store=troubled, clock=clock.now)
    app.test_client_class = StrictClient
    return app


@pytest.fixture
def browser(open_app: Flask) -> FlaskClient:
    return open_app.test_client()


@pytest.fixture
def preflight(open_app: Flask) -> Callable[..., TestResponse]:
    """`preflight("/api/imports", "POST")`: what a browser asks before it calls."""
    # The strict client would expect a page, and these answers have no body.
    client = FlaskClient(open_app, open_app.response_class)

    def ask(url: str, method: str, origin: str = ALLOWED) -> TestResponse:
        headers = {
            "Origin": origin,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "authorization,content-type",
        }
        return client.options(url, headers=headers)

    return ask


def cors_headers(answer: TestResponse) -> dict[str, str]:
    return {
        name.lower().removeprefix("access-control-"): value
        for name, value in answer.headers
        if name.lower().startswith("access-control-")
    }


def readable_by(origin: str) -> dict[str, str]:
    return {"allow-origin": origin, "expose-headers": EXPOSED}


@pytest.mark.parametrize("origin", [ALLOWED, SECOND])
def test_pages_of_the_allowed_origins_may_read_the_answer(
    browser: FlaskClient, origin: str
) -> None:
    answer = browser.get(ASK, headers={"Origin": origin})
    assert cors_headers(answer) == readable_by(origin)
    assert "Origin" in ", ".join(answer.headers.getlist("Vary")).split(", ")


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://app.example.com", f"{ALLOWED}.evil.example", "", "*",
     f"{ALLOWED}, {SECOND}", f"{ALLOWED}/", ALLOWED.upper()],
)  # fmt: skip
def test_pages_of_other_origins_may_not(
    browser: FlaskClient, preflight: Callable[..., TestResponse], origin: str
) -> None:
    for answer in (browser.get(ASK, headers={"Origin": origin}), preflight(ASK, "GET", origin)):
        assert answer.status_code == 200
        assert cors_headers(answer) == {}
        # A cache must not give this answer to a page that may read it, nor the other way round.
        assert "Origin" in ", ".join(answer.headers.getlist("Vary")).split(", ")


def test_without_the_setting_no_origin_may_read_it(client: FlaskClient) -> None:
    answer = client.get(ASK, headers={"Origin": ALLOWED})
    assert cors_headers(answer) == {}
    assert "Origin" not in ", ".join(answer.headers.getlist("Vary")).split(", ")


def test_a_program_that_is_no_browser_gets_none_of_these_headers(browser: FlaskClient) -> None:
    assert cors_headers(browser.get(ASK)) == {}


def test_pages_for_people_are_open_to_no_origin(
    browser: FlaskClient, preflight: Callable[..., TestResponse]
) -> None:
    for path in ("/sign-up", "/staff/", "/health", "/apis", "/nothing/api/validate"):
        assert cors_headers(browser.get(path, headers={"Origin": ALLOWED})) == {}
        assert cors_headers(preflight(path, "GET")) == {}


# ---- Errors

UNKNOWN = {"Authorization": f"Bearer {'a' * 12}.{'A' * 43}"}


@pytest.mark.parametrize(
    ("method", "url", "more", "status"),
    [
        ("GET", "/api/validate", {}, 400),
        ("GET", ASK, {"Host": "evil.example"}, 400),
        ("POST", URL, {}, 401),
        ("POST", URL, UNKNOWN, 401),
        ("GET", "/api/nothing", {}, 404),
        ("GET", "/api", {}, 308),
        ("DELETE", "/api/validate", {}, 405),
        ("GET", ASK, {"Accept": "application/xml"}, 406),
        ("GET", f"{ASK}&x={'x' * 20_000}", {}, 414),
        ("GET", ASK, {"X-Long": "x" * 20_000}, 431),
    ],
)
def test_a_page_may_read_every_error(
    browser: FlaskClient, method: str, url: str, more: dict[str, str], status: int
) -> None:
    answer = browser.open(url, method=method, headers={"Origin": ALLOWED} | more)
    assert answer.status_code == status
    assert cors_headers(answer) == readable_by(ALLOWED)


def test_a_page_may_read_that_a_file_is_too_large(browser: FlaskClient, token: str) -> None:
    headers = {"Origin": ALLOWED, "Authorization": f"Bearer {token}"}
    answer = browser.post(URL, data=b" " * 6_000_000, headers=headers)
    assert (answer.status_code, cors_headers(answer)) == (413, readable_by(ALLOWED))


def test_a_page_may_read_that_the_store_is_away(
    browser: FlaskClient, troubled: TroubledStore
) -> None:
    troubled.begin(silent)
    answer = browser.get(ASK, headers={"Origin": ALLOWED})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert cors_headers(answer) == readable_by(ALLOWED)


def test_a_page_may_read_that_something_unexpected_happened(
    browser: FlaskClient, troubled: TroubledStore
) -> None:
    troubled.begin(lambda _call, _number: RuntimeError("unexpected"))
    answer = browser.get(ASK, headers={"Origin": ALLOWED})
    assert (answer.status_code, answer.get_json()["error"]) == (500, "error")
    assert cors_headers(answer) == readable_by(ALLOWED)


def test_a_server_that_refuses_by_itself_knows_what_to_say(open_app: Flask) -> None:
    say = open_app.extensions["portal.refusal_headers"]
    assert dict(say("/api/imports", ALLOWED)) == {
        "Vary": "Origin",
        "Access-Control-Allow-Origin": ALLOWED,
        "Access-Control-Expose-Headers": EXPOSED,
    }
    assert dict(say("/api/imports", "https://evil.example")) == {"Vary": "Origin"}
    assert say("/sign-up", ALLOWED) == []


# ---- Preflights


@pytest.mark.parametrize(
    ("url", "methods"),
    [(ASK, "GET, HEAD, OPTIONS"), ("/api/validate", "GET, HEAD, OPTIONS"), (URL, "OPTIONS, POST")],
)
def test_a_preflight_names_the_methods_that_the_address_has(
    preflight: Callable[..., TestResponse], url: str, methods: str
) -> None:
    answer = preflight(url, "GET")
    assert answer.status_code == 200
    assert cors_headers(answer) == readable_by(ALLOWED) | {
        "allow-methods": methods,
        "allow-headers": "Authorization, Content-Type, If-Match",
        "max-age": "7200",
    }
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_every_route_of_the_api_has_its_own_preflight(
    open_app: Flask, preflight: Callable[..., TestResponse]
) -> None:
    """A route that is added later has one without anybody thinking of it."""
    for endpoint, method in (("api.imports", "PUT"), ("api.validate", "GET")):
        view = open_app.view_functions[endpoint]
        open_app.add_url_rule("/api/later", endpoint, view, methods=[method])
    answer = preflight("/api/later", "PUT")
    assert cors_headers(answer)["allow-methods"] == "GET, HEAD, OPTIONS, PUT"


def test_an_address_that_there_is_not_has_no_preflight(
    preflight: Callable[..., TestResponse],
) -> None:
    answer = preflight("/api/nothing", "GET")
    assert (answer.status_code, cors_headers(answer)) == (404, readable_by(ALLOWED))


def test_a_page_of_an_allowed_origin_can_send_an_import(
    browser: FlaskClient, preflight: Callable[..., TestResponse], token: str, store: Store
) -> None:
    assert "POST" in cors_headers(preflight(URL, "POST"))["allow-methods"]
    headers = {
        "Origin": ALLOWED, "Authorization": f"Bearer {token}", "Sec-Fetch-Site": "cross-site",
        "Content-Type": "application/json",
    }  # fmt: skip
    answer = browser.post(URL, data=body_of(tenant(1)), headers=headers)
    assert (answer.status_code, list(tenants_in(store))) == (200, ["86810_1"])
    assert cors_headers(answer) == readable_by(ALLOWED)
    assert answer.headers["RateLimit"] == '"hour";r=59;t=3600'
