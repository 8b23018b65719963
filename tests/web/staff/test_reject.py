"""Rejecting: the reason is for staff, the message is for the customer."""

from flask.testing import FlaskClient

from portal.stores.contract import Store
from tests.conftest import Clock
from tests.web.pages import (
    SignUp,
    Staff,
    facts,
    links,
    outcome,
    page_words,
    sent_in,
    summary,
    tenants_in,
    undo_of,
)


def test_the_customer_reads_the_message_and_not_the_reason(
    client: FlaskClient, pending: SignUp, anna: Staff, store: Store
) -> None:
    message = "Please call us,\nthen ask again. <b>Thanks</b>"
    anna.decide(pending.id, "reject", reason="not_a_customer", message=message)
    tenant = tenants_in(store)[pending.id]
    assert (tenant["status"], tenant["isActive"]) == ("rejected", False)
    assert (tenant["reason"], tenant["message"]) == ("not_a_customer", message)
    page = client.get(pending.url)
    assert "Your request was not approved" in page_words(page)
    assert "Please call us, then ask again. <b>Thanks</b>" in page_words(page)
    assert "Not a customer" not in page_words(page)
    assert facts(anna.page(pending.id))["Reason"] == "Not a customer"


def test_without_a_message_the_customers_page_has_none(
    client: FlaskClient, pending: SignUp, anna: Staff
) -> None:
    anna.decide(pending.id, "reject", reason="other")
    assert "Our message to you" not in page_words(client.get(pending.url))


def test_a_reason_of_another_verb_is_refused(pending: SignUp, anna: Staff) -> None:
    page = anna.decide(pending.id, "reject", reason="unpaid")
    assert page.status_code == 422
    assert summary(page) == [("reject-reason", "Choose one of the reasons.")]


def test_undo_puts_the_sign_up_back_into_the_queue(
    client: FlaskClient, pending: SignUp, anna: Staff, store: Store
) -> None:
    done = anna.decide(pending.id, "reject", reason="duplicate", message="Twice.")
    page = anna.get(done.location)
    undone = anna.send(pending.id, "undo", undo_of(page, f"/staff/tenants/{pending.id}/undo"))
    assert outcome(anna.get(undone.location)) == "Undone: Rejected. Example GmbH is as before."
    tenant = tenants_in(store)[pending.id]
    assert tenant["status"] == "pending"
    assert not {"reason", "message"} & tenant.keys()
    assert "waiting for approval" in page_words(client.get(pending.url))


def test_undo_is_refused_after_a_colleague_has_decided_again(
    pending: SignUp, anna: Staff, ben: Staff, store: Store
) -> None:
    page = anna.get(anna.decide(pending.id, "reject", reason="other").location)
    undo = undo_of(page, f"/staff/tenants/{pending.id}/undo")
    ben.decide(pending.id, "reopen")
    ben.decide(pending.id, "reject", reason="duplicate")
    answer = anna.send(pending.id, "undo", undo)
    assert answer.status_code == 409
    assert tenants_in(store)[pending.id]["reason"] == "duplicate"


def test_the_confirmation_links_to_the_sign_up_that_waits_longest(
    client: FlaskClient, clock: Clock, pending: SignUp, anna: Staff
) -> None:
    clock.advance(minutes=1)
    second = sent_in(client, company="Second AG")
    clock.advance(minutes=1)
    sent_in(client, company="Third AG")
    page = anna.get(anna.decide(pending.id, "reject", reason="other").location)
    assert links(page)["Next: Second AG"] == f"/staff/tenants/{second.id}"


def test_the_confirmation_has_no_next_link_if_no_sign_up_waits(
    pending: SignUp, anna: Staff
) -> None:
    page = anna.get(anna.decide(pending.id, "reject", reason="other").location)
    assert not [text for text in links(page) if text.startswith("Next")]


def test_a_customer_may_ask_again_after_a_rejection_and_staff_see_it(
    client: FlaskClient, pending: SignUp, anna: Staff
) -> None:
    anna.decide(pending.id, "reject", reason="other")
    again = sent_in(client)
    page = anna.page(again.id)
    assert links(page)["Example GmbH"] == f"/staff/tenants/{pending.id}"
    assert "Status Rejected Match Same email address" in page_words(page)
