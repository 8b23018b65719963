"""A customer who has lost the link gets it by mail; whoever asks learns nothing, and no link that
was ended comes back by itself."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import create_app, onboarding, queries, records
from portal.address_proofs import PROOF_LIFE
from portal.mail import MailError, Problem, Retry
from portal.mail.customers.request_links import MAX_LISTED
from portal.onboarding.link_mails import ASKED_IN_ALL, ASKED_PER_NETWORK
from portal.records import DeliveryState
from portal.settings import Settings
from portal.stores.contract import Change, Item, Page, Remove, Replace, Store
from portal.stores.schema import Index
from portal.stores.wrapper import StoreWrapper
from portal.tenants import AuditInfo
from tests.conftest import Clock
from tests.mail.letters_and_facts import entries, read
from tests.mail_server import Received
from tests.strict_client import StrictClient
from tests.web.pages import (
    IDS,
    TYPED,
    SignUp,
    Staff,
    error_beside,
    events_of,
    everything,
    form_of,
    forms,
    heading,
    links,
    page_words,
    sent_in,
    summary,
    title,
    without_tokens,
)
from tests.web.write_cases import send_mail

NewClient = Callable[[], FlaskClient]
HOST = "http://127.0.0.1:8000"
URL = "/lost-link"


@pytest.fixture
def store(each_store: Store) -> Store:
    return each_store


def ask(client: FlaskClient, email: str = TYPED["email"], **options: object) -> TestResponse:
    form = form_of(client.get(URL), URL) | {"email": email}
    return client.post(URL, data=form, **options)


def mails(app: Flask) -> list[Received]:
    """The mails with lost links that are sent now."""
    received = [read(mail) for mail in send_mail(app)]
    return [mail for mail in received if "The link to your" in str(mail.message["Subject"])]


def links_in(mail: Received) -> list[str]:
    """The paths of its links, in their order."""
    found = re.findall(rf"^{HOST}(/(?:status|confirm)/\S+)$", mail.text(), re.MULTILINE)
    # Mail programs cut a link that ends otherwise.
    assert all(link[-1].isalnum() for link in found)
    return found


def link_of(app: Flask) -> str:
    (mail,) = mails(app)
    (link,) = links_in(mail)
    return link


def confirm(app: Flask, client: FlaskClient) -> None:
    """Proves the address by the mail that is due."""
    texts = "\n".join(read(mail).text() for mail in send_mail(app))
    link = re.findall(rf"^{HOST}(/confirm/\S+)$", texts, re.MULTILINE)[-1]
    assert press(client, link).status_code == 303


def press(client: FlaskClient, link: str) -> TestResponse:
    return client.post(link, data=form_of(client.get(link), link))


def end_link(client: FlaskClient, status_url: str) -> None:
    url = f"{status_url}/end"
    assert client.post(url, data=form_of(client.get(url), url)).status_code == 200


# ---- The mail


def test_the_link_comes_by_mail_and_opens_the_status_page(
    app: Flask, client: FlaskClient, new_client: NewClient, pending: SignUp
) -> None:
    send_mail(app)
    answer = ask(client)
    assert (answer.status_code, answer.location) == (303, f"{URL}?done=sent")
    page = client.get(answer.location)
    assert heading(page) == "Check your mail"
    assert TYPED["email"] not in page.text
    assert URL not in {each for each in forms(page) if each}
    (mail,) = mails(app)
    assert mail.message["To"] == TYPED["email"]
    (link,) = links_in(mail)
    assert heading(new_client().get(link)) == "Your request is waiting for approval"
    assert pending.token[:26] in link


def test_t52_the_mail_holds_nothing_that_was_typed(
    app: Flask, client: FlaskClient, pending: SignUp
) -> None:
    ask(client)
    (mail,) = mails(app)
    for text in (TYPED["company"], TYPED["name"], "Example", "Jane"):
        assert text not in mail.text() + mail.text("html")


def test_one_mail_lists_every_request_of_the_address_the_newest_first(
    app: Flask, client: FlaskClient, signed_in: Callable[..., Staff], clock: Clock
) -> None:
    done = []
    for number in range(3):
        done.append(sent_in(client, company=f"Company {number}"))
        clock.advance(days=1)
    sent_in(client, email="other@example.org")
    anna = signed_in("Anna", "approver")
    anna.decide(done[0].id, "activate", **IDS)
    anna.decide(done[1].id, "reject", reason="other")
    ask(client, TYPED["email"].upper())
    (mail,) = mails(app)
    assert [link[-58:-32] for link in links_in(mail)] == [each.token[:26] for each in done[::-1]]
    assert [heading(client.get(link)) for link in links_in(mail)] == [
        "Your request is waiting for approval",
        "Your request was not approved",
        "Your access is ready",
    ]
    assert "Request of 25 November 2026" in mail.text()
    assert "Request of 24 November 2026" in mail.text()


def closed_towards_a_tenant(
    app: Flask, client: FlaskClient, anna: Staff, clock: Clock, **typed: str
) -> tuple[SignUp, SignUp]:
    """The tenant of somebody else, and the sign-up that staff closed towards it."""
    other = sent_in(client, email="other@example.org")
    anna.decide(other.id, "activate", **IDS)
    clock.advance(minutes=1)
    query = "?account_id=86810&company_id=104348&cluster=eu"
    mine = sent_in(client, query=query, **typed)
    renew = anna.form(mine.id, "renew") | {"valid_to": "2028-01-31", "term": ""}
    assert anna.send(mine.id, "renew", renew).status_code == 303
    send_mail(app)
    clock.advance(minutes=1)
    return other, mine


def test_who_was_closed_towards_a_tenant_gets_the_link_to_it(
    *, app: Flask, client: FlaskClient, new_client: NewClient, anna: Staff, clock: Clock,
    store: Store,
) -> None:  # fmt: skip
    other, mine = closed_towards_a_tenant(app, client, anna, clock)
    ask(client)
    (mail,) = mails(app)
    assert mail.message["To"] == TYPED["email"]
    (link,) = links_in(mail)
    assert mine.token[:26] in link
    assert other.token[:26] not in mail.text()
    page = new_client().get(link)
    assert heading(page) == "Your access is ready"
    assert "other@" not in page.text
    # The contact of the tenant gets their own link only.
    ask(client, "other@example.org")
    (mail,) = mails(app)
    assert [link[-58:-32] for link in links_in(mail)] == [other.token[:26]]
    # It is a row of no list.
    for query in (f"status=all&q={TYPED['email']}", "status=all"):
        assert mine.id not in anna.get(f"/staff/tenants?{query}").text
    # Nothing of it is left after its retention.
    clock.advance(days=1)
    onboarding.erase_closed_before(store, clock.now(), AuditInfo(by="retention", at=clock.now()))
    assert not [key for key, item in everything(store).items() if TYPED["email"] in str(item)]
    ask(client)
    assert send_mail(app) == []


def test_a_closing_that_is_undone_leaves_the_request_once(
    app: Flask, client: FlaskClient, anna: Staff, clock: Clock, store: Store
) -> None:
    _other, mine = closed_towards_a_tenant(app, client, anna, clock)
    existing = onboarding.find(store, mine.id)
    onboarding.undo_renewal(
        store,
        mine.id,
        expected_version=existing.version,
        audit=AuditInfo(by="Anna", at=clock.now()),
    )
    assert not [each for each in everything(store).values() if "CLOSED" in str(each)]
    ask(client)
    (link,) = links_in(mails(app)[0])
    assert mine.token[:26] in link


def test_whoever_signs_up_with_the_address_again_and_again_pushes_no_proved_request_out(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    mine = sent_in(client)
    confirm(app, client)
    strangers = []
    for _ in range(MAX_LISTED + 2):
        clock.advance(minutes=1)
        strangers.append(sent_in(client).token[:26])
    ask(client)
    (mail,) = mails(app)
    listed = [link[-58:-32] for link in links_in(mail)]
    assert listed == [*strangers[:2:-1], mine.token[:26]]
    assert len(listed) == MAX_LISTED


@pytest.mark.parametrize(
    ("language", "subject", "said"),
    [
        ("en", "The link to your status page", "Somebody asked for the links"),
        ("de", "Der Link zu Ihrer Statusseite", "jemand hat die Links"),
    ],
)
def test_page_and_mail_are_in_the_language_of_whoever_asks(
    *, app: Flask, client: FlaskClient, pending: SignUp, language: str, subject: str, said: str
) -> None:
    send_mail(app)
    headers = {"Accept-Language": language}
    page = client.get(f"{URL}?done=sent", headers=headers)
    assert (
        heading(page)
        == {"en": "Check your mail", "de": "Sehen Sie in Ihrem Postfach nach"}[language]
    )
    ask(client, headers=headers)
    (mail,) = map(read, send_mail(app))
    assert str(mail.message["Subject"]).startswith(subject)
    assert said in mail.text()


def test_t58_the_mail_goes_to_no_second_address_and_staff_do_not_send_it(
    *, app: Flask, client: FlaskClient, pending: SignUp, anna: Staff, store: Store, clock: Clock
) -> None:
    send_mail(app)
    clock.advance(minutes=1)
    anna.decide(pending.id, "reject", reason="other")
    send_mail(app)
    clock.advance(minutes=1)
    ask(client)
    assert len(mails(app)) == 1
    # The button is that of the mail before: nobody can hide it from staff.
    form = anna.form(pending.id, "send-again")
    rejected, asked = entries(store)[-2:]
    assert (rejected.kind, asked.kind) == ("rejected", "links")
    assert form["mail"] == rejected.id
    other = {"address": "b@example.org"}
    answer = anna.send(pending.id, "send-again", form | {"mail": asked.id} | other)
    assert answer.status_code == 404
    assert send_mail(app) == []


def test_lost_links_that_are_given_up_are_on_no_list_that_staff_have_to_clear(
    app: Flask, client: FlaskClient, pending: SignUp, store: Store, clock: Clock
) -> None:
    send_mail(app)
    clock.advance(minutes=1)
    for _ in range(6):
        ask(client)
        refused = MailError(retry=Retry.NEVER, problem=Problem.ADDRESS_REFUSED)
        assert len(send_mail(app, refused)) == 0
        assert entries(store)[-1].state is DeliveryState.GIVEN_UP
        assert queries.undelivered(store, clock.now(), limit=5) == []
        clock.advance(days=1)
    # An earlier version put them there.
    for entry in entries(store)[1:]:
        item = store.get(entry.id)
        keys = {"gsi4pk": records.OUTBOX_GIVEN_UP, "gsi4sk": f"{item['decidedAt']}#{entry.id}"}
        store.write([Replace({**item, **keys}, entry.version)])
    assert queries.undelivered(store, clock.now(), limit=5) == []
    # They hide no mail that somebody has to see to.
    clock.advance(days=-7)
    other = sent_in(client, email="other@example.org")
    send_mail(app, refused)
    clock.advance(days=7)
    (shown,) = queries.undelivered(store, clock.now(), limit=5)
    assert shown.entry.tenant_id == other.id


# ---- Whoever asks learns nothing


def answers(client: FlaskClient, email: str) -> list[tuple[int, list[tuple[str, str]], str]]:
    client.delete_cookie("portal")
    sent = ask(client, email)
    found = []
    for each in (sent, client.get(sent.location)):
        headers = [
            (name, without_tokens(value))
            for name, value in each.headers
            if name not in ("X-Request-Id", "Set-Cookie")
        ]
        found.append((each.status_code, headers, without_tokens(each.text)))
    return found


class Counting(StoreWrapper):
    """Counts the calls, the rows that they read, and the changes that they write."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.calls: list[str] = []

    def get(self, item_id: str) -> Item:
        self.calls.append("get")
        return super().get(item_id)

    def query(self, index: Index, partition: str, **options: Any) -> Page:
        self.calls.append(f"query {index.name}, at most {options['limit']}")
        return super().query(index, partition, **options)

    def write(self, changes: Sequence[Change]) -> None:
        kinds = sorted(type(change).__name__ for change in changes)
        self.calls.append(f"write {' '.join(kinds)}")
        super().write(changes)


