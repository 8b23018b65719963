"""Staff ask; the customer answers on the status page; the request keeps its place."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import create_app
from portal.settings import Settings
from portal.stores.contract import Store
from tests.conftest import Clock
from tests.mail.letters_and_facts import read
from tests.strict_client import StrictClient
from tests.web.pages import (
    IDS,
    TYPED,
    SignUp,
    Staff,
    by_id,
    error_beside,
    everything,
    facts,
    form_of,
    heading,
    links,
    outcome,
    page_words,
    sent_in,
    summary,
    tenants_in,
    title,
    tree,
    words,
)
from tests.web.write_cases import send_mail

NewClient = Callable[[], FlaskClient]
QUESTION = "Which <b>company</b> is it?\nYou have two."
NOT_ASKED = "Only the customer of a pending sign-up that is not doubtful can be asked."
ANSWER = "The one in\nBerlin & <i>Bonn</i>."


@pytest.fixture
def store(each_store: Store) -> Store:
    return each_store


@pytest.fixture
def asked(pending: SignUp, anna: Staff) -> SignUp:
    """A pending sign-up whose customer was asked, and shall correct company and phone."""
    answer = ask(anna, pending, correct_company="1", correct_phone="1")
    assert answer.status_code == 303
    return pending


def ask(anna: Staff, done: SignUp, **typed: str) -> TestResponse:
    return anna.decide(done.id, "question", text=QUESTION, **typed)


def answer_form(client: FlaskClient, done: SignUp) -> dict[str, str]:
    url = f"{done.url}/answer"
    return form_of(client.get(url), url)


def answer(client: FlaskClient, done: SignUp, **typed: str) -> TestResponse:
    return client.post(f"{done.url}/answer", data=answer_form(client, done) | typed)


def test_the_customer_is_told_by_mail_and_on_the_status_page(
    app: Flask, client: FlaskClient, pending: SignUp, anna: Staff
) -> None:
    send_mail(app)
    ask(anna, pending)
    (mail,) = send_mail(app)
    text = read(mail).text()
    assert "A question about your request for access" in str(read(mail).message["Subject"])
    assert "> Which <b>company</b> is it?" in text
    (path,) = [line.removeprefix("http://127.0.0.1:8000") for line in text.splitlines()
               if line.startswith("http")]  # fmt: skip
    assert heading(client.get(path)) == "Answer the question"

    page = client.get(pending.url)
    assert heading(page) == "We have a question about your request"
    assert "Which <b>company</b> is it? You have two." in page_words(page)
    assert "<b>company" not in page.text
    assert links(page)["Answer the question"] == f"{pending.url}/answer"


def test_the_form_shows_the_fields_that_staff_named_and_masks_them(
    client: FlaskClient, asked: SignUp
) -> None:
    page = client.get(f"{asked.url}/answer")
    form = answer_form(client, asked)
    assert {name for name in form if not name.startswith(("csrf", "form_"))} == {
        "company", "phone", "answer", "version",
    }  # fmt: skip
    assert (form["company"], form["phone"]) == (TYPED["company"], "")
    assert "+49•••20" in page_words(page)
    # Nobody can change an address that is not there, and what was asked is not optional.
    assert "If you change the email address" not in page_words(page)
    assert "Your answer (optional)" not in page_words(page)
    order = [each.get("name") for each in tree(page).iter() if each.get("id")]
    assert order.index("remove_phone") == order.index("phone") + 1
    assert page.headers["X-Robots-Tag"] == "noindex"


def test_an_answer_corrects_the_fields_and_staff_read_both(
    *, app: Flask, client: FlaskClient, asked: SignUp, anna: Staff, store: Store, clock: Clock
) -> None:
    send_mail(app)
    before = tenants_in(store)[asked.id]
    clock.advance(minutes=10)
    done = answer(client, asked, company="Example AG", phone="+49 89 1234567", answer=ANSWER)
    assert (done.status_code, done.location) == (303, f"{asked.url}?done=answered")
    page = client.get(done.location)
    assert "Your answer is sent. Your request keeps its place." in page_words(page)
    assert heading(page) == "Your request is waiting for approval"
    tenant = tenants_in(store)[asked.id]
    assert (tenant["contactCompanyName"], tenant["contactPhone"]) == ("Example AG", "+49891234567")
    for same in ("status", "createdAt", "contactEmailAddress", "contactFullName", "gsi2pk"):
        assert tenant[same] == before[same]
    assert str(tenant["gsi2sk"]).startswith(str(before["createdAt"]))

    card = words(by_id(anna.page(asked.id), "question"))
    assert "Anna asked on 23 Nov 2026, 10:00 UTC Which <b>company</b> is it?" in card
    assert "The customer answered on 23 Nov 2026, 10:10 UTC The one in Berlin & <i>Bonn" in card
    assert "Company When you asked Example GmbH Now Example AG" in card
    assert "Phone number When you asked +49 30 901820 Now +49 89 1234567" in card


def test_whoever_asked_is_told_by_mail_without_the_words(
    app: Flask, client: FlaskClient, asked: SignUp
) -> None:
    send_mail(app)
    answer(client, asked, answer=ANSWER)
    (mail,) = send_mail(app)
    received = read(mail)
    assert received.message["To"] == "anna@staff.example.com"
    assert f"/staff/tenants/{asked.id}" in received.text()
    for text in ("Berlin", TYPED["name"], TYPED["company"], TYPED["email"]):
        assert text not in received.text() + received.text("html")


def test_the_question_and_the_answer_are_in_the_history(
    client: FlaskClient, asked: SignUp, anna: Staff, store: Store, clock: Clock
) -> None:
    clock.advance(minutes=10)
    answer(client, asked, answer=ANSWER)
    clock.advance(minutes=10)
    anna.decide(asked.id, "activate", **IDS)
    page = anna.page(f"{IDS['account_id']}_{IDS['company_id']}")
    shown = page_words(page)
    # The card is gone, the words are not.
    assert 'id="question"' not in page.text
    assert "Question asked Anna, 23 Nov 2026, 10:00 UTC Which <b>company</b> is it?" in shown
    assert "Question answered The customer, 23 Nov 2026, 10:10 UTC The one in Berlin" in shown
    assert "No notes yet." in shown


def test_the_list_says_where_it_stands_and_in_which_place(
    client: FlaskClient, pending: SignUp, anna: Staff, clock: Clock
) -> None:
    clock.advance(minutes=1)
    sent_in(client, company="Second AG", email="second@example.org")

    def queue() -> str:
        return page_words(anna.get("/staff/tenants?status=pending"))

    assert "Asked" not in queue()
    ask(anna, pending)
    assert "Asked" in queue()
    answer(client, pending, answer="Both.")
    listed = queue()
    assert "Answered" in listed
    assert "Asked" not in listed
    assert listed.index("Example GmbH") < listed.index("Second AG")


def test_text_or_a_corrected_field_is_enough_and_nothing_is_not(
    client: FlaskClient, asked: SignUp, anna: Staff, store: Store
) -> None:
    before = everything(store)
    page = answer(client, asked)
    assert page.status_code == 422
    assert title(page).startswith("Error: ")
    assert summary(page) == [("answer", "Write an answer, or correct a detail.")]
    assert error_beside(page, "answer") == "Write an answer, or correct a detail."
    assert everything(store) == before
    assert answer(client, asked, company="Example AG").status_code == 303
    ask(anna, asked)
    assert answer(client, asked, answer="Yes.").status_code == 303


def test_a_wrong_field_is_named_and_what_was_typed_is_kept(
    client: FlaskClient, asked: SignUp, store: Store
) -> None:
    before = everything(store)
    page = answer(client, asked, phone="12", answer=ANSWER)
    assert page.status_code == 422
    assert error_beside(page, "phone")
    assert words(by_id(page, "answer")) == "The one in Berlin & <i>Bonn</i>."
    assert everything(store) == before


def test_fields_that_staff_did_not_name_keep_what_is_stored(
    client: FlaskClient, pending: SignUp, anna: Staff, store: Store
) -> None:
    ask(anna, pending)
    form = answer_form(client, pending)
    assert "company" not in form
    sent = form | {
        "answer": "Yes.", "company": "Sly AG", "email": "sly@example.org", "remove_phone": "1",
    }  # fmt: skip
    assert client.post(f"{pending.url}/answer", data=sent).status_code == 303
    tenant = tenants_in(store)[pending.id]
    assert tenant["contactCompanyName"] == TYPED["company"]
    assert tenant["contactEmailAddress"] == TYPED["email"]
    assert tenant["contactPhone"] == "+4930901820"


def test_a_named_phone_can_be_removed(client: FlaskClient, asked: SignUp, store: Store) -> None:
    assert answer(client, asked, remove_phone="1").status_code == 303
    assert "contactPhone" not in tenants_in(store)[asked.id]


def test_sending_the_answer_twice_is_one_answer(
    client: FlaskClient, asked: SignUp, store: Store
) -> None:
    form = answer_form(client, asked) | {"answer": ANSWER}
    url = f"{asked.url}/answer"
    assert client.post(url, data=form).status_code == 303
    before = everything(store)
    assert client.post(url, data=form).status_code == 303
    assert everything(store) == before


def test_who_answers_an_earlier_question_gets_the_new_one_and_their_words_back(
    client: FlaskClient, asked: SignUp, anna: Staff, store: Store
) -> None:
    form = answer_form(client, asked) | {"answer": ANSWER}
    anna.decide(asked.id, "question", text="And since when?")
    before = everything(store)
    page = client.post(f"{asked.url}/answer", data=form)
    assert page.status_code == 409
    assert "And since when?" in page_words(page)
    assert "The one in Berlin" in page_words(page)
    assert everything(store) == before
    sent = form_of(page, f"{asked.url}/answer")
    assert client.post(f"{asked.url}/answer", data=sent).status_code == 303


@pytest.mark.parametrize("verb", ["reject", "activate"])
def test_who_answers_after_the_decision_is_told_so(
    client: FlaskClient, asked: SignUp, anna: Staff, verb: str
) -> None:
    form = answer_form(client, asked) | {"answer": ANSWER}
    anna.decide(asked.id, verb, **({"reason": "other"} if verb == "reject" else IDS))
    answer = client.post(f"{asked.url}/answer", data=form)
    assert answer.status_code == 303
    assert "Which <b>company" not in page_words(client.get(answer.location))


def test_without_a_question_there_is_nothing_to_answer(
    client: FlaskClient, pending: SignUp, store: Store
) -> None:
    before = everything(store)
    url = f"{pending.url}/answer"
    assert client.get(url).location == pending.url
    token = form_of(client.get(f"{pending.url}/change"), f"{pending.url}/change")["csrf_token"]
    assert client.post(url, data={"csrf_token": token, "answer": "Hi"}).location == pending.url
    assert everything(store) == before


def test_a_form_from_before_a_restart_comes_back_with_what_was_typed(
    client: FlaskClient, asked: SignUp, store: Store
) -> None:
    before = everything(store)
    form = answer_form(client, asked) | {"answer": ANSWER, "csrf_token": "old"}
    page = client.post(f"{asked.url}/answer", data=form)
    assert page.status_code == 400
    assert "The one in Berlin" in page_words(page)
    assert everything(store) == before
    sent = form_of(page, f"{asked.url}/answer")
    assert client.post(f"{asked.url}/answer", data=sent).status_code == 303


def test_the_page_speaks_both_languages(client: FlaskClient, asked: SignUp) -> None:
    page = client.get(f"{asked.url}/answer", headers={"Accept-Language": "de"})
    assert heading(page) == "Rückfrage beantworten"
    assert "Unsere Frage an Sie" in page_words(page)


# ---- Staff


def test_a_question_needs_a_text(anna: Staff, pending: SignUp, store: Store) -> None:
    before = everything(store)
    page = anna.decide(pending.id, "question", text="  ", correct_company="1")
    assert page.status_code == 422
    assert error_beside(page, "question-text")
    assert by_id(page, "question-correct_company").get("checked") is not None
    assert everything(store) == before


def test_the_page_confirms_and_leads_on(
    client: FlaskClient, pending: SignUp, anna: Staff, clock: Clock
) -> None:
    clock.advance(minutes=1)
    sent_in(client, company="Second AG", email="second@example.org")
    done = ask(anna, pending)
    page = anna.get(done.location)
    assert outcome(page) == "The customer of Example GmbH is asked."
    assert "No answer yet." in page_words(page)


def test_a_viewer_cannot_ask(viewer: Staff, pending: SignUp, store: Store) -> None:
    before = tenants_in(store)
    data = {"csrf_token": viewer.token(), "text": QUESTION, "version": "1"}
    assert viewer.send(pending.id, "question", data).status_code == 403
    assert tenants_in(store) == before


def test_only_a_pending_sign_up_can_be_asked(anna: Staff, ben: Staff, pending: SignUp) -> None:
    form = anna.form(pending.id, "question") | {"text": QUESTION}
    ben.decide(pending.id, "reject", reason="other")
    page = anna.send(pending.id, "question", form)
    assert page.status_code == 409
    assert "Ben rejected this" in page_words(page)
    late = anna.send(pending.id, "question", form | {"version": "2"})
    assert late.status_code == 409
    assert NOT_ASKED in page_words(late)


def test_who_is_doubtful_is_not_asked_since_nobody_would_be_told(
    app: Flask, client: FlaskClient, anna: Staff, store: Store
) -> None:
    done = sent_in(client, website="https://robot.example")
    before = everything(store)
    page = anna.page(done.id)
    assert f"/staff/tenants/{done.id}/question" not in page.text
    data = {"csrf_token": anna.token(), "text": QUESTION, "version": "1"}
    refused = anna.send(done.id, "question", data)
    assert refused.status_code == 409
    assert NOT_ASKED in page_words(refused)
    assert everything(store) == before
    # In the queue, it can be.
    anna.decide(done.id, "release")
    send_mail(app)
    assert ask(anna, done).status_code == 303
    assert [mail.recipient for mail in send_mail(app)] == [TYPED["email"]]


def test_who_waits_for_the_address_is_asked(
    settings: Settings, store: Store, clock: Clock, anna: Staff
) -> None:
    app = create_app(replace(settings, confirm_address=True), store=store, clock=clock.now)
    app.test_client_class = StrictClient
    done = sent_in(app.test_client())
    send_mail(app)
    assert ask(anna, done).status_code == 303
    assert [mail.recipient for mail in send_mail(app)] == [TYPED["email"]]


def test_facts_stay_as_they_were(anna: Staff, asked: SignUp) -> None:
    assert facts(anna.page(asked.id))["Name"] == TYPED["name"]
