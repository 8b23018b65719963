"""An account that already has a tenant: a renewal sets its validity and closes the sign-up."""

import pytest
from flask.testing import FlaskClient

from portal.stores.contract import Replace, Store
from tests.web.pages import (
    IDS,
    SignUp,
    Staff,
    everything,
    first,
    form_of,
    forms,
    heading,
    outcome,
    page_words,
    sent_in,
    tenants_in,
    tree,
    undo_of,
    words,
)

DAYS = {"valid_from": "2026-11-01", "valid_to": "2027-12-31"}


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
    assert "Your access is ready" in page_words(page)


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
    anna.decide(second.id, "activate", account_id="1", company_id="2", cluster="eu")
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
    assert heading(page) == "Your access is ready"
    assert again.id.removeprefix("pending-") in page_words(page)
    for word in ("Jane Doe", "j•••@", "+49"):
        assert word not in page.text


# ---- What is said before, and after


def test_the_renewal_is_the_second_choice_and_lists_the_differences(
    client: FlaskClient, active: str, anna: Staff
) -> None:
    other = sent_in(client, company="Other AG", name="Jane Doe", email="o@other.example")
    page = anna.decide(other.id, "activate", **IDS, **DAYS)
    actions = [each.get("action", "").rpartition("/")[2] for each in tree(page).iter("form")]
    assert actions.index("activate") < actions.index("renew")
    renew = forms(page)[f"/staff/tenants/{other.id}/renew"]
    assert first(renew, ".//button").get("class") is None
    rows = [[words(cell) for cell in row] for row in renew.findall(".//tbody/tr")]
    assert rows == [
        ["Company", "This sign-up Other AG", "Existing tenant Example GmbH"],
        ["Email address", "This sign-up o@other.example", "Existing tenant jane@example.com"],
    ]
    assert "valid through 22 Nov 2027, 24:00 UTC" in words(renew)


def test_a_renewal_that_shortens_asks_first(again: SignUp, anna: Staff, store: Store) -> None:
    form = offered_form(anna, again) | {"valid_to": "2027-01-01"}
    before = everything(store)
    asked = anna.send(again.id, "renew", form)
    assert asked.status_code == 422
    assert "This takes days of access away." in page_words(asked)
    assert everything(store) == before
    agreed = form_of(asked, f"/staff/tenants/{again.id}/renew")
    assert anna.send(again.id, "renew", agreed).status_code == 303


def test_a_term_prolongs_the_existing_licence(
    again: SignUp, active: str, anna: Staff, store: Store
) -> None:
    page = anna.decide(again.id, "activate", **IDS, term="1y")
    form = form_of(page, f"/staff/tenants/{again.id}/renew")
    assert anna.send(again.id, "renew", form).status_code == 303
    assert tenants_in(store)[active]["validTo"] == "2028-11-22T23:59:59.999Z"


def test_what_was_closed_is_said_and_can_be_undone(
    client: FlaskClient, again: SignUp, active: str, anna: Staff, store: Store
) -> None:
    before = everything(store)
    done = anna.get(anna.send(again.id, "renew", offered_form(anna, again)).location)
    assert outcome(done) == (
        "The sign-up of Example GmbH is closed. Its status page now shows the access of Example"
        f" GmbH ({active}). The licence of Example GmbH now ends on 31 December 2027, before: 22"
        " November 2027. It begins on 1 November 2026, before: 23 November 2026."
    )
    undo = f"/staff/tenants/{again.id}/undo-renew"
    undone = anna.send(again.id, "undo-renew", undo_of(done, undo))
    assert undone.status_code == 303
    assert outcome(anna.get(undone.location)) == (
        "The sign-up of Example GmbH is back in the queue. The customer gets a mail that you"
        " look at it again."
    )
    after = tenants_in(store)
    decided = {
        "version", "updatedAt", "decidedVerb", "decidedBy", "decidedAt", "decidedMark",
        "decidedWho", "reopened", "undo",
    }  # fmt: skip
    for tenant_id in (active, again.id):
        changed = {
            name
            for name in {*after[tenant_id], *before[tenant_id]}
            if after[tenant_id].get(name) != before[tenant_id].get(name)
        }
        assert changed <= decided
    assert "Your request is waiting" in page_words(client.get(again.url))
    # Sent again, it changes nothing.
    unchanged = everything(store)
    assert anna.send(again.id, "undo-renew", undo_of(done, undo)).status_code == 303
    assert everything(store) == unchanged


def test_a_renewal_that_a_colleague_has_built_on_is_not_undone(
    again: SignUp, active: str, anna: Staff, ben: Staff, store: Store
) -> None:
    done = anna.get(anna.send(again.id, "renew", offered_form(anna, again)).location)
    undo = undo_of(done, f"/staff/tenants/{again.id}/undo-renew")
    ben.decide(active, "suspend", reason="unpaid")
    before = everything(store)
    answer = anna.send(again.id, "undo-renew", undo)
    assert answer.status_code == 409
    assert "Ben suspended this" in outcome(answer)
    assert everything(store) == before
    # Nor is it offered any more, whatever the address says.
    page = anna.get(f"/staff/tenants/{active}?done=1&closed={again.id}")
    assert "undo-renew" not in page.text


@pytest.mark.parametrize("closed", ["", "1_1", "staff-x", "pending-" + "z" * 26])
def test_an_address_that_names_another_sign_up_confirms_the_decision_only(
    active: str, anna: Staff, closed: str
) -> None:
    page = anna.get(f"/staff/tenants/{active}?done=1&closed={closed}")
    assert outcome(page) == "Example GmbH is active."
    assert "undo-renew" not in page.text


def test_an_activation_is_not_undone_as_a_renewal(
    pending: SignUp, active: str, anna: Staff, store: Store
) -> None:
    form = anna.form(active, "validity")
    before = everything(store)
    assert anna.send(pending.id, "undo-renew", form).status_code == 404
    assert everything(store) == before


def test_the_offer_keeps_the_days_of_the_tenant_where_nobody_typed_others(
    again: SignUp, active: str, anna: Staff, store: Store
) -> None:
    tenant = tenants_in(store)[active]
    window = {"validFrom": "2026-01-01T08:15:30.123Z", "validTo": "2028-02-01T17:45:00.001Z"}
    store.write([Replace({**tenant, **window, "version": 2}, 1)])
    page = anna.decide(again.id, "activate", **IDS)
    form = form_of(page, f"/staff/tenants/{again.id}/renew")
    assert (form["valid_from"], form["valid_to"]) == ("2026-01-01", "2028-02-01")
    assert anna.send(again.id, "renew", form | {"term": "1y"}).status_code == 303
    after = tenants_in(store)[active]
    assert after["validFrom"] == window["validFrom"]
    assert after["validTo"] == "2029-02-01T23:59:59.999Z"


def test_the_offer_suggests_a_year_for_a_tenant_whose_licence_has_ended(
    again: SignUp, active: str, anna: Staff, store: Store
) -> None:
    tenant = tenants_in(store)[active]
    ended = {"validFrom": "2025-01-01T00:00:00.000Z", "validTo": "2026-01-01T17:45:00.001Z"}
    store.write([Replace({**tenant, **ended, "version": 2}, 1)])
    page = anna.decide(again.id, "activate", **IDS)
    form = form_of(page, f"/staff/tenants/{again.id}/renew")
    assert (form["valid_from"], form["valid_to"]) == ("2025-01-01", "2027-11-22")
    assert anna.send(again.id, "renew", form).status_code == 303
    assert tenants_in(store)[active]["validTo"] == "2027-11-22T23:59:59.999Z"