def test_t4_a_known_address_is_answered_like_an_unknown_one(
    app: Flask, client: FlaskClient, pending: SignUp
) -> None:
    send_mail(app)
    assert answers(client, TYPED["email"]) == answers(client, "nobody@example.com")
    # Once more on the same day.
    assert answers(client, TYPED["email"]) == answers(client, "nobody@example.com")
    assert len(mails(app)) == 1


def test_t4_t34_it_costs_the_same_calls_and_the_same_changes(
    client: FlaskClient, pending: SignUp, store: Store, settings: Settings, clock: Clock
) -> None:
    for _ in range(30):
        clock.advance(minutes=1)
        sent_in(client, email="often@example.org")
    counting = Counting(store)
    app = create_app(replace(settings, sign_ups_per_hour=5), store=counting, clock=clock.now)
    asking = app.test_client()
    calls = []
    for email in (TYPED["email"], "often@example.org", "nobody@example.com") * 2:
        form = form_of(asking.get(URL), URL) | {"email": email}
        counting.calls.clear()
        assert asking.post(URL, data=form).status_code == 303
        calls.append(list(counting.calls))
    looked = ["query GSI4, at most 3"] * 2
    # What counts the address, the network and all; and the entry of the outbox.
    assert calls[:3] == [[*looked, "write Add Count Count Count"]] * 3
    # An entry was written today: its counter refuses, and that the network asked is counted alone.
    assert calls[3:] == [[*looked, "write Add Count Count Count", "write Count Count"]] * 3


