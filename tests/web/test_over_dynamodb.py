"""The main ways through the portal over DynamoDB, and what it asks of DynamoDB on them."""

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
from tests.web.write_cases import DECISIONS, WRITES, Write

VALIDATE = "/api/validate?accountId=86810&companyId=104348"
#: The manual's list. A transaction is allowed by its parts.
ALLOWED = {"GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan", "TransactWriteItems"}


@pytest.fixture
def proxy(engine: Engine) -> Iterator[Between]:
    with between(engine.url) as here:
        yield here


@pytest.fixture
def store(engine: Engine, proxy: Between) -> Iterator[Store]:
    place = replace(engine.new_table(), endpoint=proxy.url)
    opened = DynamoDbStore(place, waiting=Timeouts(pause=lambda _seconds: None))
    yield opened
    opened.close()


def test_signed_up_activated_and_valid(
    client: FlaskClient, pending: SignUp, anna: Staff, store: Store
) -> None:
    assert client.get(VALIDATE).get_json()["error"] == "NOT_FOUND"
    assert pending.id in anna.get("/staff/tenants?status=pending").text
    answer = anna.decide(pending.id, "activate", **IDS)
    assert "is active" in outcome(anna.get(answer.headers["Location"]))
    told = client.get(VALIDATE).get_json()
    assert told["isValid"] is True
    assert told["tenant"]["tenantId"] == "86810_104348"
    assert "contactEmailAddress" not in told["tenant"]
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
    """Fails a test that asked for anything else."""
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
    # Once more is no second time.
    anna.send(tenant_id, write.verb, form)
    assert len(events_of(store, subject)) == before + 1


def test_nothing_is_asked_that_the_role_does_not_allow(
    client: FlaskClient, pending: SignUp, anna: Staff, proxy: Between
) -> None:
    anna.decide(pending.id, "note", text="Called them.")
    anna.decide(pending.id, "activate", **IDS)
    for page in ("/staff/", "/staff/tenants?status=all", "/staff/tenants?q=Example", VALIDATE):
        assert anna.get(page).status_code == 200
    assert anna.get("/health").status_code == 200
    anna.client.post("/staff/sign-out", data={"csrf_token": anna.token()})
    assert set(proxy.operations) <= ALLOWED
    assert {"GetItem", "PutItem", "DeleteItem", "Query", "TransactWriteItems"} <= set(
        proxy.operations
    )
    # None of these pages reads the table from one end to the other.
    assert "Scan" not in proxy.operations


def test_nothing_else_can_be_asked() -> None:
    assert set(METHODS) == ALLOWED


def test_access_denied_is_told_to_the_operator_and_nothing_was_saved(
    client: FlaskClient, proxy: Between, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    proxy.plan = always(Refuse("AccessDeniedException"), "PutItem")
    answer = sign_up(client)
    assert answer.status_code == 503
    assert heading(answer) == "Nothing was saved. Please try again later."
    assert answer.headers["Retry-After"]
    assert "AWS" not in page_words(answer)
    (record,) = [each for each in caplog.records if "AWS denied PutItem" in each.getMessage()]
    assert "request REQUEST-OF-TEST" in record.getMessage()
    assert "`portal doctor`" in record.getMessage()
    assert tenants_in(store) == {}


def test_what_may_have_been_saved_is_not_said_to_be_lost(
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
        # Sent once more, it is found to be saved.
        assert answer.status_code == (200 if htmx else 503)
        assert htmx or heading(answer) == not_certain
    assert [event.verb for event in events_of(store, "86810_104348")] == ["activate"]


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
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


def test_metrics_tell_what_was_asked_and_of_nobody(
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
    assert [float(line.rpartition(" ")[2]) for line in calls] == [2]
    # As Prometheus parses it: comments, and a name, labels and a number.
    shape = r'# (HELP|TYPE) \w+ .+|\w+\{(\w+="[^"]*",?)+\} [0-9.e+-]+'
    assert [line for line in lines if not re.fullmatch(shape, line)] == []
    assert "86810" not in answer.text


def test_the_environment_selects_the_table(engine: Engine, tmp_path: Path) -> None:
    place = engine.new_table()
    settings = Settings.from_environment({
        "USE_DYNAMODB": "true",
        "TENANT_TABLE_NAME": place.table,
        "AWS_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL_DYNAMODB": engine.url,
        "PORTAL_SECRET_KEY": SECRET_KEY,
        "PORTAL_DATA_DIR": str(tmp_path / "data"),
    })  # fmt: skip
    app = create_app(settings)
    assert app.test_client().get("/health").get_json() == {"status": "ok"}
    opened = app.extensions["portal"].store
    assert opened.describe() == f"DynamoDB table {place.table} in eu-central-1 at {engine.url}"
    opened.close()
