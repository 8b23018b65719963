"""Undo: offered to whoever decided, until somebody else touches the tenant."""

from flask import Flask
from flask.testing import FlaskClient

from portal.stores.contract import Store
from tests.conftest import Clock
from tests.web.pages import (
    IDS,
    SignUp,
    Staff,
    everything,
    forms,
    live_words,
    outcome,
    page_words,
    tenants_in,
    undo_of,
)
from tests.web.write_cases import FINAL_ID, send_mail

UNDONE = "Undone: Activated. Example GmbH is as before."


def test_an_activation_is_taken_back_and_the_customers_page_waits_again(
    client: FlaskClient, pending: SignUp, anna: Staff, store: Store
) -> None:
    typed = {"client_id": "fsm", "client_secret": "s3cret"}
    done = anna.get(anna.decide(pending.id, "activate", **IDS, **typed).location)
    assert "client id and client secret have to be typed again" in page_words(done)
    undone = anna.send(pending.id, "undo", undo_of(done, f"/staff/tenants/{pending.id}/undo"))
    assert undone.status_code == 303
    assert undone.location == f"/staff/tenants/{pending.id}?done=1"
    page = anna.get(undone.location)
    assert outcome(page) == UNDONE
    assert "Undone: Activated Anna" in page_words(page)
    assert tenants_in(store).keys() == {pending.id}
    assert "waiting for approval" in page_words(client.get(pending.url))
    assert anna.get(f"/staff/tenants/{FINAL_ID}").status_code == 404
    answer = client.get("/api/validate?accountId=86810&companyId=104348").get_json()
    assert (answer["isValid"], answer["error"]) == (False, "NOT_FOUND")


def test_the_mail_does_not_leave_once_it_is_undone(
    pending: SignUp, anna: Staff, app: Flask
) -> None:
    send_mail(app)
    done = anna.get(anna.decide(pending.id, "activate", **IDS).location)
    anna.send(pending.id, "undo", undo_of(done, f"/staff/tenants/{pending.id}/undo"))
    assert send_mail(app) == []
    assert "Not sent, since the decision was undone." in page_words(anna.page(pending.id))


def test_staff_read_that_the_customer_was_told_already(
    pending: SignUp, anna: Staff, app: Flask
) -> None:
    done = anna.get(anna.decide(pending.id, "activate", **IDS).location)
    send_mail(app)
    undone = anna.send(pending.id, "undo", undo_of(done, f"/staff/tenants/{pending.id}/undo"))
    said = outcome(anna.get(undone.location))
    assert said.startswith(f"{UNDONE} The customer had been told by mail already (23 Nov 2026,")
    assert len(send_mail(app)) == 1


def test_it_is_offered_for_as_long_as_nobody_else_has_touched_the_tenant(
    active: str, anna: Staff, ben: Staff, clock: Clock
) -> None:
    anna.decide(active, "suspend", reason="unpaid")
    clock.advance(minutes=20)
    address = f"/staff/tenants/{active}/undo"
    page = anna.page(active)
    assert "Your latest decision: Suspended, 20 minutes ago." in page_words(page)
    assert address in forms(page)
    assert address not in forms(ben.page(active))
    ben.decide(active, "contact", name="Lo")
    assert address not in forms(anna.page(active))


def test_whoever_comes_too_late_reads_who_did_what(
    active: str, anna: Staff, ben: Staff, store: Store
) -> None:
    anna.decide(active, "suspend", reason="unpaid")
    form = undo_of(anna.page(active), f"/staff/tenants/{active}/undo")
    ben.decide(active, "reinstate")
    before = everything(store)
    answer = anna.send(active, "undo", form)
    assert answer.status_code == 409
    assert outcome(answer).startswith("Ben reinstated this")
    assert everything(store) == before


def test_a_double_click_undoes_it_once(active: str, anna: Staff, store: Store) -> None:
    anna.decide(active, "suspend", reason="unpaid")
    form = undo_of(anna.page(active), f"/staff/tenants/{active}/undo")
    first = anna.send(active, "undo", form)
    before = everything(store)
    second = anna.send(active, "undo", form)
    assert (second.status_code, second.location) == (303, first.location)
    assert everything(store) == before
    fragment = anna.send(active, "undo", form, htmx=True)
    assert live_words(fragment) == "Undone: Suspended. Example GmbH is as before."
    assert "<html" not in fragment.text


def test_the_application_does_not_find_a_tenant_under_its_former_ids(
    client: FlaskClient, active: str, anna: Staff
) -> None:
    old = "/api/validate?accountId=86810&companyId=104348"
    new = "/api/validate?accountId=86810&companyId=7"
    assert client.get(old).get_json()["isValid"] is True
    anna.decide(active, "ids", account_id="86810", company_id="7")
    assert client.get(old).get_json()["error"] == "NOT_FOUND"
    assert client.get(new).get_json()["isValid"] is True


def test_the_ids_that_it_has_are_refused(active: str, anna: Staff, store: Store) -> None:
    before = everything(store)
    same = anna.decide(active, "ids", account_id="86810", company_id="104348")
    assert same.status_code == 422
    assert everything(store) == before
