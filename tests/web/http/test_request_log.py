"""Each answer has the id of its request, its events too; and the access log has a line for it."""

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import create_environ, run_wsgi_app

from portal import create_app, logs
from portal.settings import Settings
from portal.stores.contract import Store
from portal.tracing import NoTracing
from portal.web.http.access_log import COUNTED_SECONDS, AccessLog
from portal.web.http.request_log import RequestLog
from tests.conftest import Clock
from tests.strict_client import StrictClient
from tests.web.pages import IDS, Staff, events_of, everything, sent_in, sign_in

OWN = re.compile("[0-9a-f]{16}")


class Lines(logging.Handler):
    """The access log as it is written."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, Any]] = []
        self.text = ""
        self.setFormatter(logs.JsonLines())

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        self.text += line
        self.lines.append(json.loads(line))


@pytest.fixture
def access() -> Iterator[Lines]:
    handler = Lines()
    logger = logging.getLogger("portal.access")
    level = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(level)


@pytest.fixture
def make(settings: Settings, store: Store, clock: Clock):
    def made(**changed: Any) -> Flask:
        app = create_app(replace(settings, **changed), store=store, clock=clock.now)
        app.testing = True
        app.test_client_class = StrictClient
        return app

    return made


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"), ("GET", "/no/such/page"), ("GET", "/static/portal.css"), ("GET", "/health"),
        ("GET", "/api/validate?accountId=1&companyId=2"), ("HEAD", "/sign-up"),
        ("GET", "/api/validate?companyId=2&accountId=1"), ("GET", "/api/validate"),
        ("OPTIONS", "/api/tenants"), ("PUT", "/sign-up"), ("POST", "/sign-up"),
        ("GET", "/staff/"), ("GET", "/status/nobody"), ("GET", "/api/tenants"),
    ],
)  # fmt: skip
def test_each_answer_has_one_id(make, method: str, path: str) -> None:
    app = make()
    app.test_client_class = FlaskClient
    answers = [app.test_client().open(path, method=method, buffered=True) for _ in range(2)]
    ids = [each for answer in answers for each in answer.headers.getlist("X-Request-Id")]
    assert len(set(ids)) == len(ids) == 2
    assert all(OWN.fullmatch(each) for each in ids)


@pytest.mark.parametrize("path", ["/", "/api/validate?accountId=1&companyId=2"])
def test_an_id_of_a_safe_form_is_taken_from_a_trusted_proxy(make, path: str) -> None:
    client = make(proxy_hops=1).test_client()
    for given in ("7b2f0c9e5a3d41f8", "0b0e8f3c-6a5e-4a3f-9e4e-2c1d3b4a5f60", "A" * 64):
        answer = client.get(path, headers={"X-Request-Id": given})
        assert answer.headers.getlist("X-Request-Id") == [given]


@pytest.mark.parametrize("path", ["/", "/api/validate?accountId=1&companyId=2"])
@pytest.mark.parametrize(
    "given",
    ["short", "A" * 65, "anna@example.com", "a b c d e f g h", "<script>alert", "=cmd|calcXX",
     "12345678,12345678", "Jane-Doe-of-Example", "+49 30 901820",
     "import-abcdefghijklmnopqrstuvwxyz", "ÄÄÄÄÄÄÄÄÄÄ", "../../../../etc", ""],
)  # fmt: skip
def test_any_other_id_is_replaced(make, path: str, given: str) -> None:
    answer = make(proxy_hops=1).test_client().get(path, headers={"X-Request-Id": given})
    assert OWN.fullmatch(answer.headers["X-Request-Id"])


@pytest.mark.parametrize("path", ["/", "/api/validate?accountId=1&companyId=2"])
def test_a_stranger_chooses_no_id(make, path: str) -> None:
    answer = make().test_client().get(path, headers={"X-Request-Id": "7b2f0c9e5a3d41f8"})
    assert OWN.fullmatch(answer.headers["X-Request-Id"])
    assert answer.headers["X-Request-Id"] != "7b2f0c9e5a3d41f8"


def test_each_event_and_each_mail_has_the_id_of_its_request(make, store, clock) -> None:
    app = make()
    sign_up = sent_in(app.test_client())
    client = app.test_client()
    sign_in(client, store, clock.now(), role="approver", name="Anna")
    anna = Staff(client, "Anna")
    answer = anna.decide(sign_up.id, "activate", **IDS)
    tenant_id = f"{IDS['account_id']}_{IDS['company_id']}"
    activated = [each for each in events_of(store, tenant_id) if each.verb == "activate"]
    assert [each.request_id for each in activated] == [answer.headers["X-Request-Id"]]
    mails = [item for id_, item in everything(store).items() if id_.startswith("mail-")]
    # Of the sign-up and of the activation.
    assert len({item["requestId"] for item in mails}) == len(mails) == 2
    assert answer.headers["X-Request-Id"] in {item["requestId"] for item in mails}


def test_log_lines_of_a_long_answer_have_its_id(settings: Settings, access: Lines) -> None:
    seen: list[str] = []

    def pieces() -> Iterator[bytes]:
        for _ in range(3):
            seen.append(logs.request_id.get())
            yield b"xx"

    def app(_environ: Any, start: Any) -> Iterator[bytes]:
        start("200 OK", [])
        return pieces()

    set_on = replace(settings, access_log=True)
    logged = RequestLog(app, set_on, NoTracing(), AccessLog(set_on))
    body, _status, headers = run_wsgi_app(logged, create_environ("/"), buffered=True)
    assert b"".join(body) == b"xxxxxx"
    assert seen == [headers["X-Request-Id"]] * 3
    assert logs.request_id.get() == ""
    (line,) = access.lines
    assert (line["bytes"], line["requestId"]) == (6, headers["X-Request-Id"])


# ---- The access log


def test_it_is_off_unless_asked_for(make, access: Lines) -> None:
    make().test_client().get("/")
    assert access.lines == []


def test_a_line_has_the_route_and_neither_address_nor_person(make, access, store, clock) -> None:
    app = make(access_log=True)
    customer, client = app.test_client(), app.test_client()
    sign_up = sent_in(customer)
    sign_in(client, store, clock.now(), role="viewer", name="Vera")
    access.lines.clear()
    page = customer.get(f"{sign_up.url}?lang=de")
    client.get("/staff/?q=somebody")
    customer.get("/no/such/page?q=secret")
    status, queue, lost = access.lines
    assert status == {
        "time": status["time"],
        "level": "INFO",
        "logger": "portal.access",
        "message": "A request was answered.",
        "requestId": page.headers["X-Request-Id"],
        "route": "/status/<token>",
        "method": "GET",
        "status": 200,
        "durationMs": status["durationMs"],
        "bytes": len(page.data),
        "caller": "none",
    }
    assert 0 < status["durationMs"] < 60_000
    assert (queue["route"], queue["caller"]) == ("/staff/", "staff")
    assert (lost["route"], lost["status"]) == ("", 404)
    for hidden in (sign_up.token, "somebody", "secret", "127.0.0.1", "Vera", "vera@", "lang"):
        assert hidden not in access.text


def test_a_refused_host_and_a_made_up_method_have_a_line(make, access) -> None:
    client = make(access_log=True).test_client()
    for method, headers in (("GET", {"Host": "evil.example"}), ("EVIL", {})):
        assert client.open("/", method=method, headers=headers).data
    assert [(line["method"], line["status"]) for line in access.lines] == [
        ("GET", 400),
        ("_OTHER", 405),
    ]
    assert "evil" not in access.text.lower()


def test_many_questions_of_the_application_are_one_line(make, access) -> None:
    app = make(access_log=True)
    client = app.test_client()
    for _ in range(50):
        client.get("/api/validate?accountId=1&companyId=2")
    assert access.lines == []
    app.extensions["portal.validate_layer"].write_counts()
    (line,) = access.lines
    assert line["message"] == "Requests were answered."
    assert (line["route"], line["count"]) == ("/api/validate", 50)
    assert sum(line["statuses"].values()) == 50
    # What was written is written once.
    app.extensions["portal.validate_layer"].write_counts()
    assert len(access.lines) == 1


def test_the_number_is_written_once_a_minute(settings: Settings, access: Lines) -> None:
    now = 1000.0
    counting = AccessLog(replace(settings, access_log=True), seconds=lambda: now)
    for status in (200, 200, 404):
        counting.count("/api/validate", status)
    assert access.lines == []
    now += COUNTED_SECONDS
    counting.count("/api/validate", 200)
    (line,) = access.lines
    assert (line["count"], line["seconds"]) == (4, COUNTED_SECONDS)
    assert line["statuses"] == {"200": 3, "404": 1}
