"""Requests that no page of ours sends, and pages that were open for too long."""

import io
import json
import logging
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient

from portal import create_app, logs
from portal.settings import Settings
from portal.stores.contract import Store
from tests.conftest import SECRET_KEY, Clock
from tests.strict_client import StrictClient
from tests.web.pages import (
    IDS,
    TYPED,
    SignUp,
    Staff,
    everything,
    form_of,
    forms,
    heading,
    outcome,
    session_cookie,
    summary,
    tenants_in,
    title,
    without_tokens,
)

NEW_KEY = "another-key-that-only-tests-sign-with-0123"


@pytest.fixture
def form(client: FlaskClient) -> dict[str, str]:
    return form_of(client.get("/sign-up"), "/sign-up") | TYPED


# ---- Bodies


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "application/xml", ""])
def test_f29_another_content_type_is_refused(
    client: FlaskClient, form: dict[str, str], store: Store, kind: str
) -> None:
    answer = client.post("/sign-up", data=json.dumps(form), content_type=kind)
    assert answer.status_code == 415
    assert heading(answer) == "Unsupported content type."
    assert everything(store) == {}


def test_f30_a_file_is_refused(client: FlaskClient, form: dict[str, str], store: Store) -> None:
    file = (io.BytesIO(b"content"), "../../x.txt")
    answer = client.post("/sign-up", data={**form, "upload": file})
    assert answer.status_code == 415
    assert everything(store) == {}


@pytest.mark.parametrize("is_said_to_be_all", [True, False])
def test_half_a_form_is_refused(
    client: FlaskClient, form: dict[str, str], store: Store, *, is_said_to_be_all: bool
) -> None:
    """A sender hangs up in the middle. A server may claim that the body is complete."""
    body = urlencode(form)
    answer = client.post(
        "/sign-up",
        data=body[:-10],
        content_type="application/x-www-form-urlencoded",
        environ_overrides={
            "CONTENT_LENGTH": str(len(body)), "wsgi.input_terminated": is_said_to_be_all,
        },
    )  # fmt: skip
    assert answer.status_code == 400
    assert everything(store) == {}


def test_a_form_in_parts_without_a_file_is_taken(client: FlaskClient, form: dict[str, str]) -> None:
    answer = client.post("/sign-up", data=form, content_type="multipart/form-data")
    assert answer.status_code == 303


def test_f31_a_thousand_and_one_parts_are_too_many(
    client: FlaskClient, form: dict[str, str], store: Store
) -> None:
    parts = form | {f"f{n}": "" for n in range(1001)}
    answer = client.post("/sign-up", data=parts, content_type="multipart/form-data")
    assert answer.status_code == 413
    assert heading(answer) == "Request too large."
    assert everything(store) == {}


def test_f31_five_thousand_fields_are_too_many(
    client: FlaskClient, form: dict[str, str], store: Store
) -> None:
    answer = client.post("/sign-up", data=form | {f"f{n}": "" for n in range(5_000)})
    assert answer.status_code == 413
    assert everything(store) == {}


@pytest.mark.parametrize("size", [65 * 1024, 1_000_000, 6_000_000])
def test_f04_a_large_body_is_refused_before_it_is_read(client: FlaskClient, size: int) -> None:
    body = io.BytesIO(b"company=" + b"a" * size)
    kind = "application/x-www-form-urlencoded"
    answer = client.post("/sign-up", input_stream=body, content_type=kind)
    assert answer.status_code == 413
    assert body.tell() == 0


def test_f32_a_body_without_a_length_is_refused(
    client: FlaskClient, form: dict[str, str], store: Store
) -> None:
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    answer = client.post("/sign-up", data=form, environ_overrides=chunked)
    assert answer.status_code == 411
    assert heading(answer) == "Length required."
    assert everything(store) == {}


