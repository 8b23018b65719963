"""Activating: the tenant gets its final id and a validity in calendar days."""

import pytest
from flask.testing import FlaskClient

from portal.stores.contract import Replace, Store
from tests.conftest import Clock
from tests.web.pages import (
    IDS,
    SignUp,
    Staff,
    events_of,
    everything,
    facts,
    form_of,
    ids,
    links,
    outcome,
    page_words,
    sent_in,
    summary,
    tenants_in,
)

SHELL = "?account_id=86810&company_id=104348&account_name=Example&cluster=eu"


def test_activation_moves_the_tenant_to_its_final_id_and_leaves_a_forward(
    pending: SignUp, anna: Staff, store: Store
) -> None:
    before = tenants_in(store)[pending.id]
    anna.decide(pending.id, "activate", **IDS)
    (tenant,) = tenants_in(store).values()
    assert tenant["tenantId"] == "86810_104348"
    assert (tenant["status"], tenant["isActive"], tenant["version"]) == ("active", True, 1)
    assert (tenant["gsi1pk"], tenant["gsi1sk"]) == ("ACCOUNT#86810", "TENANT#86810_104348")
    assert tenant["contactEmailAddress"] == before["contactEmailAddress"]
    assert tenant["createdAt"] == before["createdAt"]
    assert everything(store)[pending.id] == {
        "tenantId": pending.id,
        "forwardTo": "86810_104348",
        "version": 2,
        "statusLink": before["statusLink"],
        "createdAt": before["createdAt"],
        "decidedMark": tenant["decidedMark"],
    }


def test_a_validity_of_one_year_from_today_is_suggested(
    pending: SignUp, anna: Staff, store: Store
) -> None:
    form = anna.form(pending.id, "activate")
    assert (form["valid_from"], form["valid_to"]) == ("2026-11-23", "2027-11-22")
    anna.send(pending.id, "activate", form | IDS)
    (tenant,) = tenants_in(store).values()
    assert tenant["validFrom"] == "2026-11-23T00:00:00.000Z"
    assert tenant["validTo"] == "2027-11-22T23:59:59.999Z"


def test_the_page_says_what_the_days_mean(pending: SignUp, anna: Staff, active: str) -> None:
    page = anna.page(active)
    assert "Both days count. The last day ends at 24:00 UTC." in page_words(page)
    assert facts(page)["Valid through"] == "22 November 2027, 24:00 UTC"


@pytest.mark.parametrize(
    ("term", "end"),
    [("30d", "2027-01-29"), ("1y", "2027-12-30"), ("eoy", "2026-12-31"), ("", "2027-06-30")],
)
def test_a_term_counts_from_the_first_day(
    pending: SignUp, anna: Staff, store: Store, term: str, end: str
) -> None:
    first = "2026-12-31"
    form = anna.form(pending.id, "activate")
    last = form["valid_to"] if term else "2027-06-30"
    days = {"valid_from": first, "valid_to": last, "term": term}
    assert anna.decide(pending.id, "activate", **IDS, **days).status_code == 303
    (tenant,) = tenants_in(store).values()
    assert tenant["validFrom"] == f"{first}T00:00:00.000Z"
    assert tenant["validTo"] == f"{end}T23:59:59.999Z"


def test_a_term_and_another_typed_day_are_refused(
    pending: SignUp, anna: Staff, store: Store
) -> None:
    page = anna.decide(pending.id, "activate", **IDS, valid_to="2026-11-22", term="1y")
    assert page.status_code == 422
    sentence = "Choose a term or type a last day, not both: the term ends on 22 November 2027."
    assert summary(page) == [("activate-valid_to", sentence)]
    # Sent again, the typed day is still one: not the day that the form was shown with.
    form = form_of(page, f"/staff/tenants/{pending.id}/activate")
    assert anna.send(pending.id, "activate", form).status_code == 422
    assert tenants_in(store)[pending.id]["status"] == "pending"
    assert anna.send(pending.id, "activate", form | {"valid_to": ""}).status_code == 303
    (tenant,) = tenants_in(store).values()
    assert tenant["validTo"] == "2027-11-22T23:59:59.999Z"


