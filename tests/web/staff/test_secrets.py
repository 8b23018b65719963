"""T19: a client secret is in no answer, log record or file, whatever goes wrong."""

import itertools
import json
import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import create_app, logs
from portal.settings import Settings
from portal.stores.contract import BusyError, UnavailableError, VersionConflictError
from portal.stores.factory import open_store
from portal.web.http.access import ROUTE_ACCESS
from tests.conftest import Clock
from tests.strict_client import StrictClient
from tests.web.failing_store import Trouble, TroubledStore
from tests.web.pages import (
    IDS,
    SignUp,
    Staff,
    by_id,
    everything,
    facts,
    form_of,
    page_words,
    sent_in,
    tenants_in,
    tree,
)

CANARY = "canary-7f3c<&>'\"-secret"
#: Parts of it as plain text, and escaped for HTML, for a URL and for JSON.
TRACES = ("canary-7f3c", "7f3c&lt;", "7f3c%3C", "7f3c\\u003c")


class WatchedClient(StrictClient):
    """Records every answer."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        answer = super().open(*args, **kwargs)
        self.application.extensions["answers"].append(str(answer.headers).encode() + answer.data)
        return answer


@pytest.fixture
def store(settings: Settings) -> Iterator[TroubledStore]:
    opened = open_store(settings)
    yield TroubledStore(opened)
    opened.close()


@pytest.fixture
def app(settings: Settings, store: TroubledStore, clock: Clock) -> Flask:
    app = create_app(settings, store=store, clock=clock.now)
    app.extensions["answers"] = []
    app.test_client_class = WatchedClient
    return app


def log_records(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for when in ("setup", "call") for record in caplog.get_records(when)]


@pytest.fixture
def no_leaks(app: Flask, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fails the test if the secret is anywhere at its end."""
    caplog.set_level(logging.DEBUG)
    yield
    answers = b"\n".join(app.extensions["answers"]).decode(errors="replace")
    records = "\n".join(logs.JsonLines().format(record) for record in log_records(caplog))
    files = b"\n".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert answers
    assert files
    for text in (answers, records, files.decode(errors="replace")):
        assert not [trace for trace in TRACES if trace in text]


