"""What a new contact field and a new verb do. Runs in a copy of the code to which the changes of
CONTRIBUTING.md were made: see test_contributing.py beside it."""

import json
from collections.abc import Callable

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import records
from portal.imports import export_tenant
from portal.onboarding import erasure, sign_ups
from portal.stores import Store
from portal.tenants import AuditInfo, Reason
from tests.conftest import Clock
from tests.imports.files import dump, tenant
from tests.web.pages import Staff, events_of, facts, forms, page_words, sent_in, sign_up, summary

DEPARTMENT = "Haustechnik Süd"


# ---- The field `department`


def test_the_form_asks_for_it_last_and_takes_a_sign_up_without_it(client: FlaskClient) -> None:
    page = client.get("/sign-up")
    assert "Department (optional)" in page_words(page)
    names = list(forms(page)["/sign-up"].iter("input"))
    visible = [each.get("name") for each in names if each.get("type") in ("text", "email", "tel")]
    assert visible == ["company", "name", "email", "phone", "department", "website"]
    assert sign_up(client).status_code == 303


def test_a_text_that_is_too_long_is_refused_in_words(client: FlaskClient) -> None:
    answer = sign_up(client, department="x" * 201)
    assert answer.status_code == 422
    assert summary(answer) == [("department", "This text is too long.")]


def test_the_customer_and_staff_see_it(client: FlaskClient, store: Store, anna: Staff) -> None:
    pending = sent_in(client, department=DEPARTMENT)
    assert store.get(pending.id)["contactDepartment"] == DEPARTMENT
    assert facts(client.get(pending.url))["Department"] == DEPARTMENT
    assert facts(anna.page(pending.id))["Department"] == DEPARTMENT
    assert anna.form(pending.id, "contact")["department"] == DEPARTMENT


def test_the_history_names_a_change_and_no_value(
    client: FlaskClient, store: Store, anna: Staff
) -> None:
    pending = sent_in(client, department=DEPARTMENT)
    anna.decide(pending.id, "contact", department="Haustechnik Nord")
    (event,) = events_of(store, pending.id)
    assert event.changes == {"contactDepartment": ("", "")}
    assert "Department changed" in page_words(anna.page(pending.id))


def test_an_import_reads_it_and_an_export_writes_it(
    send: Callable[..., TestResponse], store: Store
) -> None:
    answer = send(dump(tenant(contactDepartment=f" {DEPARTMENT} ", clientSecret=None)))
    (row,) = answer.get_json()["rows"]
    assert (row["kind"], row["leftOut"]) == ("new", [])
    assert [each["field"] for each in row["repairs"]] == ["contactDepartment"]
    item = store.get("86810_1")
    assert item["contactDepartment"] == DEPARTMENT
    exported = export_tenant(item)
    assert exported is not None
    assert exported["contactDepartment"] == DEPARTMENT
    changed = json.dumps(exported | {"contactDepartment": "Dach"}).encode()
    answer = send(changed, "?policy=overwrite&dryRun=true")
    (row,) = answer.get_json()["rows"]
    assert row["changes"] == [{"field": "contactDepartment", "old": DEPARTMENT, "new": "Dach"}]


def test_retention_erases_it(client: FlaskClient, store: Store, clock: Clock) -> None:
    pending = sent_in(client, department=DEPARTMENT)
    audit = AuditInfo(by="Ann", at=clock.now())
    sign_ups.reject(
        store, pending.id, expected_version=1, audit=audit, reason=Reason.NOT_A_CUSTOMER
    )
    erasure.erase(store, pending.id, expected_version=2, audit=audit)
    assert DEPARTMENT not in str(store.get(pending.id))


# ---- The verb `extend`


def test_the_page_offers_it_and_it_does_what_it_says(
    anna: Staff, active: str, store: Store
) -> None:
    before = records.validity_of(store.get(active)).valid_to
    answer = anna.send(active, "extend", anna.form(active, "extend"), htmx=True)
    assert answer.status_code == 200
    assert "The validity of Example GmbH ends a year later." in answer.text
    after = records.validity_of(store.get(active)).valid_to
    assert before is not None
    assert after is not None
    assert (after - before).days == 365
    assert "Extended by a year" in page_words(anna.page(active))
    assert "extend" in [event.verb for event in events_of(store, active)]


def test_it_works_once_however_often_it_is_sent(anna: Staff, active: str, store: Store) -> None:
    form = anna.form(active, "extend")
    assert [anna.send(active, "extend", form).status_code for _ in range(2)] == [303, 303]
    assert [event.verb for event in events_of(store, active)].count("extend") == 1


def test_only_an_approver_may(anna: Staff, viewer: Staff, active: str) -> None:
    form = anna.form(active, "extend")
    assert viewer.send(active, "extend", form | {"csrf_token": viewer.token()}).status_code == 403
    assert viewer.get(f"/staff/tenants/{active}/extend").status_code == 405


def test_whoever_comes_second_reads_who_was_faster(anna: Staff, ben: Staff, active: str) -> None:
    form = ben.form(active, "suspend")
    anna.decide(active, "extend")
    answer = ben.send(active, "suspend", form | {"reason": "unpaid"})
    assert answer.status_code == 409
    assert "Anna extended this" in answer.text


def test_where_the_life_cycle_has_no_such_step_it_says_so(anna: Staff, active: str) -> None:
    form = anna.form(active, "extend")
    anna.decide(active, "suspend", reason="unpaid")
    assert f"/staff/tenants/{active}/extend" not in forms(anna.page(active))
    version = anna.form(active, "reinstate")["version"]
    answer = anna.send(active, "extend", form | {"version": version})
    assert answer.status_code == 409
    assert "Only an active tenant can be extended." in answer.text


def test_no_import_takes_it_back_unasked(
    anna: Staff, send: Callable[..., TestResponse], store: Store
) -> None:
    send(dump(tenant(clientSecret=None)))
    anna.decide("86810_1", "extend")
    answer = send(
        dump(tenant(clientSecret=None, updatedAt="2026-12-31T00:00:00.000Z")), "?policy=overwrite"
    )
    (row,) = answer.get_json()["rows"]
    assert row["kind"] == "conflict"
    assert [each["message"] for each in row["reasons"]] == [
        "Staff set the validity. An import changes it only if changes of a validity are allowed."
    ]