def test_a_suggested_day_of_yesterdays_form_counts_as_not_typed(
    pending: SignUp, anna: Staff, store: Store
) -> None:
    yesterday = {"valid_to": "2027-11-21", "suggested_to": "2027-11-21"}
    form = anna.form(pending.id, "activate") | IDS | yesterday | {"term": "30d"}
    assert anna.send(pending.id, "activate", form).status_code == 303
    (tenant,) = tenants_in(store).values()
    assert tenant["validTo"] == "2026-12-22T23:59:59.999Z"


@pytest.mark.parametrize("term", ["3y", "1Y", "x"])
def test_an_unknown_term_is_refused(pending: SignUp, anna: Staff, term: str) -> None:
    page = anna.decide(pending.id, "activate", **IDS, term=term)
    assert page.status_code == 422
    assert summary(page) == [("activate-term", "Choose one of the terms.")]


def test_a_fresh_activation_is_not_expiring(active: str, anna: Staff) -> None:
    assert "Expiring" not in page_words(anna.page(active)).partition("History")[0]


def test_the_form_holds_the_ids_that_the_customer_claimed(client: FlaskClient, anna: Staff) -> None:
    sign_up = sent_in(client, query=SHELL)
    form = anna.form(sign_up.id, "activate")
    offered = {name: form[name] for name in ("account_id", "company_id", "account_name", "cluster")}
    assert offered == {
        "account_id": "86810",
        "company_id": "104348",
        "account_name": "Example",
        "cluster": "eu",
    }


@pytest.mark.parametrize(
    ("typed", "kept"), [("EU", "eu"), ("https://us.fsm.cloud.sap/", "us"), ("new-7", "new-7")]
)
def test_a_pasted_host_is_cut_down_to_the_cluster(
    pending: SignUp, anna: Staff, store: Store, typed: str, kept: str
) -> None:
    assert anna.decide(pending.id, "activate", **IDS | {"cluster": typed}).status_code == 303
    (tenant,) = tenants_in(store).values()
    assert tenant["cluster"] == kept


def test_a_cluster_that_an_earlier_version_took_is_shown_as_it_is_and_not_offered(
    client: FlaskClient, anna: Staff, store: Store
) -> None:
    sign_up = sent_in(client, query=SHELL)
    item = tenants_in(store)[sign_up.id]
    store.write([Replace({**item, "cluster": "evil.example/", "version": 2}, 1)])
    cluster = facts(anna.page(sign_up.id))["Cluster"]
    assert cluster == "evil.example/ (not a cluster: programs do not get it)"
    assert anna.form(sign_up.id, "activate")["cluster"] == ""
    assert "evil.example" not in client.get(sign_up.url).text
    assert anna.decide(sign_up.id, "activate").status_code == 422
    assert anna.decide(sign_up.id, "activate", cluster="eu").status_code == 303


def test_activation_removes_the_claim(client: FlaskClient, anna: Staff, store: Store) -> None:
    sign_up = sent_in(client, query=SHELL)
    assert "claim-86810_104348" in everything(store)
    anna.send(sign_up.id, "activate", anna.form(sign_up.id, "activate"))
    assert "claim-86810_104348" not in everything(store)


@pytest.mark.parametrize(
    ("days", "problem"),
    [
        pytest.param(
            {"valid_from": "2026-12-02", "valid_to": "2026-12-01"},
            "The end must not be before the start.",
            id="S07",
        ),
        pytest.param(
            {"valid_from": "2026-01-01", "valid_to": "2026-11-22"},
            "The end must not be in the past.",
            id="past",
        ),
    ],
)
def test_a_validity_that_gives_no_access_is_refused(
    pending: SignUp, anna: Staff, store: Store, days: dict[str, str], problem: str
) -> None:
    page = anna.decide(pending.id, "activate", **IDS, **days)
    assert page.status_code == 422
    assert summary(page) == [("activate-valid_to", problem)]
    shown_again = form_of(page, f"/staff/tenants/{pending.id}/activate")
    assert {name: shown_again[name] for name in days} == days
    assert tenants_in(store)[pending.id]["status"] == "pending"


