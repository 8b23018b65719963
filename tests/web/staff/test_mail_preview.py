"""Staff read the mail of a rejection or a question as its customer will, before it is sent."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.stores.contract import Replace, Store
from tests.mail.letters_and_facts import read
from tests.web.pages import (
    SignUp,
    Staff,
    error_beside,
    everything,
    form_of,
    outcome,
    page_words,
    sent_in,
    tree,
    words,
)
from tests.web.write_cases import send_mail

WORDS = "Please write from your company's address.\n\n<b>Thank you</b> & goodbye, Jörg"
CASES = [
    ("reject", {"reason": "other", "message": WORDS}, "message"),
    ("question", {"text": WORDS, "correct_phone": "1"}, "text"),
]
VERBS = pytest.mark.parametrize(("verb", "typed", "field"), CASES)


@pytest.fixture
def german(client: FlaskClient, app: Flask) -> SignUp:
    """A sign-up in German. Its first mail has left."""
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "de"
    request = sent_in(client)
    send_mail(app)
    return request


def shown(answer: TestResponse) -> str:
    """The preview in a page or a fragment."""
    (figure,) = [each for each in tree(answer).iter("figure") if each.get("data-focus") is not None]
    return words(figure)


def preview(
    person: Staff, request: SignUp, verb: str, typed: dict[str, str], *, htmx: bool = False
) -> TestResponse:
    form = person.form(request.id, verb) | typed
    return person.send(request.id, f"{verb}/preview", form, htmx=htmx)


@VERBS
@pytest.mark.parametrize("htmx", [False, True])
def test_it_is_the_mail_that_the_customer_gets_then(
    *, app: Flask, german: SignUp, anna: Staff, store: Store, verb: str, typed: dict[str, str],
    field: str, htmx: bool,
) -> None:  # fmt: skip
    before = everything(store)
    answer = preview(anna, german, verb, typed, htmx=htmx)
    assert answer.status_code == 200
    assert ("<html" in answer.text) is not htmx
    assert "<b>Thank" not in answer.text
    seen = shown(answer)
    assert everything(store) == before
    assert send_mail(app) == []
    if not htmx:
        # Nothing typed is lost: the same form sends it now.
        form = form_of(answer, f"/staff/tenants/{german.id}/{verb}")
        assert {name: form[name].strip() for name in typed} == typed
        assert anna.send(german.id, verb, form).status_code == 303
    else:
        anna.decide(german.id, verb, **typed)
    (mail,) = map(read, send_mail(app))
    subject = str(mail.message["Subject"])
    assert subject in seen
    # But for the secret in the link to the status page, which staff do not get.
    real = re.sub(r"/status/[\w-]+", "/status/…", mail.text().strip())
    assert len(re.findall(r"/status/[\w-]{27,}", answer.text)) == 0
    assert " ".join(real.split()) in seen
    assert field in dict(typed)


@VERBS
def test_what_cannot_be_sent_comes_back_with_everything_typed(
    *, german: SignUp, anna: Staff, store: Store, verb: str, typed: dict[str, str], field: str
) -> None:
    wrong = {"reject": {"reason": ""}, "question": {"text": " "}}[verb]
    before = everything(store)
    for htmx in (False, True):
        answer = preview(anna, german, verb, typed | wrong, htmx=htmx)
        assert answer.status_code == 422
        assert answer.headers["HX-Retarget"] == "#tenant"
        assert error_beside(answer, f"{verb}-{next(iter(wrong))}")
        form = form_of(answer, f"/staff/tenants/{german.id}/{verb}")
        kept = {name: text for name, text in typed.items() if name not in wrong}
        assert {name: form[name].strip() for name in kept} == kept
    assert everything(store) == before
    assert field


@VERBS
def test_a_colleague_was_faster(
    *, german: SignUp, anna: Staff, ben: Staff, store: Store, verb: str, typed: dict[str, str],
    field: str,
) -> None:  # fmt: skip
    form = anna.form(german.id, verb) | typed
    ben.decide(german.id, "contact", name="Jane Roe")
    before = everything(store)
    answer = anna.send(german.id, f"{verb}/preview", form)
    assert answer.status_code == 409
    assert "Ben changed the contact" in outcome(answer)
    assert form_of(answer, f"/staff/tenants/{german.id}/{verb}")[field].strip() == WORDS
    ben.decide(german.id, "activate", account_id="1", company_id="2", cluster="eu")
    assert anna.send(german.id, f"{verb}/preview", form).status_code == 409
    assert everything(store) != before


@VERBS
def test_an_expired_form_comes_back(
    *, german: SignUp, anna: Staff, verb: str, typed: dict[str, str], field: str
) -> None:
    form = anna.form(german.id, verb) | typed | {"csrf_token": "expired"}
    answer = anna.send(german.id, f"{verb}/preview", form)
    assert answer.status_code == 400
    assert form_of(answer, f"/staff/tenants/{german.id}/{verb}")[field].strip() == WORDS


@VERBS
def test_only_whoever_may_decide_sees_it(
    *, german: SignUp, anna: Staff, viewer: Staff, client: FlaskClient, verb: str,
    typed: dict[str, str], field: str,
) -> None:  # fmt: skip
    form = anna.form(german.id, verb) | typed
    url = f"/staff/tenants/{german.id}/{verb}/preview"
    own = form | {"csrf_token": viewer.token()}
    assert viewer.client.post(url, data=own).status_code == 403
    assert anna.get(url).status_code == 405
    assert anna.send("pending-" + "0" * 26, f"{verb}/preview", form).status_code == 404
    assert client.post(url, data=form).status_code in (303, 400, 401)
    assert field


def test_a_sign_up_without_an_address_gets_none(pending: SignUp, anna: Staff, store: Store) -> None:
    item = dict(store.get(pending.id))
    del item["contactEmailAddress"], item["gsi4pk"], item["gsi4sk"]
    store.write([Replace(item, 1)])
    answer = preview(anna, pending, "reject", {"reason": "other", "message": WORDS})
    assert shown(answer) == "No mail is sent for this sign-up."


def test_decisions_whose_mail_has_no_words_of_staff_offer_none(
    pending: SignUp, active: str, anna: Staff
) -> None:
    del pending
    assert "Preview the mail" not in page_words(anna.page(active))


def test_the_page_of_staff_is_in_their_language_and_the_mail_in_that_of_the_customer(
    german: SignUp, signed_in: Callable[..., Staff]
) -> None:
    erin = signed_in("Erin", "approver")
    seen = shown(preview(erin, german, "reject", {"reason": "other", "message": "Leider nicht."}))
    assert "The customer gets this mail. Nothing is sent yet." in seen
    assert "Ihre Anfrage wurde abgelehnt" in seen