def test_t34_what_was_written_for_an_address_without_requests_goes_when_it_is_due(
    app: Flask, client: FlaskClient, store: Store
) -> None:
    ask(client, "nobody@example.com")
    (entry,) = entries(store)
    assert "nobody@" not in str(store.get(entry.id))
    assert send_mail(app) == []
    assert entries(store) == []


def test_t2_an_address_gets_one_such_mail_a_day_whoever_asks(
    app: Flask, client: FlaskClient, new_client: NewClient, pending: SignUp, clock: Clock
) -> None:
    send_mail(app)
    for number in range(4):
        address = {"REMOTE_ADDR": f"192.0.2.{number}"}
        assert ask(new_client(), environ_overrides=address).status_code == 303
    assert len(mails(app)) == 1
    clock.advance(days=1)
    ask(client)
    ask(client, TYPED["email"].upper())
    assert len(mails(app)) == 1


def test_an_address_without_requests_gets_no_mail(app: Flask, client: FlaskClient) -> None:
    ask(client, "nobody@example.com")
    assert send_mail(app) == []


def test_an_address_at_a_domain_with_eszett_is_not_one_with_ss(
    app: Flask, client: FlaskClient
) -> None:
    sent_in(client, email="jane@straße.example")
    send_mail(app)
    ask(client, "jane@strasse.example")
    assert send_mail(app) == []
    ask(client, "Jane@straße.example")
    assert len(mails(app)) == 1