@pytest.mark.parametrize("field", ["email", "csrf_token", "form_token", "unknown"])
def test_f27_a_field_that_comes_twice_is_refused(
    client: FlaskClient, form: dict[str, str], store: Store, field: str
) -> None:
    twice = [*form.items(), (field, "a@example.com"), (field, "b@example.com")]
    answer = client.post("/sign-up", data=dict_of_lists(twice))
    assert answer.status_code == 422
    assert heading(answer) == "Send each field once."
    assert everything(store) == {}


def dict_of_lists(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    lists: dict[str, list[str]] = {}
    for name, value in pairs:
        lists.setdefault(name, []).append(value)
    return lists


# ---- Methods and hosts


@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "PATCH", "POST", "NONSENSE"])
def test_f35_a_method_that_is_not_there_is_named_with_those_that_are(
    client: FlaskClient, method: str
) -> None:
    answer = client.open("/", method=method)
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil", "a b"]
)
@pytest.mark.parametrize("path", ["/", "/sign-up", "/staff/", "/nothing", "/api/validate"])
def test_f34_t24_another_host_name_is_refused_and_never_repeated(
    client: FlaskClient, host: str, path: str
) -> None:
    answer = client.get(path, headers={"Host": host})
    assert answer.status_code == 400
    assert "evil" not in answer.text
    assert "evil" not in repr(list(answer.headers))


def test_t24_a_proxys_word_for_the_host_is_not_taken(client: FlaskClient) -> None:
    answer = client.get("/staff/", headers={"X-Forwarded-Host": "evil.example"})
    assert "evil" not in answer.location


def test_t24_a_host_name_in_capitals_is_the_same_host(client: FlaskClient) -> None:
    assert client.get("/sign-up", headers={"Host": "LocalHost"}).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["//sign-up", "//evil.example/sign-up", "/staff//sign-in", "//staff/imports", "/staff/imports"],
)
def test_t24_nobody_is_sent_to_an_address_that_the_request_made_up(
    client: FlaskClient, path: str
) -> None:
    # The client would take a host out of a path that begins with two slashes.
    answer = client.get("/", environ_overrides={"PATH_INFO": path, "HTTP_HOST": "localhost:666"})
    assert answer.headers.get("Location", "/").startswith("/")
    assert not answer.headers.get("Location", "/").startswith("//")
    assert "666" not in answer.text


# ---- T10: pages that were open for too long


def test_f24_an_expired_sign_up_keeps_everything_typed(
    client: FlaskClient, form: dict[str, str], store: Store
) -> None:
    page = client.post("/sign-up", data=form | {"csrf_token": "old"})
    assert page.status_code == 400
    assert title(page).startswith("Error: ")
    words = "This page has expired. Your entries are still here: send them again."
    assert summary(page) == [("", words)]
    again = form_of(page, "/sign-up")
    assert {name: again[name] for name in TYPED} == TYPED
    assert client.post("/sign-up", data=again).status_code == 303
    assert len(tenants_in(store)) == 1


def test_t10_an_expired_decision_keeps_everything_but_a_secret(
    anna: Staff, pending: SignUp, store: Store
) -> None:
    typed = IDS | {"client_id": "fsm", "client_secret": "typed-secret"}
    form = anna.form(pending.id, "activate") | typed
    page = anna.send(pending.id, "activate", form | {"csrf_token": "old"})
    assert page.status_code == 400
    assert outcome(page) == "This page has expired. Your entries are still here: send them again."
    again = form_of(page, f"/staff/tenants/{pending.id}/activate")
    lost = {name for name in form if again.get(name) != form[name]}
    assert lost - {"csrf_token"} == {"client_secret"}
    assert "typed-secret" not in page.text
    assert anna.send(pending.id, "activate", again).status_code == 303


def test_a_page_may_stay_open_over_lunch(
    client: FlaskClient, form: dict[str, str], clock: Clock
) -> None:
    clock.advance(hours=3)
    assert client.post("/sign-up", data=form).status_code == 303


