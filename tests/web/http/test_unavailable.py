"""F36, T29, A11: the store cannot be written, or does not answer at all."""

import logging
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import create_app
from portal.settings import Settings
from portal.stores.contract import BusyError
from portal.stores.factory import open_store
from tests.conftest import Clock
from tests.strict_client import StrictClient
from tests.web.failing_store import Trouble, TroubledStore, read_only, silent
from tests.web.pages import HTMX, TYPED, SignUp, Staff, everything, form_of, heading, page_words
from tests.web.write_cases import WRITES, Write

NOTHING_SAVED = "Nothing was saved. Please try again later."


@pytest.fixture
def store(settings: Settings) -> Iterator[TroubledStore]:
    file_store = open_store(settings)
    yield TroubledStore(file_store)
    file_store.close()


@pytest.fixture
def app(settings: Settings, store: TroubledStore, clock: Clock) -> Flask:
    app = create_app(settings, store=store, clock=clock.now)
    app.test_client_class = StrictClient
    return app


def assert_nothing_was_saved(answer: TestResponse) -> None:
    assert answer.status_code == 503
    assert NOTHING_SAVED in page_words(answer)
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Cache-Control"] == "no-store"


def test_f36_a_sign_up_that_cannot_be_saved_says_so(
    client: FlaskClient, store: TroubledStore
) -> None:
    form = form_of(client.get("/sign-up"), "/sign-up") | TYPED
    store.begin(read_only)
    answer = client.post("/sign-up", data=form)
    assert_nothing_was_saved(answer)
    assert heading(answer) == NOTHING_SAVED
    assert everything(store) == {}
    store.calm()
    assert client.post("/sign-up", data=form).status_code == 303


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_f36_t29_a_decision_that_cannot_be_saved_says_so_and_can_be_made_later(
    write: Write, client: FlaskClient, anna: Staff, ben: Staff, store: TroubledStore
) -> None:
    tenant_id = write.prepare(client, ben)
    form = write.form(anna, tenant_id)
    before = everything(store)
    store.begin(read_only)
    for htmx in (False, True):
        answer = anna.send(tenant_id, write.verb, form, htmx=htmx)
        assert_nothing_was_saved(answer)
        assert ("<html" in answer.text) is not htmx
    assert everything(store) == before
    store.calm()
    assert anna.send(tenant_id, write.verb, form).status_code == 303


def test_t29_pages_can_be_read_while_nothing_can_be_written(
    *, client: FlaskClient, pending: SignUp, active: str, anna: Staff, store: TroubledStore,
    clock: Clock,
) -> None:  # fmt: skip
    store.begin(read_only)
    # So long that the portal wants to store the last use of the session, and cannot.
    clock.advance(minutes=5)
    for url in ("/staff/", "/staff/tenants?status=active", f"/staff/tenants/{active}"):
        assert anna.get(url).status_code == 200
    assert client.get(pending.url).status_code == 200
    assert client.get("/sign-up").status_code == 200
    answer = client.get("/api/validate?accountId=86810&companyId=104348")
    assert answer.get_json()["isValid"] is True


@pytest.mark.parametrize("trouble", [read_only, silent])
def test_t29_health_is_red_and_says_no_more(
    client: FlaskClient,
    store: TroubledStore,
    trouble: Trouble,
) -> None:
    assert client.get("/health").get_json() == {"status": "ok"}
    store.begin(trouble)
    answer = client.get("/health")
    assert answer.status_code == 503
    assert answer.get_json() == {"status": "unavailable"}
    store.calm()
    assert client.get("/health").status_code == 200


@pytest.mark.parametrize("host", ["10.0.0.7", "[fd00::7]:8000", "ip-10-0-0-7.internal"])
def test_load_balancers_ask_by_address_for_health_alone(client: FlaskClient, host: str) -> None:
    answer = client.get("/health", headers={"Host": host})
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    for path in ("/sign-up", "/health/", "/api/validate?accountId=1&companyId=2"):
        assert client.get(path, headers={"Host": host}).status_code == 400


def test_f36_when_nothing_answers_every_page_that_needs_the_store_says_so(
    client: FlaskClient, pending: SignUp, anna: Staff, store: TroubledStore
) -> None:
    store.begin(silent)
    assert_nothing_was_saved(client.get(pending.url))
    assert_nothing_was_saved(anna.get("/staff/tenants"))
    assert_nothing_was_saved(anna.get("/staff/tenants", headers=HTMX))
    assert client.get("/sign-up").status_code == 200


def silent_from(first: int) -> Trouble:
    """This call and all later ones fail."""
    return lambda call, number: silent(call, number) if number >= first else None


def test_a11_a_store_that_does_not_answer_is_never_a_no(
    client: FlaskClient, active: str, store: TroubledStore
) -> None:
    for account in ("86810", "1"):
        url = f"/api/validate?accountId={account}&companyId=104348"
        for number in (1, 2):
            store.begin(silent_from(number))
            answer = client.get(url)
            if store.calls < number:
                continue
            assert answer.status_code == 503
            body = answer.get_json()
            assert body.keys() == {"error", "message"}
            assert body["error"] == "unavailable"
            assert int(answer.headers["Retry-After"]) > 0
            assert answer.headers["Cache-Control"] == "no-store"


def test_a_busy_store_is_answered_like_an_unreachable_one(
    client: FlaskClient, store: TroubledStore
) -> None:
    form = form_of(client.get("/sign-up"), "/sign-up") | TYPED
    busy = BusyError(reason="Others are faster.")
    store.begin(lambda call, _number: busy if call == "write" else None)
    assert_nothing_was_saved(client.post("/sign-up", data=form))


def test_the_log_says_what_an_operator_can_do(
    client: FlaskClient, store: TroubledStore, caplog: pytest.LogCaptureFixture
) -> None:
    form = form_of(client.get("/sign-up"), "/sign-up") | TYPED
    store.begin(read_only)
    with caplog.at_level(logging.ERROR):
        answer = client.post("/sign-up", data=form)
    (record,) = caplog.records
    assert "The disk is full. Free some space." in record.getMessage()
    assert "disk" not in answer.text