def test_the_address_before_a_change_gets_no_mail(
    app: Flask, client: FlaskClient, pending: SignUp
) -> None:
    send_mail(app)
    url = f"{pending.url}/change"
    typed = {"email": "new@example.org", "phone": TYPED["phone"]}
    answer = client.post(url, data=form_of(client.get(url), url) | typed)
    assert answer.status_code == 303
    send_mail(app)
    ask(client)
    assert send_mail(app) == []
    ask(client, "new@example.org")
    assert len(mails(app)) == 1


# ---- What becomes of the requests until the mail leaves


def other_address(anna: Staff, request: SignUp, _store: Store, _clock: Clock) -> None:
    anna.decide(request.id, "contact", email="other@example.org")


def erased(anna: Staff, request: SignUp, store: Store, clock: Clock) -> None:
    anna.decide(request.id, "reject", reason="other")
    audit = AuditInfo(by="retention", at=clock.now())
    onboarding.erase(store, request.id, expected_version=2, audit=audit)


def removed(_anna: Staff, request: SignUp, store: Store, _clock: Clock) -> None:
    store.write([Remove(request.id, 1)])


@pytest.mark.parametrize("becomes", [other_address, erased, removed])
def test_t52_the_mail_goes_to_the_address_that_was_typed_and_to_no_other(
    *,
    app: Flask,
    client: FlaskClient,
    anna: Staff,
    store: Store,
    clock: Clock,
    becomes: Callable[[Staff, SignUp, Store, Clock], None],
) -> None:
    older = sent_in(client)
    clock.advance(minutes=1)
    newest = sent_in(client)
    send_mail(app)
    clock.advance(minutes=1)
    ask(client, TYPED["email"].upper())
    becomes(anna, newest, store, clock)
    (mail,) = mails(app)
    assert mail.message["To"] == TYPED["email"]
    (link,) = links_in(mail)
    assert older.token[:26] in link


