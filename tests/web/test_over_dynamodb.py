"""The main paths through the portal with DynamoDB, and which calls the portal makes on them."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from portal import create_app
from portal.settings import Settings
from portal.stores.contract import Store
from portal.stores.dynamodb.client import METHODS, Timeouts
from portal.stores.dynamodb.store import DynamoDbStore
from tests.conftest import SECRET_KEY, Clock
from tests.dynamodb_engine import Engine
from tests.fault_proxy import Between, Cut, Refuse, Trouble, always, between
from tests.web.pages import (
    HTMX,
    IDS,
    TYPED,
    SignUp,
    Staff,
    events_of,
    form_of,
    heading,
    outcome,
    page_words,
    sent_in,
    sign_up,
    tenants_in,
)
from tests.web.write_cases import DECISIONS, SEND_AGAIN, WRITES, Write

VALIDATE = "/api/validate?accountId=86810&companyId=104348"
#: The actions of the IAM role in the manual. A transaction needs those of its parts.
ALLOWED = {
    "GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan",
    "TransactGetItems", "TransactWriteItems",
}  # fmt: skip


@pytest.fixture
def proxy(engine: Engine) -> Iterator[Between]:
    with between(engine.url) as running:
        yield running


@pytest.fixture
def store(engine: Engine, proxy: Between) -> Iterator[Store]:
    location = replace(engine.new_table(), endpoint=proxy.url)
    dynamodb_store = DynamoDbStore(location, waiting=Timeouts(pause=lambda _seconds: None))
    yield dynamodb_store
    dynamodb_store.close()


def test_signed_up_activated_and_valid(
    client: FlaskClient, pending: SignUp, anna: Staff, store: Store
) -> None:
    assert client.get(VALIDATE).get_json()["error"] == "NOT_FOUND"
    assert pending.id in anna.get("/staff/tenants?status=pending").text
    answer = anna.decide(pending.id, "activate", **IDS)
    assert "is active" in outcome(anna.get(answer.headers["Location"]))
    body = client.get(VALIDATE).get_json()
    assert body["isValid"] is True
    assert body["tenant"]["tenantId"] == "86810_104348"
    assert body["tenant"]["contactEmailAddress"] == ""
    assert client.get(pending.url).status_code == 200
    assert [event.verb for event in events_of(store, "86810_104348")] == ["activate"]


def test_rejected_with_a_reason(client: FlaskClient, pending: SignUp, anna: Staff) -> None:
    answer = anna.decide(pending.id, "reject", reason="duplicate")
    assert answer.status_code == 303
    assert pending.id not in anna.get("/staff/tenants?status=pending").text
    assert pending.id in anna.get("/staff/tenants?status=rejected").text
    assert client.get(pending.url).status_code == 200


def test_decided_by_another_meanwhile(pending: SignUp, anna: Staff, ben: Staff) -> None:
    form = ben.form(pending.id, "reject")
    anna.decide(pending.id, "activate", **IDS)
    answer = ben.send(pending.id, "reject", form | {"reason": "duplicate"})
    assert answer.status_code == 409
    assert "Anna" in page_words(answer)


def test_the_same_form_sent_twice_is_one_tenant(client: FlaskClient, store: Store) -> None:
    sent_in(client)
    assert len(tenants_in(store)) == 1


@pytest.fixture
def allowed_alone(proxy: Between) -> Iterator[None]:
    """Fails a test in which the portal made any other call."""
    yield
    assert set(proxy.operations) <= ALLOWED


@pytest.mark.usefixtures("allowed_alone")
@pytest.mark.parametrize("write", DECISIONS.values(), ids=DECISIONS)
def test_each_decision(
    write: Write, client: FlaskClient, anna: Staff, ben: Staff, store: Store
) -> None:
    tenant_id = write.prepare(client, ben)
    form = write.form(anna, tenant_id)
    subject = write.subject(tenant_id)
    before = len(events_of(store, subject))
    answer = anna.send(tenant_id, write.verb, form)
    assert answer.status_code == 303
    assert outcome(anna.get(answer.headers["Location"])) == write.said
    # Sent again, it is not done twice.
    anna.send(tenant_id, write.verb, form)
    assert len(events_of(store, subject)) == before + 1


def test_no_call_is_made_that_the_iam_role_does_not_allow(
    client: FlaskClient, pending: SignUp, anna: Staff, proxy: Between
) -> None:
    anna.decide(pending.id, "note", text="Called them.")
    anna.decide(pending.id, "activate", **IDS)
    for page in ("/staff/", "/staff/tenants?status=all", "/staff/tenants?q=Example", VALIDATE):
        assert anna.get(page).status_code == 200
    assert anna.get("/health").status_code == 200
    # A single write: an open page says that somebody looks at it.
    open_page = {"csrf_token": anna.token(), "version": "1", "turn": "0"}
    url = f"/staff/tenants/{pending.id}/presence"
    assert anna.client.post(url, data=open_page, headers=HTMX).status_code == 200
    anna.client.post("/staff/sign-out", data={"csrf_token": anna.token()})
    assert set(proxy.operations) <= ALLOWED
    assert {"GetItem", "PutItem", "DeleteItem", "Query", "TransactWriteItems"} <= set(
        proxy.operations
    )
    # None of these pages reads the table from one end to the other.
    assert "Scan" not in proxy.operations


def test_the_client_has_methods_for_no_other_calls() -> None:
    assert set(METHODS) == ALLOWED


def test_access_denied_is_logged_for_the_operator_and_nothing_was_saved(
    client: FlaskClient, proxy: Between, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    proxy.plan = always(Refuse("AccessDeniedException"), "TransactWriteItems")
    answer = sign_up(client)
    assert answer.status_code == 503
    assert heading(answer) == "Nothing was saved. Please try again later."
    assert answer.headers["Retry-After"]
    assert "AWS" not in page_words(answer)
    (record,) = [each for each in caplog.records if "AWS denied PutItem" in each.getMessage()]
    assert "request REQUEST-OF-TEST" in record.getMessage()
    assert "`portal doctor`" in record.getMessage()
    assert tenants_in(store) == {}


def test_an_unknown_outcome_is_not_called_a_failure(
    client: FlaskClient, anna: Staff, proxy: Between, store: Store
) -> None:
    not_certain = "It is not certain whether this was saved."
    form = form_of(client.get("/sign-up"), "/sign-up") | TYPED
    proxy.plan = always(Cut(done=True), "PutItem", "TransactWriteItems")
    answer = client.post("/sign-up", data=form)
    assert (answer.status_code, heading(answer)) == (503, not_certain)
    proxy.plan = lambda _operation, _number: None
    assert client.post("/sign-up", data=form).status_code == 303
    (tenant_id,) = tenants_in(store)
    form = anna.form(tenant_id, "activate") | IDS
    proxy.plan = always(Cut(done=True), "TransactWriteItems")
    for htmx in (False, True):
        answer = anna.send(tenant_id, "activate", form, htmx=htmx)
        # Sent again, it turns out to be saved.
        assert answer.status_code == (200 if htmx else 503)
        assert htmx or heading(answer) == not_certain
    assert [event.verb for event in events_of(store, "86810_104348")] == ["activate"]


@pytest.mark.parametrize("write", [*WRITES.values(), SEND_AGAIN], ids=[*WRITES, "send-again"])
def test_a_page_that_cannot_be_shown_does_not_say_that_nothing_was_saved(
    write: Write, client: FlaskClient, anna: Staff, ben: Staff, proxy: Between
) -> None:
    tenant_id = write.prepare(client, ben)
    form = write.form(anna, tenant_id)
    before = proxy.operations.count("TransactWriteItems") + proxy.operations.count("PutItem")

    def silent_once_it_is_saved(operation: str, _number: int) -> Trouble | None:
        now = proxy.operations.count("TransactWriteItems") + proxy.operations.count("PutItem")
        return Cut() if operation in ("GetItem", "Query") and now > before else None

    proxy.plan = silent_once_it_is_saved
    answer = anna.send(tenant_id, write.verb, form, htmx=True)
    assert answer.status_code == 503
    assert "Your change was saved, but the page cannot be shown." in page_words(answer)
    assert "Nothing was saved" not in answer.text
    answer = anna.get(f"/staff/tenants/{tenant_id}?done=1")
    assert "Your change was saved, but the page cannot be shown." in page_words(answer)


def test_a_store_that_is_throttled_is_never_an_unknown_tenant(
    client: FlaskClient, proxy: Between
) -> None:
    proxy.plan = always(Refuse("ThrottlingException"), "GetItem")
    answer = client.get(VALIDATE)
    assert answer.status_code == 503
    assert "isValid" not in answer.get_json()
    assert len(proxy.operations) == 2


def test_staff_wait_for_a_third_try(anna: Staff, proxy: Between) -> None:
    proxy.plan = always(Refuse("ThrottlingException"), "Query")
    before = proxy.operations.count("Query")
    assert anna.get("/staff/tenants?status=pending").status_code == 503
    assert proxy.operations.count("Query") - before == 3


def test_metrics_hold_calls_and_no_personal_data(
    settings: Settings, store: Store, clock: Clock
) -> None:
    app = create_app(
        replace(settings, metrics=frozenset({"prometheus"})), store=store, clock=clock.now
    )
    browser = app.test_client()
    assert browser.get(VALIDATE).status_code == 200
    answer = browser.get("/metrics")
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.text.splitlines()
    calls = [line for line in lines if 'operation="GetItem",outcome="ok"' in line]
    # The last one is of the gauges: they look which receivers of webhooks there are.
    assert [float(line.rpartition(" ")[2]) for line in calls] == [3]
    # As Prometheus parses it: comments, and a name, labels and a number.
    shape = r'# (HELP|TYPE) \w+ .+|\w+(\{(\w+="[^"]*",?)+\})? [0-9.e+-]+'
    assert [line for line in lines if not re.fullmatch(shape, line)] == []
    assert "86810" not in answer.text


def test_the_environment_selects_the_table(engine: Engine, tmp_path: Path) -> None:
    location = engine.new_table()
    settings = Settings.from_environment({
        "USE_DYNAMODB": "true",
        "TENANT_TABLE_NAME": location.table,
        "AWS_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL_DYNAMODB": engine.url,
        "PORTAL_KMS_KEY_ID": "alias/portal",
        "PORTAL_SECRET_KEY": SECRET_KEY,
        "PORTAL_DATA_DIR": str(tmp_path / "data"),
    })  # fmt: skip
    app = create_app(settings)
    assert app.test_client().get("/health").get_json() == {"status": "ok"}
    dynamodb_store = app.extensions["portal"].store
    assert (
        dynamodb_store.describe()
        == f"DynamoDB table {location.table} in eu-central-1 at {engine.url}"
    )
    dynamodb_store.close()
