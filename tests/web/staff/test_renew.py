"""An account that already has a tenant: a renewal sets its validity and closes the sign-up."""

import pytest
from flask.testing import FlaskClient

from portal.stores.contract import Store
from tests.web.pages import (
    IDS,
    SignUp,
    Staff,
    everything,
    form_of,
    heading,
    outcome,
    page_words,
    sent_in,
    tenants_in,
)

DAYS = {"valid_from": "2027-01-01", "valid_to": "2027-12-31"}


@pytest.fixture
def again(client: FlaskClient, active: str) -> SignUp:
    """A second sign-up, for the ids that an active tenant already has."""
    return sent_in(client, name="Somebody Else", email="else@example.com")


def offered_form(anna: Staff, again: SignUp) -> dict[str, str]:
    """The fields of the renewal that an activation offers."""
    page = anna.decide(again.id, "activate", **IDS, **DAYS)
    return form_of(page, f"/staff/tenants/{again.id}/renew")


def test_activation_finds_the_existing_tenant_and_offers_to_renew_it(
    again: SignUp, active: str, anna: Staff, store: Store
) -> None:
    before = everything(store)
    page = anna.decide(again.id, "activate", **IDS, **DAYS)
    assert page.status_code == 409
    assert outcome(page) == "This account already has a tenant."
    assert f"Set the validity of {active} instead" in page_words(page)
    renew = form_of(page, f"/staff/tenants/{again.id}/renew")
    assert {name: renew[name] for name in DAYS} == DAYS
    activation = form_of(page, f"/staff/tenants/{again.id}/activate")
    assert activation["account_id"] == IDS["account_id"]
    assert everything(store) == before


def test_a_renewal_sets_the_validity_and_nothing_else(
    again: SignUp, active: str, anna: Staff, store: Store
) -> None:
    before = tenants_in(store)[active]
    anna.send(again.id, "renew", offered_form(anna, again))
    after = tenants_in(store)
    assert after.keys() == {active}
    changed = {name for name in after[active] if after[active][name] != before.get(name)}
    decided = {"version", "updatedAt", "decidedVerb", "decidedBy", "decidedAt", "decidedMark"}
    assert changed - decided == {"validFrom", "validTo", "gsi2sk"}
    assert after[active]["validTo"] == "2027-12-31T23:59:59.999Z"
    assert everything(store)[again.id]["forwardTo"] == active


def test_the_new_status_link_leads_to_the_renewed_tenant(
    client: FlaskClient, again: SignUp, anna: Staff
) -> None:
    anna.send(again.id, "renew", offered_form(anna, again))
    page = client.get(again.url)
    assert page.status_code == 200
    assert "Your access is approved" in page_words(page)


def test_a_tenant_that_a_colleague_has_changed_is_not_renewed(
    again: SignUp, active: str, anna: Staff, ben: Staff, store: Store
) -> None:
    form = offered_form(anna, again)
    ben.decide(active, "suspend", reason="unpaid")
    before = everything(store)
    answer = anna.send(again.id, "renew", form)
    assert answer.status_code == 409
    assert "Ben suspended this" in outcome(answer)
    assert active in page_words(answer)
    assert everything(store) == before


@pytest.mark.parametrize("existing", ["", "1_1", "staff-x", "pending-" + "z" * 26])
def test_a_renewal_of_an_unknown_tenant_changes_nothing(
    again: SignUp, anna: Staff, store: Store, existing: str
) -> None:
    form = offered_form(anna, again) | {"existing_id": existing}
    before = everything(store)
    assert anna.send(again.id, "renew", form).status_code == 404
    assert everything(store) == before


def test_another_pending_sign_up_is_not_renewed(
    client: FlaskClient, again: SignUp, anna: Staff, store: Store
) -> None:
    other = sent_in(client)
    form = offered_form(anna, again) | {"existing_id": other.id, "existing_version": "1"}
    before = everything(store)
    assert anna.send(again.id, "renew", form).status_code == 404
    assert everything(store) == before


def test_a_renewal_does_not_close_an_activated_tenant(
    client: FlaskClient, active: str, anna: Staff, store: Store
) -> None:
    second = sent_in(client)
    anna.decide(second.id, "activate", account_id="1", company_id="2")
    form = anna.form("1_2", "validity") | {"existing_id": active, "existing_version": "1"}
    before = everything(store)
    answer = anna.send("1_2", "renew", form)
    assert answer.status_code == 409
    assert outcome(answer) == "Only a pending tenant can be activated."
    assert everything(store) == before


def test_the_new_status_link_shows_the_status_but_not_the_other_contact(
    again: SignUp, anna: Staff, client: FlaskClient
) -> None:
    anna.send(again.id, "renew", offered_form(anna, again))
    page = client.get(again.url)
    assert page.status_code == 200
    assert heading(page) == "Your access is approved"
    assert again.id.removeprefix("pending-") in page_words(page)
    for word in ("Jane Doe", "j•••@", "+49"):
        assert word not in page.text