def test_t52_an_address_that_no_request_has_any_more_gets_nothing_nor_does_another(
    app: Flask, client: FlaskClient, pending: SignUp, anna: Staff, store: Store
) -> None:
    send_mail(app)
    ask(client)
    anna.decide(pending.id, "contact", email="other@example.org")
    assert mails(app) == []
    # The one who has the request now gets their own mail of this day.
    ask(client, "other@example.org")
    (mail,) = mails(app)
    assert mail.message["To"] == "other@example.org"
    asked = [item for item in everything(store).values() if item.get("verb") == "links"]
    assert len(asked) == 2
    assert "example" not in str(asked)


def test_who_fills_the_trap_with_an_address_keeps_no_mail_from_its_owner(
    app: Flask, client: FlaskClient, clock: Clock, pending: SignUp, store: Store
) -> None:
    send_mail(app)
    for _ in range(5):
        clock.advance(minutes=1)
        sent_in(client, website="https://robot.example")
    # The index takes these for the same domain.
    sent_in(client, email="jane@straße.example")
    for _ in range(5):
        clock.advance(minutes=1)
        sent_in(client, email="jane@strasse.example")
    send_mail(app)
    ask(client)
    (link,) = links_in(mails(app)[0])
    assert pending.token[:26] in link
    ask(client, "jane@straße.example")
    (mail,) = mails(app)
    assert len(links_in(mail)) == 1


def test_f21_who_filled_the_trap_gets_no_mail(app: Flask, client: FlaskClient) -> None:
    sent_in(client, website="https://robot.example")
    ask(client)
    assert send_mail(app) == []


def test_a_link_that_is_too_old_is_not_sent(
    app: Flask, client: FlaskClient, pending: SignUp, clock: Clock
) -> None:
    send_mail(app)
    clock.advance(days=731)
    ask(client)
    assert send_mail(app) == []


def test_erased_requests_are_not_listed(
    *, app: Flask, client: FlaskClient, pending: SignUp, anna: Staff, store: Store, clock: Clock
) -> None:
    anna.decide(pending.id, "reject", reason="other")
    ask(client)
    # Between asking and sending.
    audit = AuditInfo(by="retention", at=clock.now())
    onboarding.erase(store, pending.id, expected_version=2, audit=audit)
    assert send_mail(app) == []


# ---- Limits


@pytest.fixture
def limited(settings: Settings, store: Store, clock: Clock) -> Flask:
    app = create_app(replace(settings, sign_ups_per_hour=5), store=store, clock=clock.now)
    app.test_client_class = StrictClient
    return app


def test_t2_a_network_may_ask_a_few_times_an_hour(limited: Flask, clock: Clock) -> None:
    client = limited.test_client()
    for number in range(ASKED_PER_NETWORK):
        assert ask(client, f"somebody{number}@example.com").status_code == 303
    answer = ask(client, "one-more@example.com")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) == 3600
    assert summary(answer) == [("", "Too many requests. Try again in 60 minutes.")]
    assert form_of(answer, URL)["email"] == "one-more@example.com"
    assert title(answer).startswith("Error: ")
    # Neither its sign-ups nor other networks are counted by that.
    assert sent_in(client)
    elsewhere = {"REMOTE_ADDR": "192.0.2.77"}
    assert ask(client, "one-more@example.com", environ_overrides=elsewhere).status_code == 303
    clock.advance(hours=1)
    assert ask(client, "one-more@example.com").status_code == 303