def test_a_validity_that_ends_today_is_accepted(pending: SignUp, anna: Staff) -> None:
    days = {"valid_from": "2026-11-01", "valid_to": "2026-11-23"}
    assert anna.decide(pending.id, "activate", **IDS, **days).status_code == 303


def test_s06_a_double_click_in_two_tabs_makes_one_tenant_and_one_event(
    pending: SignUp, anna: Staff, store: Store
) -> None:
    form = anna.form(pending.id, "activate") | IDS
    answers = [anna.send(pending.id, "activate", form) for _ in range(3)]
    assert {(answer.status_code, answer.location) for answer in answers} == {
        (303, "/staff/tenants/86810_104348?done=1")
    }
    assert len(events_of(store, "86810_104348")) == 1


def test_s05_the_second_of_two_approvers_gets_a_conflict_and_sees_the_active_tenant(
    pending: SignUp, anna: Staff, ben: Staff, store: Store, clock: Clock
) -> None:
    form = ben.form(pending.id, "activate") | IDS | {"account_id": "1", "company_id": "2"}
    anna.decide(pending.id, "activate", **IDS)
    before = everything(store)
    clock.advance(minutes=2)
    answer = ben.send(pending.id, "activate", form)
    assert answer.status_code == 409
    assert outcome(answer) == "Anna activated this 2 minutes ago."
    assert (
        "Your decision was not saved. Anna activated this at 23 Nov 2026, 10:00 UTC; this is the"
        " tenant now. Check it before you decide again."
    ) in page_words(answer)
    assert "86810_104348" in page_words(answer)
    assert tenants_in(store).keys() == {"86810_104348"}
    assert everything(store)["86810_104348"] == before["86810_104348"]


def test_the_same_decision_of_a_second_person_is_a_conflict(
    pending: SignUp, anna: Staff, ben: Staff
) -> None:
    form = ben.form(pending.id, "activate") | IDS
    anna.decide(pending.id, "activate", **IDS)
    assert ben.send(pending.id, "activate", form).status_code == 409


def test_the_old_address_of_an_activated_tenant_still_opens_it(
    pending: SignUp, active: str, anna: Staff
) -> None:
    page = anna.page(pending.id)
    assert active in page_words(page)
    assert f"/staff/tenants/{active}/validity" in page.text


def test_the_history_begins_with_the_sign_up(active: str, anna: Staff) -> None:
    history = page_words(anna.page(active)).partition("History")[2].partition("Mail to")[0]
    assert "Activated Anna, 23 Nov 2026, 10:00 UTC" in history
    assert history.strip().endswith("Asked for access The customer, 23 Nov 2026, 10:00 UTC")


def test_the_confirmation_links_to_the_next_pending_tenant(
    client: FlaskClient, pending: SignUp, anna: Staff, clock: Clock
) -> None:
    clock.advance(seconds=1)
    second = sent_in(client, company="Second AG")
    page = anna.get(anna.decide(pending.id, "activate", **IDS).location)
    assert outcome(page) == "Example GmbH is active."
    assert links(page)["Next: Second AG"] == f"/staff/tenants/{second.id}"
    assert "Undo" in page_words(page)


def test_only_the_person_who_decided_sees_the_confirmation_for_five_minutes(
    pending: SignUp, anna: Staff, ben: Staff, clock: Clock
) -> None:
    location = anna.decide(pending.id, "activate", **IDS).location
    assert "outcome" not in ids(ben.get(location))
    clock.advance(minutes=5)
    assert outcome(anna.get(location)) == "Example GmbH is active."
    clock.advance(seconds=1)
    assert "outcome" not in ids(anna.get(location))


def test_the_customers_status_link_still_works(
    client: FlaskClient, pending: SignUp, active: str
) -> None:
    page = client.get(pending.url)
    assert page.status_code == 200
    assert "Your access is ready" in page_words(page)
    assert "It is valid through 22 November 2027 (UTC)." in page_words(page)
