"""The link in a mail that proves an address: opening it proves nothing, one press does."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import create_app, onboarding
from portal.address_proofs import PROOF_LIFE, proof_token
from portal.mail import MailError, Problem, Retry
from portal.onboarding.sign_up_limits import SIGN_UPS_IN_ALL
from portal.settings import Settings
from portal.stores.contract import Store
from portal.tenants import AuditInfo
from tests.conftest import SECRET_KEY, Clock
from tests.mail.letters_and_facts import read
from tests.strict_client import StrictClient
from tests.web.customer.test_limits import Senders
from tests.web.customer.test_proof_of_work import accepted_before
from tests.web.failing_store import TroubledStore, before_write
from tests.web.pages import (
    IDS,
    TYPED,
    SignUp,
    Staff,
    error_beside,
    events_of,
    everything,
    facts,
    form_of,
    forms,
    heading,
    links,
    page_words,
    sent_in,
    summary,
    tenants_in,
    title,
)
from tests.web.write_cases import send_mail

NewClient = Callable[[], FlaskClient]
HOST = "http://127.0.0.1:8000"


@pytest.fixture
def store(each_store: Store) -> Store:
    return each_store


def links_in_mail(app: Flask, path: str = "confirm") -> list[str]:
    """The paths of the links of this kind in the mails that are sent now."""
    texts = [read(mail).text() for mail in send_mail(app)]
    found = re.findall(rf"^{HOST}(/{path}/\S+)$", "\n".join(texts), re.MULTILINE)
    # Mail programs cut a link that ends otherwise.
    assert all(link[-1].isalnum() for link in found)
    return found


def link_in_mail(app: Flask) -> str:
    (link,) = links_in_mail(app)
    return link


def press(client: FlaskClient, link: str) -> TestResponse:
    return client.post(link, data=form_of(client.get(link), link))


def is_confirmed(store: Store, done: SignUp) -> bool:
    return "emailConfirmedAt" in tenants_in(store)[done.id]


# ---- One press


def test_a_scanner_that_opens_every_link_first_proves_nothing(
    app: Flask, new_client: NewClient, pending: SignUp, store: Store
) -> None:
    link = link_in_mail(app)
    before = everything(store)
    scanner = new_client()
    for _ in range(3):
        assert scanner.get(link).status_code == 200
        assert scanner.head(link).status_code == 200
    assert everything(store) == before
    # The customer, on a device that never saw the form.
    page = new_client().get(link)
    assert heading(page) == "Confirm your email address"
    assert "j•••@example.com" in page_words(page)
    assert TYPED["email"] not in page.text
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert list(form_of(page, link)) == ["press"]


def test_the_press_is_noted_and_leads_to_the_status_page(
    app: Flask, new_client: NewClient, pending: SignUp, store: Store, clock: Clock
) -> None:
    link = link_in_mail(app)
    clock.advance(minutes=3)
    client = new_client()
    answer = press(client, link)
    assert answer.status_code == 303
    assert is_confirmed(store, pending)
    page = client.get(answer.location)
    assert "Your email address is confirmed." in page_words(page)
    assert pending.token[:26] in page_words(page)
    (event,) = events_of(store, pending.id)
    assert (event.verb, event.by) == ("confirm_email", "customer")
    assert event.request_id == answer.headers["X-Request-Id"]


def test_a_device_that_sends_no_cookies_can_press(
    app: Flask, pending: SignUp, store: Store, new_client: NewClient
) -> None:
    link = link_in_mail(app)
    data = form_of(new_client().get(link), link)
    # Another client: it has no cookie of the one that opened the page.
    assert new_client().post(link, data=data).status_code == 303
    assert is_confirmed(store, pending)


def test_pressing_twice_is_one_change(
    app: Flask, client: FlaskClient, pending: SignUp, store: Store, clock: Clock
) -> None:
    link = link_in_mail(app)
    data = form_of(client.get(link), link)
    first = client.post(link, data=data)
    before = everything(store)
    clock.advance(hours=2)
    again = client.post(link, data=data)
    assert (again.status_code, again.location) == (303, first.location)
    assert everything(store) == before
    assert heading(client.get(link)) == "Your email address is confirmed"


@pytest.mark.parametrize("spoil", ["nothing", "forged", "of another link", "too old"])
def test_a_form_that_nobody_was_shown_proves_nothing(
    *, app: Flask, client: FlaskClient, pending: SignUp, store: Store, clock: Clock, spoil: str
) -> None:
    link = link_in_mail(app)
    data = form_of(client.get(link), link)
    match spoil:
        case "nothing":
            data = {"press": ""}
        case "forged":
            data = {"press": data["press"][:-9] + "AAAAAAAAA"}
        case "of another link":
            sent_in(client, email="other@example.org")
            other = link_in_mail(app)
            data = form_of(client.get(other), other)
        case "too old":
            clock.advance(hours=24, seconds=1)
    answer = client.post(link, data=data)
    assert answer.status_code == 400
    assert title(answer).startswith("Error: ")
    assert summary(answer) == [("", "Please press the button once more.")]
    assert not is_confirmed(store, pending)
    # The page that came back works.
    assert client.post(link, data=form_of(answer, link)).status_code == 303
    assert is_confirmed(store, pending)


def test_another_site_cannot_press(
    app: Flask, client: FlaskClient, pending: SignUp, store: Store
) -> None:
    link = link_in_mail(app)
    data = form_of(client.get(link), link)
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert client.post(link, data=data, headers=headers).status_code == 403
    assert not is_confirmed(store, pending)


# ---- Which links


@pytest.mark.parametrize("spoil", ["cut", "forged", "other address", "other link", "unknown"])
def test_t16_any_other_link_is_not_found(
    *, app: Flask, client: FlaskClient, pending: SignUp, store: Store, clock: Clock, spoil: str
) -> None:
    link = link_in_mail(app)
    stored = str(store.get(pending.id)["statusLink"])
    reference, at = pending.token[:26], clock.now()
    email = TYPED["email"]
    forged = {
        "cut": link[:-4],
        "forged": "/confirm/" + proof_token("another key" * 4, reference, email, stored, at),
        "other address": "/confirm/" + proof_token(SECRET_KEY, reference, "a@b.de", stored, at),
        "other link": "/confirm/" + proof_token(SECRET_KEY, reference, email, "f" * 64, at),
        "unknown": "/confirm/" + proof_token(SECRET_KEY, "a" * 26, email, stored, at),
    }[spoil]
    assert proof_token(SECRET_KEY, reference, email, stored, at) == link.removeprefix("/confirm/")
    assert client.get(forged).status_code == 404
    assert client.post(forged, data={"press": "x"}).status_code == 404
    assert not is_confirmed(store, pending)


def test_the_link_is_too_old_after_seven_days_and_says_where_a_new_one_is(
    app: Flask, client: FlaskClient, pending: SignUp, store: Store, clock: Clock
) -> None:
    link = link_in_mail(app)
    clock.advance(seconds=PROOF_LIFE / timedelta(seconds=1))
    data = form_of(client.get(link), link)
    clock.advance(seconds=1)
    page = client.get(link)
    assert (page.status_code, heading(page)) == (410, "This link is too old")
    shown = page_words(page)
    assert "Such a link is valid for 7 days. You get a new one on your status page" in shown
    german = client.get(link, headers={"Accept-Language": "de"})
    assert "Ein solcher Link gilt 7 Tage." in page_words(german)
    assert client.post(link, data=data).status_code == 410
    assert not is_confirmed(store, pending)


def test_a_link_to_the_address_before_proves_nothing(
    app: Flask, client: FlaskClient, pending: SignUp, store: Store
) -> None:
    link = link_in_mail(app)
    url = f"{pending.url}/change"
    typed = {"email": "new@example.org", "phone": TYPED["phone"]}
    client.post(url, data=form_of(client.get(url), url) | typed)
    assert client.get(link).status_code == 404


def test_another_address_gets_a_link_of_its_own(
    app: Flask, client: FlaskClient, pending: SignUp, store: Store
) -> None:
    send_mail(app)
    url = f"{pending.url}/change"
    for company, email in (("Example AG", ""), ("Example AG", "new@example.org")):
        typed = {"company": company, "email": email, "phone": TYPED["phone"]}
        form = form_of(client.get(url), url) | typed
        assert client.post(url, data=form).status_code == 303
    (mail,) = send_mail(app)
    assert mail.recipient == "new@example.org"
    (link,) = re.findall(rf"^{HOST}(/confirm/\S+)$", read(mail).text(), re.MULTILINE)
    press(client, link)
    assert is_confirmed(store, pending)


def test_back_and_another_address_sends_the_link_there(
    app: Flask, client: FlaskClient, store: Store
) -> None:
    form = form_of(client.get("/sign-up"), "/sign-up") | TYPED
    client.post("/sign-up", data=form)
    send_mail(app)
    client.post("/sign-up", data=form | {"email": "new@example.org"})
    assert [mail.recipient for mail in send_mail(app)] == ["new@example.org"]
    assert len(tenants_in(store)) == 1


def test_the_link_ends_with_the_status_link_and_with_the_contact(
    *, app: Flask, client: FlaskClient, pending: SignUp, anna: Staff, store: Store, clock: Clock
) -> None:
    link = link_in_mail(app)
    other = sent_in(client, email="other@example.org")
    other_link = link_in_mail(app)
    url = f"{other.url}/end"
    assert client.post(url, data=form_of(client.get(url), url)).status_code == 200
    assert client.get(other_link).status_code == 404
    anna.decide(pending.id, "reject", reason="other")
    audit = AuditInfo(by="retention", at=clock.now())
    onboarding.erase(store, pending.id, expected_version=2, audit=audit)
    assert client.get(link).status_code == 404


@pytest.mark.parametrize(("fallbacks", "status"), [((SECRET_KEY,), 200), ((), 404)])
def test_the_link_lives_as_long_as_its_key(
    *,
    app: Flask,
    pending: SignUp,
    settings: Settings,
    store: Store,
    clock: Clock,
    fallbacks: tuple[str, ...],
    status: int,
) -> None:
    link = link_in_mail(app)
    other = "another-key-that-only-tests-sign-with"
    changed = replace(settings, configured_secret_key=other, secret_key_fallbacks=fallbacks)
    later = create_app(changed, store=store, clock=clock.now)
    later.test_client_class = StrictClient
    assert later.test_client().get(link).status_code == status


def test_after_a_refusal_the_press_leads_to_the_page_that_says_so(
    app: Flask, client: FlaskClient, pending: SignUp, anna: Staff, store: Store
) -> None:
    link = link_in_mail(app)
    anna.decide(pending.id, "reject", reason="other")
    answer = press(client, link)
    assert answer.status_code == 303
    assert heading(client.get(answer.location)) == "Your request was not approved"
    assert not is_confirmed(store, pending)


def test_after_an_approval_the_press_still_counts(
    app: Flask, client: FlaskClient, pending: SignUp, anna: Staff, store: Store
) -> None:
    link = link_in_mail(app)
    anna.decide(pending.id, "activate", **IDS)
    answer = press(client, link)
    assert heading(client.get(answer.location)) == "Your access is ready"
    assert "emailConfirmedAt" in store.get(f"{IDS['account_id']}_{IDS['company_id']}")


# ---- What is shown whole


def test_who_has_proved_the_address_sees_it_whole_for_half_an_hour(
    app: Flask, client: FlaskClient, new_client: NewClient, pending: SignUp, clock: Clock
) -> None:
    # The form came from another browser.
    link = link_in_mail(app)
    masked = facts(client.get(pending.url))
    assert (masked["Email address"], masked["Phone number"]) == ("j•••@example.com", "+49•••20")
    mine = new_client()
    status_page = press(mine, link).location
    whole = facts(mine.get(status_page))
    assert whole["Email address"] == TYPED["email"]
    assert whole["Phone number"] == "+49 30 901820"
    # By the customer's own link as well, in that browser; elsewhere not.
    assert facts(mine.get(pending.url))["Email address"] == TYPED["email"]
    for other in (client, new_client()):
        for url in (pending.url, status_page):
            assert TYPED["email"] not in other.get(url).text
    clock.advance(minutes=30)
    assert TYPED["email"] in mine.get(status_page).text
    clock.advance(seconds=1)
    assert TYPED["email"] not in mine.get(status_page).text


def test_a_proof_of_one_address_shows_no_other(
    app: Flask, client: FlaskClient, new_client: NewClient, pending: SignUp, anna: Staff
) -> None:
    mine = new_client()
    press(mine, link_in_mail(app))
    other = sent_in(client, email="other@example.org")
    assert "other@example.org" not in mine.get(other.url).text
    # Staff note another address, of a colleague: that is not proved.
    anna.decide(pending.id, "contact", email="colleague@example.com")
    page = mine.get(pending.url)
    assert "colleague@example.com" not in page.text
    assert "is not confirmed yet" in page_words(page)


AGAIN = "You change the email address. So enter this again as well, or remove it: Phone number."


def place(name: str, pending: SignUp, anna: Staff) -> str:
    """The address of one of the forms with which a customer can change the address."""
    if name == "answer":
        anna.decide(pending.id, "question", text="Is that your address?", correct_email="1")
    elif name == "again":
        anna.decide(pending.id, "reject", reason="other")
    return f"{pending.url}/{name}"


@pytest.mark.parametrize("name", ["change", "answer", "again"])
def test_t16_who_only_has_the_link_does_not_unmask_the_phone_with_another_address(
    *, app: Flask, client: FlaskClient, pending: SignUp, anna: Staff, store: Store, name: str
) -> None:
    url = place(name, pending, anna)
    send_mail(app)
    page = client.get(url)
    assert "If you change the email address, enter this again." in page_words(page)
    form = form_of(page, url)
    assert "phone" in form
    before = everything(store)
    refused = client.post(url, data=form | {"email": "stranger@else.example"})
    assert refused.status_code == 422
    assert title(refused).startswith("Error: ")
    assert summary(refused) == [("phone", AGAIN)]
    assert error_beside(refused, "phone") == AGAIN
    assert form_of(refused, url)["email"] == "stranger@else.example"
    assert everything(store) == before
    assert send_mail(app) == []
    german = client.post(
        url,
        data=form | {"email": "stranger@else.example"},
        headers={"Accept-Language": "de"},
    )
    assert "Geben Sie deshalb auch dies neu ein" in page_words(german)


@pytest.mark.parametrize("name", ["change", "answer", "again"])
@pytest.mark.parametrize("typed", [{"phone": "+49 89 1234567"}, {"remove_phone": "1"}])
def test_another_address_is_taken_with_the_phone_typed_anew_or_removed(
    *,
    client: FlaskClient,
    pending: SignUp,
    anna: Staff,
    store: Store,
    name: str,
    typed: dict[str, str],
) -> None:
    url = place(name, pending, anna)
    form = form_of(client.get(url), url) | {"email": "new@else.example"}
    assert client.post(url, data=form | typed).status_code == 303
    changed = [
        item
        for item in tenants_in(store).values()
        if item["contactEmailAddress"] == "new@else.example"
    ]
    expected = "+49891234567" if "phone" in typed else None
    assert [item.get("contactPhone") for item in changed] == [expected]


@pytest.mark.parametrize("name", ["change", "answer", "again"])
def test_who_sees_the_details_whole_keeps_the_phone_with_another_address(
    *, app: Flask, client: FlaskClient, pending: SignUp, anna: Staff, store: Store, name: str
) -> None:
    press(client, link_in_mail(app))
    url = place(name, pending, anna)
    page = client.get(url)
    assert "enter this again" not in page_words(page)
    form = form_of(page, url)
    assert ("phone" in form) == (name != "answer")
    assert client.post(url, data=form | {"email": "new@else.example"}).status_code == 303
    numbers = {
        item["contactPhone"]
        for item in tenants_in(store).values()
        if item["contactEmailAddress"] == "new@else.example"
    }
    assert numbers == {"+4930901820"}


def test_t16_a_domain_with_another_letter_is_another_address(
    app: Flask, client: FlaskClient, store: Store
) -> None:
    done = sent_in(client, email="jane@strasse.example")
    press(client, link_in_mail(app))
    assert is_confirmed(store, done)
    url = f"{done.url}/change"
    codes = []
    for browser in (app.test_client(), client):
        form = form_of(browser.get(url), url) | {"email": "jane@straße.example"}
        codes.append(browser.post(url, data=form).status_code)
    assert codes == [422, 303]
    assert not is_confirmed(store, done)
    assert facts(client.get(done.url))["Phone number"] == "+49•••20"


@pytest.mark.parametrize("closed", [False, True])
def test_t16_an_address_that_is_replaced_during_the_press_is_not_shown(
    *, settings: Settings, store: Store, clock: Clock, pending: SignUp, app: Flask, anna: Staff,
    closed: bool,
) -> None:  # fmt: skip
    link = link_in_mail(app)
    meanwhile = TroubledStore(store)
    other = create_app(settings, store=cast("Store", meanwhile), clock=clock.now)
    other.test_client_class = StrictClient
    mine = other.test_client()
    data = form_of(mine.get(link), link)

    def replace_address() -> None:
        anna.decide(pending.id, "contact", email="colleague@example.com")
        if closed:
            anna.decide(pending.id, "reject", reason="other")

    meanwhile.begin(before_write(replace_address))
    assert mine.post(link, data=data).status_code == 404
    assert tenants_in(store)[pending.id]["contactEmailAddress"] == "colleague@example.com"
    assert not is_confirmed(store, pending)
    assert "colleague@example.com" not in mine.get(pending.url).text
    assert facts(mine.get(pending.url))["Phone number"] == "+49•••20"


# ---- Another link


def test_the_customer_has_the_link_sent_again_the_next_day(
    app: Flask, client: FlaskClient, pending: SignUp, store: Store, clock: Clock
) -> None:
    first = link_in_mail(app)
    url = f"{pending.url}/confirm"

    def ask() -> str:
        answer = client.post(url, data=form_of(client.get(pending.url), url))
        assert (answer.status_code, answer.location) == (303, f"{pending.url}?done=link")
        return page_words(client.get(answer.location))

    today = ask()
    said = "If no such mail was sent to this address today, and not too much was asked for from"
    assert f"{said} your network, one is on its way." in today
    assert links_in_mail(app) == []
    clock.advance(days=1)
    tomorrow = ask()
    second = link_in_mail(app)
    assert second != first
    # Whoever asks learns nothing.
    assert re.sub(r"\d+ \w+", "", tomorrow) == re.sub(r"\d+ \w+", "", today)
    assert press(client, second).status_code == 303
    assert is_confirmed(store, pending)
    # And once more, to see the details whole.
    clock.advance(days=1)
    assert "A link by mail shows them whole." in page_words(client.get(pending.url))
    ask()
    assert heading(client.get(link_in_mail(app))) == "Your email address is confirmed"


def test_one_such_mail_goes_to_an_address_a_day_however_many_forms_name_it(
    app: Flask, client: FlaskClient, store: Store
) -> None:
    done = [sent_in(client) for _ in range(3)]
    assert len(links_in_mail(app)) == 1
    for each in done:
        url = f"{each.url}/confirm"
        client.post(url, data=form_of(client.get(each.url), url))
    assert send_mail(app) == []


def test_without_limits_the_mails_are_limited_all_the_same(
    settings: Settings, store: Store, clock: Clock
) -> None:
    app = create_app(replace(settings, sign_ups_per_hour=0), store=store, clock=clock.now)
    app.test_client_class = StrictClient
    for _ in range(5):
        sent_in(app.test_client())
    assert len(links_in_mail(app)) == 1


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_page_speaks_both_languages(
    app: Flask, client: FlaskClient, pending: SignUp, language: str
) -> None:
    page = client.get(link_in_mail(app), headers={"Accept-Language": language})
    expected = {"en": "Confirm your email address", "de": "Bestätigen Sie Ihre E-Mail-Adresse"}
    assert heading(page) == expected[language]


# ---- What waits for it


@pytest.fixture
def waiting_app(settings: Settings, store: Store, clock: Clock) -> Flask:
    app = create_app(replace(settings, confirm_address=True), store=store, clock=clock.now)
    app.test_client_class = StrictClient
    return app


def test_by_setting_a_request_waits_until_the_press(
    waiting_app: Flask, store: Store, anna: Staff
) -> None:
    client = waiting_app.test_client()
    done = sent_in(client)
    page = client.get(done.url)
    assert heading(page) == "Please confirm your email address"
    # What to do is said once.
    assert page_words(page).count("Open the link in") == 1
    assert "Example GmbH" not in page_words(anna.get("/staff/tenants?status=pending"))
    aside = anna.get("/staff/tenants?status=aside")
    assert "Waits for the address" in page_words(aside)
    assert "waits until the customer confirms the email address" in page_words(anna.page(done.id))

    link = link_in_mail(waiting_app)
    assert "Then your request gets to the people who decide" in page_words(client.get(link))
    answer = press(client, link)
    assert heading(client.get(answer.location)) == "Your request is waiting for approval"
    queue = page_words(anna.get("/staff/tenants?status=pending"))
    assert "Example GmbH" in queue
    assert "confirmed" in queue


def test_off_by_default_nothing_waits(client: FlaskClient, anna: Staff) -> None:
    done = sent_in(client)
    # Whoever is asked to open a link is not told that there is nothing to do.
    assert "Open the link in the mail" in page_words(client.get(done.url))
    assert "do not need to do anything" not in page_words(client.get(done.url))
    assert "Example GmbH" in page_words(anna.get("/staff/tenants?status=pending"))


def test_without_javascript_in_a_rush_the_press_takes_the_place_of_the_proof_of_work(
    settings: Settings, store: Store, clock: Clock, anna: Staff
) -> None:
    many = replace(settings, sign_ups_per_hour=10_000)
    app = create_app(many, store=store, clock=clock.now)
    app.test_client_class = StrictClient
    senders = Senders(app)
    accepted_before(store, clock, SIGN_UPS_IN_ALL - 1)
    # The last one that needs neither.
    assert senders.codes("192.0.2.1") == [303]
    send_mail(app)
    answer = senders.send(email="patient@example.net", company="Patient AG", unproved="1")
    assert answer.status_code == 303
    page = senders.client.get(answer.location)
    assert heading(page) == "Please confirm your email address"
    assert "Patient AG" in page_words(anna.get("/staff/tenants?status=aside"))
    press(senders.client, link_in_mail(app))
    assert "Patient AG" in page_words(anna.get("/staff/tenants?q=Patient&status=pending"))


# ---- Staff


def test_staff_see_whether_the_address_is_confirmed(
    app: Flask, client: FlaskClient, pending: SignUp, anna: Staff, clock: Clock
) -> None:
    assert facts(anna.page(pending.id))["Email confirmed"] == "not yet"
    assert "confirmed" not in page_words(anna.get("/staff/tenants?status=pending"))
    clock.advance(minutes=5)
    press(client, link_in_mail(app))
    page = anna.page(pending.id)
    assert facts(page)["Email confirmed"] == "23 Nov 2026, 10:05 UTC"
    assert "Email address confirmed The customer" in page_words(page)
    assert "confirmed" in page_words(anna.get("/staff/tenants?status=pending"))


def test_a_decision_on_the_page_from_before_the_press_says_what_happened(
    app: Flask, client: FlaskClient, pending: SignUp, anna: Staff
) -> None:
    form = anna.form(pending.id, "reject") | {"reason": "other"}
    press(client, link_in_mail(app))
    answer = anna.send(pending.id, "reject", form)
    assert answer.status_code == 409
    assert "The customer confirmed the email address" in page_words(answer)


def test_the_status_page_of_somebody_elses_tenant_offers_no_link(
    client: FlaskClient, pending: SignUp, anna: Staff
) -> None:
    anna.decide(pending.id, "activate", **IDS)
    again = sent_in(client, email="other@example.org")
    page = anna.decide(again.id, "activate", **IDS)
    url = f"/staff/tenants/{again.id}/renew"
    anna.send(again.id, "renew", form_of(page, url))
    assert f"{again.url}/confirm" not in forms(client.get(again.url))


# ---- An address that is corrected before the first mail leaves


@pytest.mark.parametrize("has_had_one", [False, True])
def test_t2_the_corrected_address_gets_one_link_a_day_as_well(
    *, app: Flask, client: FlaskClient, has_had_one: bool
) -> None:
    """The first mail was counted for the address before, and goes to this one now."""
    if has_had_one:
        sent_in(client, email="right@example.com")
        send_mail(app)
    done = sent_in(client, email="typo@example.com")
    url = f"{done.url}/change"
    form = form_of(client.get(url), url) | {"email": "right@example.com", "phone": TYPED["phone"]}
    assert client.post(url, data=form).status_code == 303
    mails = [read(mail) for mail in send_mail(app)]
    assert {mail.recipient for mail in mails} == {"right@example.com"}
    found = [link for mail in mails for link in re.findall(r"/confirm/\S+", mail.text())]
    assert len(found) == (0 if has_had_one else 1)
    if not has_had_one:
        answer = press(client, found[0])
        assert "Your email address is confirmed." in page_words(client.get(answer.location))


# ---- Mail that does not arrive


def test_the_customer_is_told_that_mail_did_not_arrive_and_corrects_the_address(
    app: Flask, client: FlaskClient, pending: SignUp, clock: Clock
) -> None:
    words = "Our mail to your address did not arrive. Please check the address."
    assert words not in page_words(client.get(pending.url))
    send_mail(app, MailError(retry=Retry.LATER, problem=Problem.NOT_NOW))
    # It is tried again.
    assert words not in page_words(client.get(pending.url))
    other = sent_in(client, email="typo@example.com")
    send_mail(app, MailError(retry=Retry.NEVER, problem=Problem.ADDRESS_REFUSED))
    page = client.get(other.url)
    assert words in page_words(page)
    assert "Open the link in the mail" not in page_words(page)
    clock.advance(seconds=1)
    url = links(page)["Change the email address"]
    form = form_of(client.get(url), url) | {"email": "right@example.com", "phone": TYPED["phone"]}
    assert client.post(url, data=form).status_code == 303
    send_mail(app)
    assert words not in page_words(client.get(other.url))