def test_t2_the_limit_of_a_network_is_counted_in_the_store(
    limited: Flask, settings: Settings, store: Store, clock: Clock
) -> None:
    client = limited.test_client()
    for number in range(ASKED_PER_NETWORK):
        ask(client, f"somebody{number}@example.com")
    other = create_app(replace(settings, sign_ups_per_hour=5), store=store, clock=clock.now)
    assert ask(other.test_client(), "one-more@example.com").status_code == 429


def test_t2_many_networks_together_leave_a_bounded_number_of_counters(
    limited: Flask, store: Store
) -> None:
    client = limited.test_client()
    form = form_of(client.get(URL), URL)
    codes = []
    for number in range(ASKED_IN_ALL + 30):
        address = {"REMOTE_ADDR": f"198.51.{number // 200}.{number % 200 + 1}"}
        data = form | {"email": f"somebody{number}@example.com"}
        codes.append(client.post(URL, data=data, environ_overrides=address).status_code)
    assert codes == [303] * ASKED_IN_ALL + [429] * 30
    # Counters: one for each address, one for each network, one for all. And an entry of the outbox
    # for each address, until it is due.
    assert len(everything(store)) == 3 * ASKED_IN_ALL + 1
    assert send_mail(limited) == []
    assert len(everything(store)) == 2 * ASKED_IN_ALL + 1


# ---- The form


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Enter your email address."),
        ("jane", "Enter an email address like name@example.com."),
        ("a" * 300 + "@example.com", "Email address is too long."),
    ],
)
def test_a_text_that_is_no_address_comes_back(
    client: FlaskClient, store: Store, typed: str, sentence: str
) -> None:
    before = everything(store)
    answer = ask(client, typed)
    assert answer.status_code == 422
    assert summary(answer) == [("email", sentence)]
    assert sentence in error_beside(answer, "email")
    assert form_of(answer, URL)["email"] == typed
    assert everything(store) == before


def test_f24_a_form_that_has_expired_comes_back_with_the_address(
    client: FlaskClient, new_client: NewClient, store: Store
) -> None:
    form = form_of(new_client().get(URL), URL) | {"email": TYPED["email"]}
    answer = client.post(URL, data=form)
    assert answer.status_code == 400
    assert form_of(answer, URL)["email"] == TYPED["email"]
    assert client.post(URL, data=form_of(answer, URL)).status_code == 303


def test_the_way_there(client: FlaskClient, pending: SignUp) -> None:
    words = "Get the link to your status page by mail"
    assert links(client.get("/sign-up"))[words] == URL
    other = "b" if pending.token.endswith("a") else "a"
    lost = [
        f"/status/{pending.token[:-1]}{other}",
        "/status/x",
        "/confirm/x",
        f"{pending.url}x/change",
    ]
    pages = [client.get(path) for path in lost]
    assert [page.status_code for page in pages] == [404] * 4
    assert [links(page)[words] for page in pages] == [URL] * 4
    # T16: whatever is wrong with a link.
    assert len({without_tokens(page.text) for page in pages}) == 1
    assert words not in links(client.get("/nothing-here"))


# ---- A link that the customer has ended


def test_an_ended_link_does_not_come_back_without_a_proof_of_the_address(
    app: Flask, client: FlaskClient, pending: SignUp
) -> None:
    send_mail(app)
    assert "cannot be undone" in page_words(client.get(f"{pending.url}/end"))
    end_link(client, pending.url)
    ask(client)
    assert send_mail(app) == []


@pytest.fixture
def ended(app: Flask, client: FlaskClient, pending: SignUp) -> SignUp:
    """A request whose customer proved the address, and then ended the link."""
    confirm(app, client)
    assert "you can get a new link by mail" in page_words(client.get(f"{pending.url}/end"))
    end_link(client, pending.url)
    return pending