def forms_with_the_secret(
    customer: FlaskClient, anna: Staff
) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Tenant, verb and form of both decisions that take a secret."""
    sign_up = sent_in(customer)
    form = anna.form(sign_up.id, "activate") | IDS | {"client_id": "c", "client_secret": CANARY}
    yield sign_up.id, "activate", form
    final = f"{IDS['account_id']}_{IDS['company_id']}"
    yield final, "client", anna.form(final, "client") | {"client_secret": CANARY}


ERRORS = {
    "unavailable": lambda: UnavailableError(reason="Gone.", remedy="Start it."),
    "busy": lambda: BusyError(reason="Too many writes."),
    "changed": lambda: VersionConflictError(item_id="x", item={"clientSecret": CANARY}),
    "unexpected": lambda: RuntimeError(f"clientSecret={CANARY}"),
    "disk": lambda: OSError(28, CANARY),
}


def failing_at(step: int, error: Callable[[], Exception]) -> Trouble:
    """Only this call fails."""
    return lambda _call, number: error() if number == step else None


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
@pytest.mark.usefixtures("no_leaks")
def test_t19_no_secret_leaks_when_the_store_fails_at_any_step(
    *,
    error: Callable[[], Exception],
    client: FlaskClient,
    anna: Staff,
    store: TroubledStore,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for tenant_id, verb, form in forms_with_the_secret(client, anna):
        for step in itertools.count(1):
            store.begin(failing_at(step, error))
            answer = anna.send(tenant_id, verb, form, htmx=bool(step % 2))
            if store.calls < step:
                break
            assert answer.status_code in (200, 303, 401, 409, 500, 503)
        assert step > 4
        store.calm()
        assert anna.send(tenant_id, verb, form).status_code == 303
    assert str(tenants_in(store)["86810_104348"]["clientSecret"]).startswith("v1.loc.")
    assert caplog.records


@pytest.mark.usefixtures("no_leaks")
def test_t19_no_secret_leaks_from_a_form_that_is_refused(
    client: FlaskClient, anna: Staff, viewer: Staff, ben: Staff
) -> None:
    for tenant_id, verb, form in forms_with_the_secret(client, anna):
        wrong = [
            {"csrf_token": "old"},
            {"csrf_token": ""},
            {"version": "99"},
            {"client_id": "a\x00b"},
            {"client_id": "c" * 201, "valid_from": "x"},
            {"client_secret": CANARY * 30},
        ]
        for change in wrong:
            for htmx in (False, True):
                assert anna.send(tenant_id, verb, form | change, htmx=htmx).status_code >= 400
        url = f"/staff/tenants/{tenant_id}/{verb}"
        anna.client.post(url, data=form, headers={"Sec-Fetch-Site": "cross-site"})
        anna.client.post(url, data={**form, "client_secret": [CANARY, CANARY]})
        anna.client.post(url, json=form)
        anna.client.post("/staff/tenants/1_1/client", data=form)
        viewer.send(tenant_id, verb, form | {"csrf_token": viewer.token()})
        client.post(url, data=form)
        assert anna.send(tenant_id, verb, form).status_code == 303
    # An account that already has a tenant, and a decision that came second.
    again = sent_in(client)
    typed = anna.form(again.id, "activate") | IDS | {"client_secret": CANARY}
    assert anna.send(again.id, "activate", typed).status_code == 409
    ben.decide(again.id, "reject", reason="other")
    assert anna.send(again.id, "activate", typed).status_code == 409


def planned_import(admin: Staff) -> str:
    """The id of a planned import whose file holds the secret."""
    row = dict.fromkeys(("accountName", "companyName", "cluster", "clientId"), "x") | {
        "accountId": "7",
        "companyId": "8",
        "clientSecret": CANARY,
        "isActive": True,
        "contactCompanyName": "Import AG",
        "contactFullName": "Kim",
        "contactEmailAddress": "kim@example.com",
        "createdAt": "2025-01-01T00:00:00.000Z",
        "validFrom": "2025-01-01T00:00:00.000Z",
        "validTo": "2027-01-01T00:00:00.000Z",
    }
    start = "/staff/imports/"
    form = form_of(admin.get(start), start)
    typed = {name: form[name] for name in ("csrf_token", "policy")} | {"text": json.dumps([row])}
    answer = admin.client.post(start, data=typed)
    assert answer.status_code == 303, answer.text
    return str(answer.location).rpartition("/")[2]


@pytest.mark.usefixtures("no_leaks")
def test_t19_no_route_shows_the_secret(
    app: Flask, client: FlaskClient, pending: SignUp, admin: Staff, store: TroubledStore
) -> None:
    secret = {"client_id": "fsm", "client_secret": CANARY}
    admin.decide(pending.id, "activate", **IDS, **secret)
    sealed = str(tenants_in(store)["86810_104348"]["clientSecret"])
    import_id = planned_import(admin)
    app.extensions["answers"].clear()
    values = {
        "filename": "portal.css",
        "tenant_id": "86810_104348",
        "token": pending.token,
        "import_id": import_id,
        "language": "de",
        "kid": "a" * 12,
        "name": "unknown-ids",
        "view_id": "x",
        "subscription_id": "a" * 16,
        "person_id": f"staff-{'0' * 32}",
        "session_id": f"session-{'0' * 64}",
    }
    asked = set()
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: values[found[1]], rule.rule)
        for query in ("", "?status=all&q=86810_104348", "?accountId=86810&companyId=104348"):
            for browser in (admin.client, client):
                browser.get(path + query, buffered=True)
        asked.add(rule.endpoint)
    for verb in ("validity", "suspend", "reinstate", "contact"):
        typed = {"reason": "unpaid"} if verb == "suspend" else {}
        admin.send("86810_104348", verb, admin.form("86810_104348", verb) | typed, htmx=True)
    assert asked == ROUTE_ACCESS.keys()
    answers = b"".join(app.extensions["answers"]).decode(errors="replace")
    # Nor does a page show the sealed text.
    assert sealed not in answers
    assert sealed.rpartition(".")[2][:40] not in answers
    events = [item for id_, item in everything(store).items() if id_.startswith("event-")]
    assert len([item for item in events if "86810" in str(item["tenantId"])]) == 5
    assert sealed not in repr(events)


def test_the_page_says_when_the_secret_was_set_and_offers_to_replace_it(
    pending: SignUp, anna: Staff, store: TroubledStore, clock: Clock
) -> None:
    anna.decide(pending.id, "activate", **IDS, client_id="fsm", client_secret=CANARY)
    page = anna.page("86810_104348")
    assert "Client secret: set on 23 Nov 2026." in page_words(page)
    assert facts(page)["Client id"] == "fsm"
    form = form_of(page, "/staff/tenants/86810_104348/client")
    assert form == form | {"client_id": "fsm", "client_secret": ""}


def test_an_empty_secret_field_keeps_the_sealed_secret(
    pending: SignUp, anna: Staff, store: TroubledStore
) -> None:
    anna.decide(pending.id, "activate", **IDS, client_id="fsm", client_secret=CANARY)
    before = tenants_in(store)["86810_104348"]["clientSecret"]
    anna.decide("86810_104348", "client", client_id="other")
    tenant = tenants_in(store)["86810_104348"]
    assert (tenant["clientId"], tenant["clientSecret"]) == ("other", before)
    anna.decide("86810_104348", "client", client_secret="another")
    assert tenants_in(store)["86810_104348"]["clientSecret"] != before
    history = page_words(anna.page("86810_104348")).partition("History")[2]
    assert "Client secret changed" in history
    assert "another" not in history


def test_t38_no_field_of_staff_looks_like_a_sign_in(
    active: str, admin: Staff, client: FlaskClient
) -> None:
    """Browsers fill saved logins into password fields and the field before one, on load. They offer
    the reader's own details for the others, unless they are told not to."""
    again = sent_in(client)
    for url in (f"/staff/tenants/{again.id}", f"/staff/tenants/{active}", "/staff/imports/"):
        page = admin.get(url)
        for control in tree(page).iter("input"):
            kind, name = control.get("type"), control.get("name")
            assert kind != "password", name
            if kind in ("text", "email", "tel", "date"):
                assert control.get("autocomplete") == "off", name
            assert name not in {"user", "username", "login", "password"}
    secret = by_id(admin.get(f"/staff/tenants/{active}"), "client-client_secret")
    assert (secret.get("class"), secret.get("value")) == ("secret", "")
    assert secret.get("spellcheck") == "false"
