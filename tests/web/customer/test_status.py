"""The status page: the status, what was sent, and who may see it."""

from collections.abc import Callable
from dataclasses import replace
from zoneinfo import ZoneInfo

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
    SignUp,
    Staff,
    facts,
    heading,
    links,
    page_words,
    sent_in,
    sign_in,
    tree,
    without_tokens,
    words,
)
from tests.web.write_cases import send_mail


def steps(answer: TestResponse) -> list[str]:
    return [words(each) for each in tree(answer).findall(".//ol[@class='steps']/li")]


def test_the_page_shows_the_reference_what_was_sent_and_the_progress(
    client: FlaskClient, pending: SignUp
) -> None:
    page = client.get(pending.url)
    assert heading(page) == "Your request is waiting for approval"
    assert pending.id.removeprefix("pending-") in page_words(page)
    assert steps(page) == [
        "You asked for access Done, 23 Nov 2026, 10:00 UTC",
        "We check your details Still to come",
        "Your access is ready Still to come",
    ]
    assert links(page)["Change your details"] == f"{pending.url}/change"
    assert links(page)["Withdraw"] == f"{pending.url}/withdraw"


def test_t16_personal_details_are_masked(client: FlaskClient, pending: SignUp) -> None:
    page = client.get(pending.url)
    assert facts(page) == {
        "Company": "Example GmbH",
        "Name": "Jane Doe",
        "Email address": "j•••@example.com",
        "Phone number": "+49•••20",
    }
    assert "jane@" not in page.text
    assert "901820" not in page.text


def test_t16_the_page_is_in_no_search_engine_and_in_no_cache(
    client: FlaskClient, pending: SignUp
) -> None:
    for path in ("", "/change", "/withdraw"):
        page = client.get(pending.url + path)
        assert page.headers["X-Robots-Tag"] == "noindex"
        assert page.headers["Cache-Control"] == "no-store"
        (robots,) = [m for m in tree(page).iter("meta") if m.get("name") == "robots"]
        assert robots.get("content") == "noindex"


def test_t16_every_link_that_opens_nothing_gets_the_same_page(
    client: FlaskClient, pending: SignUp, clock: Clock
) -> None:
    reference, secret = pending.token[:26], pending.token[26:]
    tokens = [
        reference + "A" * 32,
        "z" * 26 + secret,
        pending.token[:-1],
        pending.token + "A",
        reference,
        "x",
        pending.token.upper(),
        "%00",
        "%2e%2e",
        "a" * 300,
    ]
    answers = {token: client.get(f"/status/{token}") for token in tokens}
    clock.advance(days=731)
    answers["expired"] = client.get(pending.url)
    assert {answer.status_code for answer in answers.values()} == {404}
    pages = {without_tokens(answer.text) for answer in answers.values()}
    assert len(pages) == 1
    assert "Page not found" in pages.pop()
    for verb in ("change", "withdraw"):
        assert client.get(f"{pending.url}/{verb}").status_code == 404


@pytest.mark.parametrize(("days", "status"), [(30, 200), (30.001, 404)])
def test_a_link_is_valid_as_long_as_the_setting_says(
    settings: Settings, store: Store, clock: Clock, days: float, status: int
) -> None:
    app = create_app(replace(settings, status_link_days=30), store=store, clock=clock.now)
    app.test_client_class = StrictClient
    client = app.test_client()
    done = sent_in(client)
    clock.advance(days=days)
    assert client.get(done.url).status_code == status


def test_the_link_stays_valid_after_activation_and_shows_the_dates(
    client: FlaskClient, pending: SignUp, active: str
) -> None:
    page = client.get(pending.url)
    assert heading(page) == "Your access is ready"
    assert "It is valid through 22 November 2027 (UTC)." in page_words(page)
    assert facts(page)["Account"] == IDS["account_id"]
    assert "Change your details" not in links(page)
    assert steps(page)[1:] == [
        "We check your details Done",
        "Your access is ready Done, 23 November 2026 (UTC)",
    ]
    for verb in ("change", "withdraw"):
        answer = client.get(f"{pending.url}/{verb}")
        assert (answer.status_code, answer.location) == (303, pending.url)


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles"])
def test_page_and_mail_say_the_same_day_in_the_same_zone(
    *, settings: Settings, store: Store, clock: Clock, language: str, zone: str
) -> None:
    app = create_app(replace(settings, time_zone=ZoneInfo(zone)), store=store, clock=clock.now)
    client, colleague = app.test_client(), app.test_client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
    request = sent_in(client)
    sign_in(colleague, store, clock.now(), role="approver", name="Anna")
    days = {"valid_from": "2026-11-23", "valid_to": "2027-12-31"}
    assert Staff(colleague, "Anna").decide(request.id, "activate", **IDS, **days).status_code == 303
    day = {"en": "31 December 2027", "de": "31. Dezember 2027"}[language]
    said = f"{day} ({zone})"
    assert said in page_words(client.get(request.url))
    (mail,) = [each for each in map(read, send_mail(app)) if "2027" in each.text()]
    assert said in " ".join(mail.text().split())