def test_who_has_proved_the_address_gets_a_page_that_makes_a_new_link(
    *, app: Flask, client: FlaskClient, new_client: NewClient, ended: SignUp, store: Store
) -> None:
    ask(client)
    link = link_of(app)
    before = everything(store)
    scanner = new_client()
    for _ in range(2):
        assert scanner.get(link).status_code == 200
        assert scanner.head(link).status_code == 200
    assert everything(store) == before
    page = new_client().get(link)
    assert heading(page) == "Get a new link to your status page"
    assert list(form_of(page, link)) == ["press"]
    mine = new_client()
    answer = press(mine, link)
    shown = mine.get(answer.location)
    assert heading(shown) == "Your request is waiting for approval"
    assert "The earlier one stays ended." in page_words(shown)
    assert client.get(ended.url).status_code == 404
    # Both in the same second.
    assert {event.verb for event in events_of(store, ended.id)} >= {"end_link", "new_link"}
    # The mail that is opened again leads there as well.
    assert heading(mine.get(link)) == "Your email address is confirmed"
    again = press(mine, link)
    assert again.location.partition("?")[0] == answer.location.partition("?")[0]


def test_a_second_press_of_the_same_page_leads_to_the_same_link(
    app: Flask, client: FlaskClient, ended: SignUp, store: Store
) -> None:
    ask(client)
    link = link_of(app)
    data = form_of(client.get(link), link)
    first = client.post(link, data=data)
    assert first.status_code == 303
    before = everything(store)
    second = client.post(link, data=data)
    assert second.location.partition("?")[0] == first.location.partition("?")[0]
    assert everything(store) == before


def test_the_new_link_is_the_one_of_later_mails(
    app: Flask, client: FlaskClient, ended: SignUp, anna: Staff, clock: Clock
) -> None:
    ask(client)
    status_url = press(client, link_of(app)).location.partition("?")[0]
    anna.decide(ended.id, "activate", **IDS)
    text = "\n".join(read(mail).text() for mail in send_mail(app))
    assert f"{HOST}{status_url}" in text
    assert heading(client.get(status_url)) == "Your access is ready"
    clock.advance(days=1)
    ask(client)
    assert link_of(app) == status_url


def test_the_page_of_one_end_makes_no_link_after_the_next(
    app: Flask, client: FlaskClient, ended: SignUp, store: Store, clock: Clock
) -> None:
    """The customer ends the new link as well, since its mail has come to a stranger."""
    ask(client)
    link = link_of(app)
    old_press = form_of(client.get(link), link)
    new_url = press(client, link).location.partition("?")[0]
    end_link(client, new_url)
    before = everything(store)
    assert client.get(link).status_code == 404
    assert client.post(link, data=old_press).status_code == 404
    assert client.get(new_url).status_code == 404
    assert everything(store) == before
    # Whoever reads the mail of the address gets back in.
    clock.advance(days=1)
    ask(client)
    assert heading(client.get(press(client, link_of(app)).location)) == (
        "Your request is waiting for approval"
    )


def test_the_page_that_makes_a_new_link_is_open_for_seven_days(
    app: Flask, client: FlaskClient, ended: SignUp, clock: Clock, store: Store
) -> None:
    ask(client)
    link = link_of(app)
    clock.advance(seconds=PROOF_LIFE / timedelta(seconds=1) + 1)
    page = client.get(link)
    assert (page.status_code, heading(page)) == (410, "This link is too old")
    assert links(page)["Get another one by mail"] == URL
    assert client.post(link, data={"press": "x"}).status_code == 410


def test_another_address_gets_no_new_link(
    app: Flask, client: FlaskClient, ended: SignUp, anna: Staff
) -> None:
    ask(client)
    link = link_of(app)
    anna.decide(ended.id, "contact", email="colleague@example.com")
    assert client.get(link).status_code == 404
    ask(client, "colleague@example.com")
    assert send_mail(app) == []
