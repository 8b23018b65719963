"""What the pages say about incomplete rows of the old application, and how staff complete them."""

import pytest
from flask.testing import FlaskClient

from portal import onboarding, records
from portal.stores.contract import Add, Item, Replace, Store
from portal.tenants import Gap
from tests.examples import ANN
from tests.web.factories import QUEUE, companies, row_text
from tests.web.pages import (
    Staff,
    events_of,
    page_words,
    tenants_in,
)

ID = "86810_104348"
COMPLETE: Item = {
    "tenantId": ID,
    "accountId": "86810",
    "accountName": "Meyer Group",
    "companyId": "104348",
    "companyName": "Meyer Field Service",
    "cluster": "eu",
    "contactCompanyName": "Meyer Elevators",
    "contactFullName": "Kim Meyer",
    "contactEmailAddress": "kim@meyer.example",
    "clientId": "client-1",
    "validFrom": "2026-01-01T00:00:00.000Z",
    "validTo": "2027-12-31T23:59:59.999Z",
    "isActive": True,
    "createdAt": "2025-12-01T00:00:00.000Z",
    "updatedAt": "2025-12-01T00:00:00.000Z",
    "gsi1pk": "ACCOUNT#86810",
    "gsi1sk": f"TENANT#{ID}",
}
ASK = "/api/validate?accountId=86810&companyId=104348"
DE = {"Accept-Language": "de"}


def old_row(*missing: str, **changed: str | int) -> Item:
    """A row of the old application, with the index keys that `adopt` gives it."""
    row = {name: value for name, value in {**COMPLETE, **changed}.items() if name not in missing}
    return row | records.index_keys_of(row)


#: A row of each kind; what its page says in English and in German.
KINDS = {
    Gap.END: (old_row("validTo"), "no end of the validity", "kein Ende der Gültigkeit"),
    Gap.CONTACT: (
        old_row("contactFullName"),
        "email address of the contact is missing",
        "Beim Kontakt fehlt die Firma",
    ),
    Gap.IDS: (old_row("accountId"), "the account id or the company id", "Die Konto-ID oder"),
    Gap.TENANT_ID: (old_row(accountId="1"), "the tenant id is not made of", "besteht nicht aus"),
    Gap.CLUSTER: (old_row(cluster="evil.example/"), "the cluster is not the name", "ist keiner"),
    Gap.ATTRIBUTES: (old_row(contactPhone=7), "some values cannot be read", "nicht lesbar"),
}


@pytest.mark.parametrize("gap", Gap)
def test_list_search_and_page_say_what_is_missing_and_what_to_do(
    viewer: Staff, store: Store, gap: Gap
) -> None:
    row, english, german = KINDS[gap]
    store.write([Add(row)])
    for query in (
        "?status=active",
        "?status=all&q=meyer",
        f"?status=all&q={ID}",
        "?q=kim@meyer.example&status=all",
    ):
        listed = row_text(viewer.get(f"{QUEUE}{query}"), "Meyer Elevators")
        assert "Incomplete: " in listed
        assert "Open it to see what to do." in listed
        german_list = page_words(viewer.get(f"{QUEUE}{query}", headers=DE))
        assert "Unvollständig: " in german_list
    page = page_words(viewer.page(ID))
    assert "Incomplete: " in page
    assert english in page
    assert german in page_words(viewer.get(f"/staff/tenants/{ID}", headers=DE))


def test_a_complete_row_says_nothing_of_it(viewer: Staff, store: Store) -> None:
    store.write([Add(old_row())])
    for path in (f"{QUEUE}?status=active", f"{QUEUE}?status=all&q=meyer", f"/staff/tenants/{ID}"):
        assert "Incomplete" not in page_words(viewer.get(path))


def test_a_row_that_nobody_has_adopted_is_found_as_incomplete(viewer: Staff, store: Store) -> None:
    row = {name: COMPLETE[name] for name in ("tenantId", "isActive", "gsi1pk", "gsi1sk")}
    store.write([Add(row)])
    for text in (ID, "86810"):
        answer = viewer.get(f"{QUEUE}?status=all&q={text}")
        # A row without a company is called by its id, since a link needs a text.
        assert "Incomplete: no end, no contact, no ids." in row_text(answer, ID)
    assert ID in page_words(viewer.page(ID))


def test_staff_set_the_validity_and_access_begins(
    client: FlaskClient, anna: Staff, store: Store
) -> None:
    store.write([Add(old_row("validTo"))])
    assert client.get(ASK).get_json()["reason"] == "WINDOW_MISSING"
    done = anna.decide(ID, "validity", valid_from="2026-01-01", valid_to="2027-12-31")
    assert done.status_code == 303
    assert client.get(ASK).get_json()["isValid"] is True
    for path in (f"{QUEUE}?status=active", f"/staff/tenants/{ID}"):
        assert "Incomplete" not in page_words(anna.get(path))
    (event,) = events_of(store, ID)
    assert event.changes["validTo"] == ("", "2027-12-31T23:59:59.999Z")


def test_staff_complete_the_contact_and_the_mark_is_gone(anna: Staff, store: Store) -> None:
    store.write([Add(old_row("contactFullName", "contactEmailAddress", "accountId"))])
    typed = {"name": "Kim Meyer", "email": "kim@meyer.example"}
    answer = anna.decide(ID, "contact", **typed)
    assert answer.status_code == 303, answer.text
    assert "Incomplete" not in page_words(anna.page(ID))
    item = tenants_in(store)[ID]
    assert (item["contactFullName"], item["accountId"]) == ("Kim Meyer", "86810")


def test_a_kept_row_says_no_end_and_is_not_incomplete(
    client: FlaskClient, anna: Staff, store: Store
) -> None:
    row = old_row("validTo")
    store.write([Add(row)])
    after, event = onboarding.kept(row, ANN)
    store.write([Replace(after, None, read=row), Add(event)])
    page = page_words(anna.page(ID))
    assert "Incomplete:" not in page
    assert "no end" in page
    assert "Kept, although it is incomplete Ann Approver" in page
    answer = client.get(ASK).get_json()
    assert (answer["isValid"], "validTo" in answer) == (True, False)
    for name in ("adoptAnswer", "openEnded"):
        assert name not in client.get(ASK).text


def test_a_row_with_an_id_of_another_form_can_be_opened_and_suspended(
    anna: Staff, store: Store
) -> None:
    row = old_row(tenantId="legacy")
    store.write([Add({**row, **records.index_keys_of(row)})])
    assert companies(anna.get(f"{QUEUE}?status=active")) == ["Meyer Elevators"]
    assert "the tenant id is not made of" in page_words(anna.page("legacy"))
    assert anna.decide("legacy", "suspend", reason="contract_ended").status_code == 303
    item = tenants_in(store)["legacy"]
    assert item["status"] == "suspended"
    # The downstream application still lists it by the keys of the old application.
    assert (item["gsi1pk"], item["gsi1sk"]) == (row["gsi1pk"], row["gsi1sk"])
