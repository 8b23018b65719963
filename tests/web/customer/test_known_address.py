"""F17, T4: nobody can learn from a response whether an address is known."""

import statistics
import time

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.stores.contract import Store
from tests.conftest import Clock
from tests.web.pages import TYPED, Staff, form_of, links, sent_in, tenants_in, without_tokens

PAIRS = 200
KNOWN = "known@example.com"


def answers_to(client: FlaskClient, email: str) -> list[tuple[int, list[tuple[str, str]], str]]:
    """All responses to a customer with this address, without tokens and ids."""
    client.delete_cookie("portal")  # a browser of its own
    form = form_of(client.get("/sign-up"), "/sign-up") | TYPED | {"email": email}
    answers = []
    for answer in (client.post("/sign-up", data=form), client.post("/sign-up", data=form)):
        page = client.get(answer.location)
        for each in (answer, page):
            headers = [
                (name, without_tokens(value))
                for name, value in each.headers
                if name not in ("X-Request-Id", "Set-Cookie")
            ]
            answers.append((each.status_code, headers, without_tokens(each.text)))
    return answers


def test_f17_a_known_address_is_answered_byte_by_byte_like_a_new_one(
    client: FlaskClient, anna: Staff
) -> None:
    known = sent_in(client, email=KNOWN)
    anna.decide(known.id, "activate", account_id="1", company_id="2")
    other = "other@example.com"
    assert len(KNOWN) == len(other)
    first, second = answers_to(client, KNOWN), answers_to(client, other)
    masked = [(code, headers, text.replace("k•••", "o•••")) for code, headers, text in first]
    assert masked == second


def test_f17_staff_see_the_known_address_and_the_second_sign_up_is_separate(
    client: FlaskClient, anna: Staff, store: Store
) -> None:
    first, second = sent_in(client, email=KNOWN), sent_in(client, email=KNOWN, company="Other AG")
    assert tenants_in(store).keys() == {first.id, second.id}
    assert links(anna.page(second.id))["Example GmbH"] == f"/staff/tenants/{first.id}"


def _ratio(app: Flask, clock: Clock) -> float:
    """CPU of a sign-up with a known address over one with a new address: medians of pairs."""
    # A plain client: the strict one parses pages, and that would be measured as well.
    client = FlaskClient(app, app.response_class)
    forms = []
    page = client.get("/sign-up")
    csrf = form_of(page, "/sign-up")["csrf_token"]
    for number in range(PAIRS):
        for email in (KNOWN, f"new{number}@example.com"):
            token = app.extensions["portal"].links.new_form_token(clock.now())
            forms.append(
                TYPED | {"csrf_token": csrf, "form_token": token, "email": email, "another": "1"}
            )
    spent: tuple[list[float], list[float]] = ([], [])
    for number, form in enumerate(forms):
        start = time.process_time()
        answer = client.post("/sign-up", data=form)
        spent[number % 2].append(time.process_time() - start)
        assert answer.status_code == 303
    return statistics.median(spent[0]) / statistics.median(spent[1])


def test_t4_a_known_address_takes_as_long_as_a_new_one(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    sent_in(client, email=KNOWN)
    # Another process on the machine may disturb one measurement, or two.
    ratios = []
    for _ in range(3):
        ratios.append(_ratio(app, clock))
        if 0.9 <= ratios[-1] <= 1.1:
            return
    pytest.fail(f"known over new: {ratios}")
