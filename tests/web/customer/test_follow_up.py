"""Asking again from the status page: what was sent is carried over, and nothing of it is shown."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import create_app, onboarding
from portal.settings import Settings
from portal.stores.contract import Replace, Store
from portal.tenants import Reason
from tests.conftest import SECRET_KEY, Clock
from tests.examples import ANN
from tests.mail.letters_and_facts import read
from tests.strict_client import StrictClient
from tests.web.pages import (
    IDS,
    TYPED,
    SignUp,
    Staff,
    error_beside,
    everything,
    facts,
    form_of,
    heading,
    links,
    page_words,
    sent_in,
    summary,
    tenants_in,
    title,
)
from tests.web.write_cases import send_mail

SHELL = "?account_id=86810&company_id=104348&account_name=Meyer&cluster=eu"


@pytest.fixture
def store(each_store: Store) -> Store:
    return each_store


@pytest.fixture
def rejected(client: FlaskClient, anna: Staff) -> SignUp:
    done = sent_in(client, query=SHELL)
    anna.decide(done.id, "reject", reason="details_missing", message="Which company is it?")
    return done


@pytest.fixture
def ended(client: FlaskClient, anna: Staff, clock: Clock) -> SignUp:
    """A sign-up whose access has ended."""
    done = sent_in(client, query=SHELL)
    anna.decide(done.id, "activate", **IDS)
    clock.advance(days=366)
    return done


def ask(client: FlaskClient, done: SignUp, **typed: str) -> TestResponse:
    """Opens the form and sends it."""
    url = f"{done.url}/again"
    page = client.get(url)
    assert page.status_code == 200, page.text
    form = {name: value for name, value in form_of(page, url).items() if "remove_" not in name}
    return client.post(url, data=form | typed)


def asked(client: FlaskClient, done: SignUp, **typed: str) -> SignUp:
    answer = ask(client, done, **typed)
    assert answer.status_code == 303, answer.text
    assert answer.location.endswith("?done=asked")
    return SignUp(answer.location.partition("?")[0])


# ---- What is carried over


def test_t16_a_rejected_customer_asks_again_and_nothing_personal_is_shown(
    client: FlaskClient, rejected: SignUp, store: Store
) -> None:
    assert links(client.get(rejected.url))["Ask for access again"] == f"{rejected.url}/again"
    page = client.get(f"{rejected.url}/again")
    assert heading(page) == "Ask for access again"
    for personal in ("jane@", "901820", "30901820"):
        assert personal not in page.text
    assert "Leave empty to keep j•••@example.com." in page_words(page)
    assert form_of(page, f"{rejected.url}/again")["company"] == "Example GmbH"
    assert page.headers["X-Robots-Tag"] == "noindex"

    again = asked(client, rejected)
    tenant = tenants_in(store)[again.id]
    before = tenants_in(store)[rejected.id]
    assert tenant["status"] == "pending"
    for name in before:
        if name.startswith(("contact", "account", "company", "cluster")):
            assert tenant[name] == before[name], name
    assert tenant["follows"] == rejected.id
    assert "renews" not in tenant


def test_the_new_page_is_the_customers_and_masks_what_was_carried_over(
    client: FlaskClient, rejected: SignUp
) -> None:
    again = asked(client, rejected)
    page = client.get(f"{again.url}?done=asked")
    assert heading(page) == "Your request is waiting for approval"
    assert "Your request is sent." in page_words(page)
    assert facts(page)["Email address"] == "j•••@example.com"
    assert links(page)["Withdraw"] == f"{again.url}/withdraw"


def test_the_page_before_leads_to_the_new_one(client: FlaskClient, rejected: SignUp) -> None:
    again = asked(client, rejected)
    page = client.get(rejected.url)
    assert (
        "You asked again on 23 November 2026 (UTC). That request waits for a decision."
        in page_words(page)
    )
    assert links(page)["Open its page"] == again.url
    assert "Ask for access again" not in links(page)


def test_what_was_wrong_is_mended_on_the_way(
    client: FlaskClient, rejected: SignUp, store: Store
) -> None:
    again = asked(client, rejected, company="Other AG", email="j@other.example", remove_phone="1")
    tenant = tenants_in(store)[again.id]
    assert tenant["contactCompanyName"] == "Other AG"
    assert tenant["contactEmailAddress"] == "j@other.example"
    assert not [name for name in tenant if name.startswith("contactPhone")]
    assert tenants_in(store)[rejected.id]["contactCompanyName"] == "Example GmbH"


def test_a_wrong_entry_is_named_and_kept(
    client: FlaskClient, rejected: SignUp, store: Store
) -> None:
    before = everything(store)
    page = ask(client, rejected, company="", email="a@b")
    assert page.status_code == 422
    assert title(page).startswith("Error: ")
    assert [id_ for id_, _words in summary(page)] == ["company", "email"]
    assert error_beside(page, "company") == "Enter the company name."
    assert everything(store) == before


# ---- Twice, too late, out of date


def test_the_form_sent_twice_makes_one_request(
    client: FlaskClient, rejected: SignUp, store: Store
) -> None:
    url = f"{rejected.url}/again"
    form = form_of(client.get(url), url)
    first = client.post(url, data=form)
    before = everything(store)
    # The first one waits, so the page does not offer it again; what was sent already is answered.
    assert client.post(url, data=form).location == first.location
    assert everything(store) == before


def test_the_form_sent_once_more_after_back_corrects_the_new_request(
    client: FlaskClient, rejected: SignUp, store: Store
) -> None:
    url = f"{rejected.url}/again"
    form = form_of(client.get(url), url)
    first = SignUp(client.post(url, data=form).location.partition("?")[0])
    answer = client.post(url, data=form | {"company": "Corrected GmbH", "name": "Jane Roe"})
    assert answer.location == f"{first.url}?done=changed"
    assert "Your changes are saved." in page_words(client.get(answer.location))
    tenants = tenants_in(store)
    assert len(tenants) == 2
    assert tenants[first.id]["contactCompanyName"] == "Corrected GmbH"
    assert tenants[first.id]["contactFullName"] == "Jane Roe"
    # What nobody typed anew stays whole, though the form shows it masked.
    assert tenants[first.id]["contactEmailAddress"] == TYPED["email"]


def test_the_form_whose_request_has_no_link_any_more_says_that_it_was_sent(
    client: FlaskClient, rejected: SignUp, store: Store
) -> None:
    url = f"{rejected.url}/again"
    form = form_of(client.get(url), url)
    first = SignUp(client.post(url, data=form).location.partition("?")[0])
    end_url = f"{first.url}/end"
    client.post(end_url, data=form_of(client.get(end_url), end_url))
    before = everything(store)
    answer = client.post(url, data=form | {"company": "Corrected GmbH"})
    assert answer.location == f"{rejected.url}?done=waiting"
    assert everything(store) == before


def test_another_form_while_the_first_request_waits_sends_nothing(
    client: FlaskClient, rejected: SignUp, store: Store
) -> None:
    url = f"{rejected.url}/again"
    forms = [form_of(client.get(url), url) for _ in range(2)]
    client.post(url, data=forms[0])
    before = everything(store)
    answer = client.post(url, data=forms[1])
    assert answer.location == f"{rejected.url}?done=waiting"
    assert "You have asked already." in page_words(client.get(answer.location))
    assert everything(store) == before


def test_staff_who_reopened_it_meanwhile_are_not_asked_again(
    client: FlaskClient, rejected: SignUp, anna: Staff, store: Store
) -> None:
    url = f"{rejected.url}/again"
    form = form_of(client.get(url), url)
    anna.decide(rejected.id, "reopen")
    before = everything(store)
    answer = client.post(url, data=form)
    assert (answer.status_code, answer.location) == (303, rejected.url)
    assert everything(store) == before


@pytest.mark.parametrize("state", ["pending", "active"])
def test_where_nothing_can_be_asked_the_form_leads_back(
    client: FlaskClient, pending: SignUp, anna: Staff, state: str
) -> None:
    if state == "active":
        anna.decide(pending.id, "activate", **IDS)
    answer = client.get(f"{pending.url}/again")
    assert (answer.status_code, answer.location) == (303, pending.url)
    assert not {"Ask to renew", "Ask for access again"} & links(client.get(pending.url)).keys()


@pytest.mark.parametrize("token", ["forged", ""])
def test_f23_a_forged_form_is_shown_again(
    client: FlaskClient, rejected: SignUp, store: Store, token: str
) -> None:
    before = everything(store)
    page = ask(client, rejected, form_token=token, company="Other AG")
    assert page.status_code == 422
    assert "Please send the form again." in page_words(page)
    form = form_of(page, f"{rejected.url}/again")
    assert form["company"] == "Other AG"
    assert everything(store) == before
    assert client.post(f"{rejected.url}/again", data=form).status_code == 303


def test_t2_it_counts_as_a_sign_up_of_its_network(
    settings: Settings, store: Store, clock: Clock, rejected: SignUp
) -> None:
    app = create_app(replace(settings, sign_ups_per_hour=1), store=store, clock=clock.now)
    app.test_client_class = StrictClient
    client = app.test_client()
    sent_in(client, email="else@else.example")
    before = everything(store)
    page = ask(client, rejected, company="Other AG")
    assert page.status_code == 429
    assert page.headers["Retry-After"] == "3600"
    assert form_of(page, f"{rejected.url}/again")["company"] == "Other AG"
    assert everything(store) == before


def test_without_an_address_in_the_store_the_sign_up_form_is_filled_in(
    client: FlaskClient, rejected: SignUp, store: Store
) -> None:
    item = dict(tenants_in(store)[rejected.id])
    del item["contactEmailAddress"]
    store.write([Replace(item, int(item["version"]))])
    answer = client.get(f"{rejected.url}/again")
    assert answer.location == "/sign-up?account_id=86810&company_id=104348"


# ---- Renewing


def test_an_access_that_has_ended_can_be_renewed(
    client: FlaskClient, ended: SignUp, store: Store
) -> None:
    page = client.get(ended.url)
    assert links(page)["Ask to renew"] == f"{ended.url}/again"
    assert heading(client.get(f"{ended.url}/again")) == "Ask to renew"
    renewal = asked(client, ended)
    tenant = tenants_in(store)[renewal.id]
    assert (tenant["follows"], tenant["renews"]) == ("86810_104348", "86810_104348")
    page = client.get(renewal.url)
    assert heading(page) == "Your request to renew is waiting for approval"
    assert "Until then your access stays as it is." in page_words(page)
    for words in ("switch on your access", "Your access is ready", "You asked for access"):
        assert words not in page_words(page)
    assert tenant["contactEmailAddress"] == "jane@example.com"
    assert links(client.get(ended.url))["Open its page"] == renewal.url


def test_from_sixty_days_before_the_end_and_not_earlier(
    client: FlaskClient, pending: SignUp, active: str, clock: Clock
) -> None:
    del active
    offered = {}
    for days in (304, 1):
        clock.advance(days=days)
        page = client.get(pending.url)
        offered[clock.now().date().isoformat()] = "Ask to renew" in links(page)
    assert offered == {"2027-09-23": False, "2027-09-24": True}
    assert "It ends soon. You can ask to renew it now." in page_words(page)


def test_staff_renew_with_one_press_and_both_links_show_it(
    client: FlaskClient, ended: SignUp, signed_in: Callable[..., Staff], store: Store
) -> None:
    renewal = asked(client, ended)
    signed_in("Anna", "approver").decide(renewal.id, "renew")
    assert tenants_in(store)["86810_104348"]["validTo"] == "2028-11-23T23:59:59.999Z"
    for done in (ended, renewal):
        page = client.get(done.url)
        assert heading(page) == "Your access is ready"
        assert "Ask to renew" not in links(page)


def test_a_link_to_somebody_elses_tenant_asks_with_its_own_details(
    *,
    client: FlaskClient,
    ended: SignUp,
    signed_in: Callable[..., Staff],
    clock: Clock,
    store: Store,
) -> None:
    other = sent_in(client, query=SHELL, name="John Roe", email="john@else.example", phone="")
    signed_in("Anna", "approver").decide(other.id, "renew", term="1y")
    clock.advance(days=320)
    page = client.get(f"{other.url}/again")
    assert form_of(page, f"{other.url}/again")["name"] == "John Roe"
    for foreign in ("Jane", "j•••@example.com"):
        assert foreign not in page.text
    renewal = asked(client, other)
    assert tenants_in(store)[renewal.id]["contactEmailAddress"] == "john@else.example"
    # The first customer is told, and gets no link to the other one's page.
    page = client.get(ended.url)
    assert "That request waits for a decision." in page_words(page)
    assert "Open its page" not in links(page)


# ---- After the approval


@pytest.mark.parametrize("verb", ["activate", "renew"])
def test_the_page_before_says_that_the_new_request_was_approved(
    *, client: FlaskClient, rejected: SignUp, anna: Staff, verb: str
) -> None:
    if verb == "renew":
        other = sent_in(client, company="Other AG", email="j@other.example")
        anna.decide(other.id, "activate", **IDS)
    again = asked(client, rejected)
    anna.decide(again.id, verb, **(IDS if verb == "activate" else {"term": "1y"}))
    page = client.get(rejected.url)
    assert "You asked again on 23 November 2026 (UTC). That request was approved." in page_words(
        page
    )
    assert links(page)["Open its page"] == again.url
    assert "Ask for access again" not in links(page)
    assert heading(client.get(again.url)) == "Your access is ready"
    german = client.get(rejected.url, headers={"Accept-Language": "de"})
    assert "Diese Anfrage wurde genehmigt." in page_words(german)
    # Staff are led to the tenant.
    shown = page_words(anna.page(rejected.id))
    assert "The customer asked again on 23 Nov 2026:" in shown
    assert "(Active)" in shown


def test_an_access_can_be_renewed_although_an_earlier_request_led_to_another_one(
    client: FlaskClient, ended: SignUp, signed_in: Callable[..., Staff]
) -> None:
    renewal = asked(client, ended)
    url = f"/staff/tenants/{renewal.id}/activate"
    anna = signed_in("Anna", "approver")
    token = {"csrf_token": anna.token(), "version": "1"}
    # The page offers the renewal only; another tab may have been opened before.
    others = {**IDS, "company_id": "7", "valid_from": "2027-11-24", "valid_to": "2028-11-24"}
    assert anna.client.post(url, data=token | others).status_code == 303
    page = client.get(ended.url)
    assert "You asked again on 24 November 2027 (UTC). That request was approved." in page_words(
        page
    )
    assert links(page)["Open its page"] == renewal.url
    assert links(page)["Ask to renew"] == f"{ended.url}/again"


# ---- Keys


def test_the_new_page_is_found_after_the_key_was_changed(
    settings: Settings, store: Store, clock: Clock, client: FlaskClient, rejected: SignUp
) -> None:
    again = asked(client, rejected)
    new_key = replace(
        settings,
        configured_secret_key="another-key-of-more-than-32-characters",
        secret_key_fallbacks=(SECRET_KEY,),
    )
    app: Flask = create_app(new_key, store=store, clock=clock.now)
    assert links(app.test_client().get(rejected.url))["Open its page"] == again.url
    without = create_app(replace(new_key, secret_key_fallbacks=()), store=store, clock=clock.now)
    page = without.test_client().get(rejected.url)
    assert "Open its page" not in links(page)
    assert "You asked again on" in page_words(page)


def test_t16_the_new_link_cannot_be_made_without_the_key(
    client: FlaskClient, rejected: SignUp, store: Store
) -> None:
    again = asked(client, rejected)
    assert re.fullmatch(r"[a-z0-9]{26}[0-9a-f]{32}", again.token)
    assert again.token[26:] not in str(everything(store))


# ---- Staff


def test_staff_see_both_requests_and_that_it_is_a_renewal(
    client: FlaskClient, ended: SignUp, signed_in: Callable[..., Staff]
) -> None:
    anna = signed_in("Anna", "approver")
    renewal = asked(client, ended, name="Jane Roe")
    page = anna.page(renewal.id)
    assert "The customer asks to renew an access: Example GmbH (Active)" in page_words(page)
    tenant = anna.page("86810_104348")
    assert "The customer asked to renew on 24 Nov 2027: Example GmbH (Pending)" in page_words(
        tenant
    )
    assert f"/staff/tenants/{renewal.id}" in links(tenant).values()
    assert "Renewal" in page_words(anna.get("/staff/tenants?status=pending"))


def decisions_of(page: TestResponse, tenant_id: str) -> list[str]:
    """What the page offers to decide, in its order. Who looks after it is no decision."""
    actions = re.findall(rf'action="/staff/tenants/{tenant_id}/(\w+)"', page.text)
    return [action for action in actions if action != "assign"]


def test_the_renewal_is_the_first_decision_and_replaces_the_activation(
    client: FlaskClient, ended: SignUp, signed_in: Callable[..., Staff]
) -> None:
    anna = signed_in("Anna", "approver")
    renewal = asked(client, ended, name="Jane Roe")
    page = anna.page(renewal.id)
    actions = decisions_of(page, renewal.id)
    assert actions[0] == "renew"
    assert "activate" not in actions
    form = anna.form(renewal.id, "renew")
    assert (form["term"], form["existing_id"]) == ("1y", "86810_104348")
    assert "Jane Roe" in page_words(page)


def test_ids_that_belong_to_a_tenant_are_seen_before_anybody_activates(
    client: FlaskClient, active: str, anna: Staff
) -> None:
    other = sent_in(client, query=SHELL, name="Somebody Else", email="else@else.example")
    page = anna.page(other.id)
    actions = decisions_of(page, other.id)
    assert actions[:2] == ["activate", "renew"]
    assert f"Set the validity of {active} instead" in page_words(page)
    assert "Renewal" not in page_words(anna.get("/staff/tenants?status=pending"))


def test_viewers_see_the_requests_and_no_form(
    client: FlaskClient, ended: SignUp, signed_in: Callable[..., Staff]
) -> None:
    renewal = asked(client, ended)
    viewer = signed_in("Vera", "viewer")
    page = viewer.page(renewal.id)
    assert "The customer asks to renew an access:" in page_words(page)
    assert "/renew" not in page.text


def test_the_link_needs_no_cookie_of_the_first_browser(
    rejected: SignUp, new_client: Callable[[], FlaskClient]
) -> None:
    assert ask(new_client(), rejected).status_code == 303


# ---- The answer to a refusal


def test_the_answer_to_a_refusal_comes_with_the_new_request(
    client: FlaskClient, rejected: SignUp, anna: Staff, store: Store
) -> None:
    url = f"{rejected.url}/again"
    page = client.get(url)
    assert "Our message to you Which company is it?" in page_words(page)
    form = form_of(page, url) | {"answer": "The one in Łódź.\nRegards"}
    answer = client.post(url, data=form)
    again = SignUp(answer.location.partition("?")[0])
    shown = page_words(anna.page(again.id))
    assert "Which company is it?" in shown
    assert "The one in Łódź. Regards" in shown
    # The queue marks it, and the history keeps the words after the decision.
    assert "answered" in page_words(anna.get("/staff/tenants?status=pending")).lower()
    anna.decide(again.id, "reject", reason="details_missing")
    assert "The one in Łódź." in page_words(anna.page(again.id))
    before = everything(store)
    # Twice, and once more with other words.
    assert client.post(url, data=form).status_code == 303
    late = client.post(url, data=form | {"answer": "Another one."})
    assert late.status_code == 409
    assert "cannot be changed any more" in page_words(late)
    assert form_of(late, url)["answer"] == "Another one."
    assert everything(store) == before


def test_without_a_message_or_an_answer_there_is_no_question(
    client: FlaskClient, rejected: SignUp, anna: Staff, store: Store
) -> None:
    again = asked(client, rejected)
    assert "question" not in tenants_in(store)[again.id]
    plain = sent_in(client)
    anna.decide(plain.id, "reject", reason="details_missing")
    assert "answer" not in form_of(client.get(f"{plain.url}/again"), f"{plain.url}/again")


# ---- An address that is proved


def prove(app: Flask, client: FlaskClient) -> None:
    """Presses the button behind the link of the mail that is due."""
    texts = "\n".join(read(mail).text() for mail in send_mail(app))
    (link,) = re.findall(r"^http://127.0.0.1:8000(/confirm/\S+)$", texts, re.MULTILINE)
    client.post(link, data=form_of(client.get(link), link))


@pytest.mark.parametrize("email", ["", "other@example.com"])
def test_nobody_proves_the_same_address_twice(
    *, settings: Settings, store: Store, clock: Clock, new_client: Callable[[], FlaskClient],
    email: str,
) -> None:  # fmt: skip
    """On the day of the proof no second mail with such a link may be sent."""
    app = create_app(replace(settings, confirm_address=True), store=store, clock=clock.now)
    app.test_client_class = StrictClient
    client = app.test_client()
    first = sent_in(client, query=SHELL)
    prove(app, client)
    version = int(str(store.get(first.id)["version"]))
    onboarding.reject(
        store, first.id, expected_version=version, audit=ANN, reason=Reason.DETAILS_MISSING
    )
    send_mail(app)
    typed = {"email": email, "phone": "+49 30 901820"} if email else {}
    again = asked(client, first, **typed)
    item = tenants_in(store)[again.id]
    (mail,) = send_mail(app)
    page = page_words(client.get(again.url))
    if email:
        assert item["waitsForAddress"] is True
        assert "/confirm/" in read(mail).text()
        assert "Please confirm your email address" in page
    else:
        assert item["emailConfirmedAt"] == tenants_in(store)[first.id]["emailConfirmedAt"]
        assert "waitsForAddress" not in item
        assert "/confirm/" not in read(mail).text()
        assert "Your email address is confirmed." in page
