"""The mails of a tenant on its page: sent, not sent because, and the button that sends again."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.mail import PROBLEM_SENTENCES, Kind, MailError, Notice, Problem, Retry
from portal.onboarding import withdraw
from portal.outbox import note_return
from portal.records import DeliveryState, new_outbox_entry, outbox_item, outbox_key
from portal.stores.contract import Add, Replace, Store
from tests.conftest import Clock
from tests.examples import CUSTOMER
from tests.mail.letters_and_facts import entries
from tests.web.pages import (
    TYPED,
    SignUp,
    Staff,
    error_beside,
    form_of,
    forms,
    links,
    live_words,
    outcome,
    page_words,
    sent_in,
)
from tests.web.write_cases import send_mail

REFUSED = MailError(retry=Retry.NEVER, problem=Problem.ADDRESS_REFUSED, detail="550 5.1.1")
GREYLISTED = MailError(retry=Retry.LATER, problem=Problem.NOT_NOW, detail="450 4.2.0")


def mails(answer: TestResponse) -> str:
    # The last of them: a lamp is called so as well.
    words = page_words(answer).rpartition("Mail to the customer")[2].partition("Notes")[0]
    # Without the field in front of the button.
    before, field, after = words.partition("Second email address (optional)")
    return (
        f"{before}{after.partition('be delivered.')[2].strip()}".strip()
        if field
        else before.strip()
    )


def again(tenant_id: str) -> str:
    return f"/staff/tenants/{tenant_id}/send-again"


def test_the_page_says_that_a_mail_is_on_its_way_and_then_when_it_was_sent(
    app: Flask, pending: SignUp, anna: Staff, clock: Clock
) -> None:
    assert mails(anna.page(pending.id)) == "Request received 23 Nov 2026, 10:00 UTC On its way."
    clock.advance(minutes=3)
    send_mail(app)
    assert mails(anna.page(pending.id)) == (
        "Request received 23 Nov 2026, 10:00 UTC Sent on 23 Nov 2026, 10:03 UTC. Send again:"
        " Request received"
    )


def test_the_page_says_why_a_mail_was_not_sent(app: Flask, pending: SignUp, anna: Staff) -> None:
    send_mail(app, GREYLISTED)
    assert (
        "Not sent yet. The mail server does not take mail for this address at the moment."
        " (450 4.2.0) It is tried again." in mails(anna.page(pending.id))
    )
    anna.send(pending.id, "send-again", form_of(anna.page(pending.id), again(pending.id)))
    send_mail(app, REFUSED)
    assert "Not sent. The mail server refused this address. (550 5.1.1)" in mails(
        anna.page(pending.id)
    )


def test_a_file_is_not_called_sent(app: Flask, pending: SignUp, anna: Staff, store: Store) -> None:
    send_mail(app)
    (entry,) = entries(store)
    written = replace(entry, version=entry.version + 1, way="file")
    store.write([Replace(outbox_item(written), entry.version)])
    assert "sent to nobody: no mail server is set up." in mails(anna.page(pending.id))


def test_a_mail_is_sent_again_and_the_page_says_by_whom(
    app: Flask, pending: SignUp, anna: Staff, clock: Clock
) -> None:
    first = send_mail(app)
    clock.advance(minutes=3)
    form = form_of(anna.page(pending.id), again(pending.id))
    answer = anna.send(pending.id, "send-again", form)
    assert (answer.status_code, answer.location) == (303, f"/staff/tenants/{pending.id}")
    page = anna.page(pending.id)
    assert mails(page).startswith("Request received Anna, 23 Nov 2026, 10:03 UTC On its way.")
    # While it is on its way there is nothing to press.
    assert again(pending.id) not in forms(page)
    second = send_mail(app)
    assert [mail.recipient for mail in first + second] == [TYPED["email"]] * 2
    # It was asked for, so no mail program may take it for the first one.
    assert first[0].message_id != second[0].message_id


def test_with_htmx_the_page_is_swapped_and_says_so(
    app: Flask, pending: SignUp, anna: Staff
) -> None:
    send_mail(app)
    form = form_of(anna.page(pending.id), again(pending.id))
    answer = anna.send(pending.id, "send-again", form, htmx=True)
    assert answer.status_code == 200
    assert outcome(answer) == live_words(answer) == "The mail is sent again."


def test_a_form_that_is_sent_twice_sends_one_mail(
    app: Flask, pending: SignUp, anna: Staff, ben: Staff, store: Store
) -> None:
    send_mail(app)
    forms_of_both = [
        (person, form_of(person.page(pending.id), again(pending.id))) for person in (anna, ben)
    ]
    for person, form in [*forms_of_both, forms_of_both[0]]:
        assert person.send(pending.id, "send-again", form).status_code == 303
    assert len(entries(store)) == 2


@pytest.mark.parametrize("given", ["unknown", "of another", "no mail", ""])
def test_only_a_mail_of_this_tenant_is_sent_again(
    *, app: Flask, client: FlaskClient, pending: SignUp, anna: Staff, store: Store, given: str
) -> None:
    other = sent_in(client, email="other@example.com")
    send_mail(app)
    mail_of_other = next(each.id for each in entries(store) if each.tenant_id == other.id)
    form = form_of(anna.page(pending.id), again(pending.id))
    form["mail"] = {
        "unknown": f"{form['mail']}0", "of another": mail_of_other, "no mail": pending.id,
    }.get(given, given)  # fmt: skip
    assert anna.send(pending.id, "send-again", form).status_code == 404
    assert len(entries(store)) == 2


def test_a_viewer_sees_the_mails_and_no_button(
    app: Flask, pending: SignUp, viewer: Staff, anna: Staff
) -> None:
    send_mail(app)
    form = form_of(anna.page(pending.id), again(pending.id))
    page = viewer.page(pending.id)
    assert "Sent on" in mails(page)
    assert again(pending.id) not in forms(page)
    own = form | {"csrf_token": viewer.token()}
    assert viewer.send(pending.id, "send-again", own).status_code == 403


def test_reading_sends_nothing(app: Flask, pending: SignUp, anna: Staff, store: Store) -> None:
    send_mail(app)
    assert anna.get(again(pending.id)).status_code == 405
    assert len(entries(store)) == 1


def test_what_is_not_true_any_more_is_not_offered(
    app: Flask, pending: SignUp, anna: Staff, store: Store, clock: Clock
) -> None:
    send_mail(app)
    clock.advance(minutes=1)
    assert again(pending.id) in forms(anna.page(pending.id))
    withdraw(store, pending.id, expected_version=1, audit=CUSTOMER)
    assert again(pending.id) not in forms(anna.page(pending.id))
    assert {entry.state for entry in entries(store)} == {DeliveryState.SENT}


def test_an_end_that_has_moved_away_is_not_announced_again(
    app: Flask, active: str, anna: Staff, store: Store, clock: Clock
) -> None:
    anna.agree(active, "validity", valid_to="2026-12-07")
    send_mail(app)
    clock.advance(minutes=1)
    entry = new_outbox_entry(active, Kind.EXPIRING.value, "en", clock.now())
    store.write([Add(outbox_item(entry))])
    send_mail(app)
    assert again(active) in forms(anna.page(active))
    clock.advance(minutes=1)
    anna.decide(active, "validity", valid_to="2027-12-07")
    assert again(active) not in forms(anna.page(active))


def test_the_overview_names_what_was_given_up_until_it_is_sent_again(
    app: Flask, pending: SignUp, anna: Staff, clock: Clock
) -> None:
    title = "Mail that could not be sent"
    assert title not in page_words(anna.get("/staff/"))
    send_mail(app, REFUSED)
    page = anna.get("/staff/")
    assert (
        f"{title} Example GmbH : Request received. The mail server refused this address."
        " (550 5.1.1)" in page_words(page)
    )
    assert links(page)["Example GmbH"] == f"/staff/tenants/{pending.id}"
    anna.send(pending.id, "send-again", form_of(anna.page(pending.id), again(pending.id)))
    assert title not in page_words(anna.get("/staff/"))
    clock.advance(minutes=1)
    send_mail(app, REFUSED)
    assert title in page_words(anna.get("/staff/"))
    clock.advance(days=31)
    assert title not in page_words(anna.get("/staff/"))


def test_an_active_tenant_shows_the_mails_of_its_sign_up_as_well(
    app: Flask, active: str, anna: Staff
) -> None:
    send_mail(app)
    shown = mails(anna.page(active))
    assert "Access approved" in shown
    # It was approved before the mail left.
    assert "Request received" in shown
    assert "Not sent, since the tenant was changed before." in shown


@pytest.mark.parametrize("problem", Problem)
def test_every_reason_has_a_sentence_in_german(
    app: Flask,
    pending: SignUp,
    signed_in: Callable[..., Staff],
    problem: Problem,
) -> None:
    dora = signed_in("Dora", "approver")
    send_mail(app, MailError(retry=Retry.NEVER, problem=problem))
    page = dora.get(f"/staff/tenants/{pending.id}", headers={"Accept-Language": "de"})
    shown = page_words(page).partition("E-Mails an den Kunden")[2].partition("Notizen")[0]
    assert "Nicht gesendet. " in shown
    assert "Noch einmal senden" in shown
    assert PROBLEM_SENTENCES[problem] not in shown
    assert problem.value not in shown.split()


def test_the_page_says_that_a_mail_came_back_and_why(
    app: Flask, pending: SignUp, anna: Staff, store: Store, clock: Clock
) -> None:
    send_mail(app)
    (entry,) = entries(store)
    key = outbox_key(entry.id)
    late = Notice(id="1", key=key, is_hard=False, reason="mailbox_full 4.2.2")
    note_return(store, late, clock.now())
    assert (
        "Sent, but it has not arrived so far. The mailbox is full. (4.2.2) Reports: 1. Send again:"
        " Request received" in mails(anna.page(pending.id))
    )
    clock.advance(minutes=5)
    over = Notice(id="2", key=key, is_hard=True, reason="no_such_address 5.1.1")
    note_return(store, over, clock.now())
    page = anna.page(pending.id)
    assert (
        "Came back on 23 Nov 2026, 10:05 UTC. There is no such address. (5.1.1) Send again:"
        " Request received" in mails(page)
    )
    overview = page_words(anna.get("/staff/"))
    assert "There is no such address. (5.1.1)" in overview
    anna.send(pending.id, "send-again", form_of(page, again(pending.id)))
    assert "There is no such address" not in page_words(anna.get("/staff/"))


def test_a_mail_that_was_unwanted_has_arrived(
    app: Flask, pending: SignUp, anna: Staff, store: Store, clock: Clock
) -> None:
    send_mail(app)
    (entry,) = entries(store)
    unwanted = Notice(id="1", key=outbox_key(entry.id), is_hard=False, reason="complaint")
    note_return(store, unwanted, clock.now())
    assert (
        "Sent on 23 Nov 2026, 10:00 UTC. The customer's mail program reported it as unwanted."
        in mails(anna.page(pending.id))
    )


def test_a_second_address_is_added_and_the_mail_goes_there(
    app: Flask, pending: SignUp, anna: Staff, store: Store, clock: Clock
) -> None:
    send_mail(app)
    clock.advance(minutes=1)
    form = form_of(anna.page(pending.id), again(pending.id))
    refused = anna.send(pending.id, "send-again", form | {"address": "no address"})
    assert refused.status_code == 422
    assert "This is no email address." in page_words(refused)
    assert "Enter an email address" in error_beside(refused, "again-address")
    # What was typed is still there.
    assert form_of(refused, again(pending.id))["address"] == "no address"
    assert len(entries(store)) == 1
    answer = anna.send(pending.id, "send-again", form | {"address": " office@Other.example "})
    assert answer.status_code == 303
    clock.advance(minutes=1)
    (mail,) = send_mail(app)
    assert mail.recipient == "office@other.example"
    page = page_words(anna.page(pending.id))
    assert "Request received, to the second address" in page
    assert "Second email address: office@other.example" in page
