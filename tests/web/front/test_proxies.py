"""Behind proxies: whose address counts, by the shape of headers that each kind of proxy sends."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal import create_app
from portal.proxy_hops import describe_hops
from portal.settings import Settings
from portal.stores.contract import Store
from portal.web.front.hourly import HourlyWarning
from portal.web.front.proxies import ProxyWatch
from portal.web.http import client_network
from portal.web.http.context import source
from tests.conftest import Clock
from tests.web.pages import TYPED, form_of

CLIENT = "203.0.113.9"
#: What a client writes itself, in the hope that it counts.
SPOOFED = "198.51.100.1"
PROXY, OUTER_PROXY = "10.0.0.7", "10.0.0.8"


@dataclass(frozen=True)
class Shape:
    """How one kind of front hands a request over: the number of proxies, and their headers for a
    request whose own `X-Forwarded-For` was `sent`."""

    hops: int
    headers: Callable[[str], dict[str, str]]


def appended(sent: str, *added: str) -> str:
    return ", ".join([*([sent] if sent else []), *added])


SHAPES = {
    # As docs/operating.md configures it: what the client sent is replaced.
    "nginx": Shape(1, lambda _sent: {"X-Forwarded-For": CLIENT, "X-Forwarded-Proto": "https"}),
    "nginx that appends": Shape(1, lambda sent: {"X-Forwarded-For": appended(sent, CLIENT)}),
    "Caddy": Shape(
        1,
        lambda _sent: {
            "X-Forwarded-For": CLIENT,
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": "portal.example.com",
        },
    ),
    "AWS ALB": Shape(
        1,
        lambda sent: {
            "X-Forwarded-For": appended(sent, CLIENT),
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Port": "443",
        },
    ),
    "AWS ALB with client ports": Shape(
        1, lambda sent: {"X-Forwarded-For": appended(sent, f"{CLIENT}:41234")}
    ),
    "CloudFront and ALB": Shape(
        2,
        lambda sent: {
            "X-Forwarded-For": appended(sent, CLIENT, OUTER_PROXY),
            # The load balancer says how CloudFront has asked it, and only that.
            "X-Forwarded-Proto": "http",
            "X-Forwarded-Port": "80",
            "Via": "2.0 abc.cloudfront.net (CloudFront)",
        },
    ),
}


@pytest.fixture
def make(settings: Settings, store: Store, clock: Clock) -> Callable[..., Flask]:
    def made(hops: int, **changes: object) -> Flask:
        chosen = replace(settings, base_url="https://portal.example.com", proxy_hops=hops)
        return create_app(replace(chosen, **changes), store=store, clock=clock.now)  # type: ignore[arg-type]

    return made


def seen_by(app: Flask, headers: dict[str, str]) -> tuple[str, str]:
    """The network for limits and the address for the security log of such a request."""
    seen: list[tuple[str, str]] = []
    app.before_request(lambda: seen.append((client_network(), source().address)))
    client = app.test_client()
    answer = client.get(
        "/sign-up", base_url="https://portal.example.com", headers=headers,
        environ_overrides={"REMOTE_ADDR": PROXY},
    )  # fmt: skip
    assert answer.status_code == 200
    return seen[0]


@pytest.mark.parametrize("sent", ["", SPOOFED, f"{SPOOFED}, {SPOOFED}, {SPOOFED}"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_t3_limits_and_the_security_log_have_the_client(
    make: Callable[..., Flask], shape: Shape, sent: str
) -> None:
    assert seen_by(make(shape.hops), shape.headers(sent)) == (CLIENT, CLIENT)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_with_no_proxy_believed_no_header_counts(make: Callable[..., Flask], shape: Shape) -> None:
    assert seen_by(make(0), shape.headers(SPOOFED)) == (PROXY, PROXY)


def test_past_a_proxy_nobody_chooses_an_address(make: Callable[..., Flask]) -> None:
    # Two are believed, and only one has added its entry: the client's own words do not count.
    assert seen_by(make(2), {"X-Forwarded-For": CLIENT}) == (PROXY, PROXY)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_one_client_meets_its_limit_and_another_does_not(
    make: Callable[..., Flask], shape: Shape
) -> None:
    app = make(shape.hops, sign_ups_per_hour=2)

    def sent_by(address: str, number: int) -> int:
        client = app.test_client()
        changed = {
            name: value.replace(CLIENT, address)
            for name, value in shape.headers(f"198.51.100.{number}").items()
        }
        options = {
            "base_url": "https://portal.example.com", "headers": changed,
            "environ_overrides": {"REMOTE_ADDR": PROXY},
        }  # fmt: skip
        form = form_of(client.get("/sign-up", **options), "/sign-up")
        typed = TYPED | {"email": f"max{number}@firm{number}-{address[-1]}.example"}
        return client.post("/sign-up", data=form | typed, **options).status_code

    assert [sent_by(CLIENT, number) for number in range(3)] == [303, 303, 429]
    assert sent_by("203.0.113.8", 3) == 303


@pytest.mark.parametrize("name", ["X-Forwarded-Host", "X-Forwarded-Port", "Forwarded"])
def test_t24_no_header_of_a_proxy_makes_an_address(make: Callable[..., Flask], name: str) -> None:
    app = make(1)
    headers = {name: "host=evil.example" if name == "Forwarded" else "evil.example"}
    answer = app.test_client().get(
        "/sign-up", base_url="https://portal.example.com",
        headers={**headers, "X-Forwarded-For": CLIENT},
    )  # fmt: skip
    assert "evil" not in answer.text + str(answer.headers)


# ---- A number that does not fit


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    logger = "portal.web.front.proxies"
    return [each.getMessage() for each in caplog.records if each.name == logger]


@pytest.mark.parametrize(
    ("hops", "forwarded_for", "expected"),
    [
        (0, "", ""),
        (0, CLIENT, "PORTAL_PROXY_HOPS is 0"),
        (1, CLIENT, ""),
        (1, f"{SPOOFED}, {CLIENT}", ""),
        (1, "", "(0) than PORTAL_PROXY_HOPS says (1)"),
        (2, CLIENT, "(1) than PORTAL_PROXY_HOPS says (2)"),
    ],
)
def test_a_wrong_number_is_said_once_an_hour_and_names_nobody(
    caplog: pytest.LogCaptureFixture, hops: int, forwarded_for: str, expected: str
) -> None:
    seconds = [0.0]
    watch = ProxyWatch(hops, lambda: seconds[0])
    for passed in (0, 1, 3599, 3600, 3601):
        seconds[0] = float(passed)
        watch.see(forwarded_for)
    found = warnings(caplog)
    assert len(found) == (2 if expected else 0)
    assert all(expected in each and CLIENT not in each for each in found)


@pytest.mark.parametrize("path", ["/sign-up", "/api/validate?accountId=1&companyId=2"])
def test_it_is_said_whatever_is_asked_for(
    make: Callable[..., Flask], caplog: pytest.LogCaptureFixture, path: str
) -> None:
    make(0).test_client().get(
        path, base_url="https://portal.example.com", headers={"X-Forwarded-For": CLIENT}
    )
    assert len(warnings(caplog)) == 1


@pytest.mark.parametrize("path", ["/health", "/metrics"])
def test_a_load_balancer_that_asks_for_itself_is_no_mistake(
    make: Callable[..., Flask], caplog: pytest.LogCaptureFixture, path: str
) -> None:
    FlaskClient(make(1)).get(path, base_url="http://10.0.0.9:8000")
    assert warnings(caplog) == []


def test_each_warning_has_an_hour_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("portal.web.front.proxies")
    first, second = HourlyWarning(logger, lambda: 0.0), HourlyWarning(logger, lambda: 0.0)
    for each in (first, second, first, second):
        each.say("It is %s.", "so")
    assert warnings(caplog) == ["It is so.", "It is so."]


@pytest.mark.parametrize(
    ("hops", "words"),
    [(0, "No proxy is believed"), (1, "1 proxy is believed"), (3, "the one 3 from the end")],
)
def test_the_start_says_how_many_proxies_are_believed(hops: int, words: str) -> None:
    assert words in describe_hops(hops)
    assert f"PORTAL_PROXY_HOPS={hops}" in describe_hops(hops)
