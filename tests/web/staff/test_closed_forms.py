"""Forms that nobody has filled in are made of patterns, which all people and tenants share."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.stores.contract import Store
from portal.tenants import Ids
from tests.web.factories import active_tenant, add_tenants, pending_tenant
from tests.web.pages import Staff, forms, sent_in, tree


def test_t9_a_form_holds_nothing_of_whoever_asked_first(
    client: FlaskClient, anna: Staff, ben: Staff
) -> None:
    first = sent_in(client, company="First & Sons", email="kim@first.example")
    second = sent_in(client, company="Second", email="lee@second.example")
    of_anna = anna.form(first.id, "contact")
    of_ben = ben.form(second.id, "contact")
    assert of_anna["company"] == "First & Sons"
    assert of_ben["company"] == "Second"
    assert of_anna["csrf_token"] == anna.token()
    assert of_ben["csrf_token"] == ben.token() != anna.token()
    assert of_anna["form_owner"] != of_ben["form_owner"]
    forms = ben.page(second.id).text.partition('<div class="side">')[2]
    forms = forms.partition('<div class="rest">')[0]
    assert forms.count("<form") > 3
    for foreign in (first.id, "kim@first.example", of_anna["csrf_token"], of_anna["form_owner"]):
        assert foreign not in forms


def test_what_people_typed_is_no_placeholder(client: FlaskClient, anna: Staff) -> None:
    typed = "[[token]] %s %(x)s <b>"
    sent = sent_in(client, company=typed)
    assert anna.form(sent.id, "contact")["company"] == typed
    assert anna.decide(sent.id, "contact", name="Kim [[owner]]").status_code == 303
    assert anna.form(sent.id, "contact")["name"] == "Kim [[owner]]"


def test_a_form_is_in_the_language_of_its_reader(client: FlaskClient, anna: Staff) -> None:
    sent = sent_in(client)
    for _ in range(2):
        for language, words in {"en": "Change contact", "de": "Kontakt ändern"}.items():
            page = anna.get(f"/staff/tenants/{sent.id}", headers={"Accept-Language": language})
            assert f"<button>{words}</button>" in page.text


@pytest.mark.usefixtures("demo_tenants")
def test_each_form_is_sent_to_a_route(app: Flask, anna: Staff, store: Store) -> None:
    add_tenants(store, replace(pending_tenant(9), set_aside=True))
    routes = app.url_map.bind("127.0.0.1")
    pages = ("pending-" + "2".zfill(26), "pending-" + "9".zfill(26), "93_1", "96_1")
    seen = set()
    for tenant_id in pages:
        back = "status%3Dactive%26q%3Da%2526b"
        page = anna.get(f"/staff/tenants/{tenant_id}?back={back}")
        section = tree(page).find(".//section[@id='tenant']")
        assert section is not None
        for each in (*section.iter("form"), *section.iter("button")):
            address = each.get("action") or each.get("formaction")
            if not address:
                continue
            path, _, query = address.partition("?")
            endpoint, values = routes.match(path, method="POST")
            assert values == {"tenant_id": tenant_id}
            assert query == f"back={back}"
            assert each.get("hx-post") == address
            seen.add(endpoint)
    assert {"decisions.release", "decisions.activate", "decisions.activate_try"} < seen
    assert {"decisions.reject_preview", "decisions.reinstate", "decisions.note"} < seen


def test_a_note_on_a_request_to_renew_belongs_to_the_form_that_stands_first(
    anna: Staff, store: Store
) -> None:
    licence = active_tenant(4, "Soon SE", timedelta(days=10))
    asked = replace(
        pending_tenant(1),
        ids=Ids(account_id="94", company_id="1", cluster="eu"),
        renews=licence.id,
        follows=licence.id,
    )
    add_tenants(store, licence, asked)
    page = anna.page(asked.id)
    (text,) = [each for each in tree(page).iter("textarea") if each.get("id") == "note-text"]
    assert text.get("form") == "form-renew"
    assert f"/staff/tenants/{asked.id}/renew" in forms(page)
    assert f"/staff/tenants/{asked.id}/activate" not in forms(page)


def test_what_was_typed_stays_and_the_other_forms_are_as_ever(
    client: FlaskClient, anna: Staff
) -> None:
    sent = sent_in(client)
    refused = anna.decide(sent.id, "reject", reason="", message="Kim's <text>")
    assert refused.status_code == 422
    found = forms(refused)
    assert "Kim's <text>" in "".join(found[f"/staff/tenants/{sent.id}/reject"].itertext())
    before = forms(anna.page(sent.id))
    assert found.keys() == before.keys()
