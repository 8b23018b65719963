"""F36, T29, A11: the store cannot be written, or does not answer at all."""

import logging
import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import create_app
from portal.reminder_links import reminder_token
from portal.settings import Settings
from portal.stores.contract import BusyError
from portal.stores.factory import open_store
from tests.conftest import SECRET_KEY, Clock
from tests.mail.letters_and_facts import read
from tests.strict_client import StrictClient
from tests.web.failing_store import Trouble, TroubledStore, read_only, silent
from tests.web.pages import HTMX, TYPED, SignUp, Staff, everything, form_of, heading, page_words
from tests.web.write_cases import WRITES, Write, send_mail

Form = dict[str, str]
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
    answers = [
        client.get(pending.url),
        anna.get("/staff/tenants"),
        anna.get("/staff/tenants", headers=HTMX),
    ]
    # A change that was saved may have led there, so none says that nothing was saved.
    for answer in answers:
        assert answer.status_code == 503
        assert "This page cannot be shown at the moment." in page_words(answer)
        assert "saved" not in page_words(answer)
        assert int(answer.headers["Retry-After"]) > 0
    assert client.get("/sign-up").status_code == 200


def fails_after_write() -> Trouble:
    """The first write works, and every later call fails."""
    written: list[int] = []

    def trouble(call: str, number: int) -> Exception | None:
        if written and number > written[0]:
            return silent(call, number)
        if call == "write":
            written.append(number)
        return None

    return trouble


def end_of_reminders(_app: Flask, _client: FlaskClient, pending: SignUp) -> tuple[str, Form]:
    email = TYPED["email"]
    token = reminder_token(SECRET_KEY, pending.id, email)
    return f"/reminders/{token}", {"List-Unsubscribe": "One-Click"}


def proof(app: Flask, client: FlaskClient, _pending: SignUp) -> tuple[str, Form]:
    text = "\n".join(read(mail).text() for mail in send_mail(app))
    (link,) = re.findall(r"^http://127.0.0.1:8000(/confirm/\S+)$", text, re.MULTILINE)
    return link, form_of(client.get(link), link)


def change(_app: Flask, client: FlaskClient, pending: SignUp) -> tuple[str, Form]:
    url = f"{pending.url}/change"
    return url, form_of(client.get(url), url) | {"company": "Another GmbH"}


def withdrawal(_app: Flask, client: FlaskClient, pending: SignUp) -> tuple[str, Form]:
    url = f"{pending.url}/withdraw"
    return url, form_of(client.get(url), url)


def end_of_link(_app: Flask, client: FlaskClient, pending: SignUp) -> tuple[str, Form]:
    url = f"{pending.url}/end"
    return url, form_of(client.get(url), url)


def another(_app: Flask, client: FlaskClient, _pending: SignUp) -> tuple[str, Form]:
    client.delete_cookie("portal")
    # The address of the first one has got its mail of this day.
    form = form_of(client.get("/sign-up"), "/sign-up") | TYPED
    return "/sign-up", form | {"email": "other@example.org"}


@pytest.mark.parametrize(
    "prepare", [end_of_reminders, proof, change, withdrawal, end_of_link, another]
)
def test_what_a_customer_has_saved_is_not_denied_when_the_page_cannot_be_read(
    *,
    app: Flask,
    client: FlaskClient,
    pending: SignUp,
    store: TroubledStore,
    prepare: Callable[[Flask, FlaskClient, SignUp], tuple[str, Form]],
) -> None:
    url, form = prepare(app, client, pending)
    before = everything(store)
    store.begin(fails_after_write())
    answer = client.post(url, data=form)
    if answer.status_code == 303:
        answer = client.get(answer.location)
    shown = page_words(answer)
    store.calm()
    assert everything(store) != before
    assert "Nothing was saved" not in shown


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