def rotated(settings: Settings, store: Store, clock: Clock, *fallbacks: str) -> FlaskClient:
    """A client of the portal after a restart with another key."""
    new = replace(settings, configured_secret_key=NEW_KEY, secret_key_fallbacks=fallbacks)
    app = create_app(new, store=store, clock=clock.now)
    app.test_client_class = StrictClient
    return app.test_client()


def with_cookie_of(browser: FlaskClient, other: FlaskClient) -> FlaskClient:
    browser.set_cookie("portal", session_cookie(other))
    return browser


def test_t10_a_key_that_was_changed_in_between_loses_nothing_typed(
    *,
    client: FlaskClient,
    form: dict[str, str],
    settings: Settings,
    store: Store,
    clock: Clock,
) -> None:
    after = with_cookie_of(rotated(settings, store, clock), client)
    page = after.post("/sign-up", data=form)
    assert page.status_code == 400
    again = form_of(page, "/sign-up")
    assert {name: again[name] for name in TYPED} == TYPED
    # Sending again is enough, as the page says.
    assert after.post("/sign-up", data=again).status_code == 303
    assert len(tenants_in(store)) == 1


def test_t10_an_earlier_key_that_is_kept_is_believed(
    *,
    client: FlaskClient,
    form: dict[str, str],
    settings: Settings,
    store: Store,
    clock: Clock,
) -> None:
    after = with_cookie_of(rotated(settings, store, clock, SECRET_KEY), client)
    assert after.post("/sign-up", data=form).status_code == 303


def test_t10_a_decision_is_accepted_after_a_change_of_the_key(
    *, anna: Staff, pending: SignUp, settings: Settings, store: Store, clock: Clock
) -> None:
    form = anna.form(pending.id, "activate") | IDS
    after = with_cookie_of(rotated(settings, store, clock, SECRET_KEY), anna.client)
    answer = after.post(f"/staff/tenants/{pending.id}/activate", data=form)
    assert answer.status_code == 303


# ---- S11: one page for everything that does not exist


def test_s11_what_is_no_id_gets_the_page_of_an_unknown_one(anna: Staff) -> None:
    names = ["1_1", "%2e%2e%2fx", "x", "%00", "a%0ab", "a" * 300, "staff-1", "1_1_1", "ä_1", "1_"]
    answers = [anna.get(f"/staff/tenants/{name}") for name in names]
    assert {answer.status_code for answer in answers} == {404}
    assert len({without_tokens(answer.text) for answer in answers}) == 1
    assert list(forms(answers[0])) == ["/staff/sign-out"]


def test_a_parent_folder_in_an_address_is_not_found(anna: Staff) -> None:
    for path in ("/staff/tenants/../x", "/static/../portal/web/forms.py", "/static/%2e%2e/wsgi.py"):
        assert anna.get(path).status_code == 404


# ---- T20: the log


@pytest.mark.parametrize(
    "path",
    [
        "/staff/tenants/a%0aERROR%20fake",
        "/nothing%0d%0aERROR",
        "/status/a%0aERROR",
        "/staff/tenants?q=a%0aERROR",
        "/api/validate?accountId=a%0aERROR&companyId=1",
    ],
)
def test_t20_an_address_cannot_start_a_second_record(
    viewer: Staff, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    with caplog.at_level(logging.DEBUG):
        viewer.get(path)
        viewer.client.post(path, data={"a\nERROR": "b\nERROR"})
    lines = [logs.JsonLines().format(record) for record in caplog.records]
    assert all(len(line.splitlines()) == 1 for line in lines)


def test_t20_a_name_with_a_line_end_is_refused_and_not_logged(
    client: FlaskClient, form: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = client.post("/sign-up", data=form | {"company": "a\nERROR fake"})
    assert answer.status_code == 422
    assert "fake" not in "".join(logs.JsonLines().format(record) for record in caplog.records)