def test_an_end_has_its_day_and_is_not_called_done(
    client: FlaskClient, pending: SignUp, anna: Staff
) -> None:
    anna.decide(pending.id, "reject", reason="other")
    page = client.get(pending.url)
    assert steps(page)[1:] == [
        "We check your details Done",
        "Your request was not approved 23 November 2026 (UTC)",
    ]
    last = tree(page).findall(".//ol[@class='steps']/li")[-1]
    assert last.get("class") == "ended"


def test_the_page_says_when_access_begins_and_when_it_has_ended(
    client: FlaskClient, pending: SignUp, anna: Staff, clock: Clock
) -> None:
    days = {"valid_from": "2026-12-01", "valid_to": "2026-12-31"}
    anna.decide(pending.id, "activate", **IDS, **days)
    headings, latest = [], []
    for _ in range(3):
        page = client.get(pending.url)
        headings.append(heading(page))
        latest.append(steps(page)[2:])
        clock.advance(days=20)
    assert headings == ["Your access is approved", "Your access is ready", "Your access has ended"]
    assert latest == [
        ["Your access is ready Still to come, 1 December 2026 (UTC)"],
        ["Your access is ready Done, 1 December 2026 (UTC)"],
        [
            "Your access began Done, 1 December 2026 (UTC)",
            "Your access has ended 31 December 2026 (UTC)",
        ],
    ]


@pytest.mark.parametrize("first_day", ["2026-11-01", "2026-12-01"])
def test_no_page_of_a_suspended_access_says_that_it_is_ready(
    client: FlaskClient, pending: SignUp, anna: Staff, first_day: str
) -> None:
    anna.decide(pending.id, "activate", **IDS, valid_from=first_day)
    anna.decide("86810_104348", "suspend", reason="unpaid")
    page = client.get(pending.url)
    assert "ready" not in page_words(page)
    began = ["Your access began Done, 1 November 2026 (UTC)"] if first_day == "2026-11-01" else []
    assert steps(page)[2:] == [*began, "Your access is suspended 23 November 2026 (UTC)"]


@pytest.mark.parametrize("status", ["pending", "active", "suspended", "rejected"])
def test_customers_and_staff_read_the_same_word_for_a_status(
    client: FlaskClient, pending: SignUp, anna: Staff, status: str
) -> None:
    tenant_id = pending.id
    if status == "rejected":
        anna.decide(tenant_id, "reject", reason="other")
    if status in ("active", "suspended"):
        anna.decide(tenant_id, "activate", **IDS)
        tenant_id = "86810_104348"
    if status == "suspended":
        anna.decide(tenant_id, "suspend", reason="unpaid")
    badges = {
        words(each)
        for page in (client.get(pending.url), anna.page(tenant_id))
        for root in [tree(page)]
        # What is known of a decision has badges of its own.
        for lamps in [{id(each) for each in root.iterfind(".//*[@id='lamps']//span")}]
        for each in root.iter("span")
        if each.get("class", "").startswith("badge") and id(each) not in lamps
    }
    assert badges == {status.capitalize()}


def test_t6_texts_of_customers_and_staff_stand_inside_hx_disable(
    client: FlaskClient, anna: Staff
) -> None:
    attack = '<div hx-post="/staff" hx-trigger="load">'
    done = sent_in(client, company=attack, name=attack)
    anna.decide(done.id, "reject", reason="other", message=attack)
    for page in (client.get(done.url), anna.page(done.id)):
        assert not tree(page).findall(".//*[@hx-trigger='load']")
        elements = [each for each in tree(page).iter() if attack in (each.text or "")]
        guarded = {
            inner
            for each in tree(page).iter()
            if each.get("hx-disable") is not None
            for inner in each.iter()
        }
        controls = {"title", "textarea"}
        assert elements
        assert {each for each in elements if each.tag not in controls} <= guarded


def test_the_page_needs_no_cookie(
    pending: SignUp, new_client: Callable[[], FlaskClient], app: Flask
) -> None:
    assert new_client().get(pending.url).status_code == 200
