"""T2, T3, F28: how many sign-ups one network, address or domain may send, and all together."""

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import create_app, onboarding, queries, records
from portal.imports import export_tenant
from portal.search import find
from portal.settings import Settings
from portal.stores.contract import Add, Store
from portal.stores.dynamodb.store import DynamoDbStore
from portal.stores.factory import open_store
from tests.conftest import START, Clock
from tests.dynamodb_engine import Engine
from tests.examples import ANN, reference, sign_up
from tests.mail.letters_and_facts import read
from tests.strict_client import StrictClient
from tests.web.pages import (
    TYPED,
    SignUp,
    Staff,
    everything,
    form_of,
    page_words,
    summary,
    tenants_in,
    without_tokens,
)
from tests.web.write_cases import send_mail

LIMIT = "Too many requests. Try again in {} minutes."
OpenStore = Callable[[], Store]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, sign_ups_per_hour=5)


@pytest.fixture(params=["json", "dynamodb"])
def open_again(request: pytest.FixtureRequest, settings: Settings) -> OpenStore:
    if request.param == "json":
        return lambda: open_store(settings)
    engine: Engine = request.getfixturevalue("engine")
    location = engine.new_table()
    return lambda: DynamoDbStore(location)


@pytest.fixture
def store(open_again: OpenStore) -> Iterator[Store]:
    opened = open_again()
    yield opened
    opened.close()


def made(settings: Settings, store: Store, clock: Clock) -> Flask:
    app = create_app(settings, store=store, clock=clock.now)
    app.testing = True
    app.test_client_class = StrictClient
    return app


@pytest.fixture
def app(settings: Settings, store: Store, clock: Clock) -> Flask:
    return made(settings, store, clock)


class Senders:
    """Sends sign-ups, each with an address and a domain of its own unless a test names them."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()
        self.number = 0

    def form(self, query: str = "", **typed: str) -> dict[str, str]:
        self.number += 1
        # Each is a request of its own; otherwise the next form of a browser corrects the first.
        own = {"another": "1", "email": f"jane@company{self.number}.example.com"}
        return form_of(self.client.get(f"/sign-up{query}"), "/sign-up") | TYPED | own | typed

    def post(
        self, form: dict[str, str], address: str = "192.0.2.1", language: str = "", **headers: str
    ) -> TestResponse:
        more = {"Accept-Language": language, **headers} if language else headers
        return self.client.post(
            "/sign-up", data=form, headers=more, environ_overrides={"REMOTE_ADDR": address}
        )

    def send(self, address: str = "192.0.2.1", query: str = "", **typed: str) -> TestResponse:
        return self.post(self.form(query, **typed), address)

    def codes(self, *addresses: str, **typed: str) -> list[int]:
        return [self.send(address, **typed).status_code for address in addresses]


@pytest.fixture
def senders(app: Flask) -> Senders:
    return Senders(app)


def set_aside(store: Store) -> int:
    return sum(item.get("setAside") is True for item in tenants_in(store).values())


def networks(count: int) -> list[str]:
    return [f"198.51.{number // 200}.{number % 200 + 1}" for number in range(count)]


# ---- One network


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("", LIMIT.format(60)),
        ("de", "Zu viele Anfragen. Versuchen Sie es in 60 Minuten noch einmal."),
    ],
)
def test_f28_the_sixth_sign_up_of_an_hour_is_refused_and_the_form_is_kept(
    senders: Senders, store: Store, language: str, sentence: str
) -> None:
    assert senders.codes(*["192.0.2.1"] * 5) == [303] * 5
    before = everything(store)
    query = "?account_id=1&company_id=2&company_name=Two"
    form = senders.form(query, company="Kept & Co", phone="+49 30 901820")
    answer = senders.post(form, language=language)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "3600"
    assert summary(answer) == [("", sentence)]
    again = form_of(answer, "/sign-up")
    # The claims are others, so the form asks no question about an earlier request.
    kept = form.keys() - {"csrf_token", "another"}
    assert {name: again[name] for name in kept} == {name: form[name] for name in kept}
    assert everything(store) == before


def test_f28_the_next_hour_is_open_again_and_the_form_that_was_kept_is_accepted(
    senders: Senders, clock: Clock, store: Store
) -> None:
    clock.advance(minutes=41, seconds=30)
    senders.codes(*["192.0.2.1"] * 5)
    refused = senders.send()
    assert refused.headers["Retry-After"] == str(18 * 60 + 30)
    assert LIMIT.format(19) in page_words(refused)
    clock.advance(minutes=18)
    assert "Try again in 1 minute." in page_words(senders.post(form_of(refused, "/sign-up")))
    clock.advance(seconds=30)
    assert senders.post(form_of(refused, "/sign-up")).status_code == 303
    assert len(tenants_in(store)) == 6


def test_t2_a_network_sends_twenty_a_day(senders: Senders, clock: Clock) -> None:
    for _ in range(4):
        assert senders.codes(*["192.0.2.1"] * 6) == [303] * 5 + [429]
        clock.advance(hours=1)
    refused = senders.send()
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == str(10 * 3600)
    assert LIMIT.format(600) in page_words(refused)
    assert senders.codes("192.0.2.2") == [303]
    clock.advance(hours=10)
    assert senders.codes("192.0.2.1") == [303]


def test_t2_two_workers_count_together(
    settings: Settings, open_again: OpenStore, store: Store, clock: Clock
) -> None:
    other = open_again()
    first, second = (Senders(made(settings, each, clock)) for each in (store, other))
    second.number = 100
    codes = [(first, second)[number % 2].send().status_code for number in range(8)]
    assert codes == [303] * 5 + [429] * 3
    other.close()


def test_t2_threads_that_send_at_once_do_not_get_past_the_limit(
    app: Flask, store: Store, senders: Senders
) -> None:
    forms = [senders.form() for _ in range(12)]
    cookie = senders.client.get_cookie("portal")
    assert cookie is not None
    start, codes = threading.Barrier(12), []

    def send(form: dict[str, str]) -> None:
        client = FlaskClient(app, app.response_class)
        client.set_cookie("portal", cookie.value)
        start.wait()
        codes.append(client.post("/sign-up", data=form).status_code)

    threads = [threading.Thread(target=send, args=(form,)) for form in forms]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [303] * 5 + [429] * 7
    assert len(tenants_in(store)) == 5


def test_t2_neighbours_in_one_ipv6_network_share_its_limit(senders: Senders) -> None:
    neighbours = [f"2001:db8:0:1::{number:x}" for number in range(1, 7)]
    assert senders.codes(*neighbours) == [303] * 5 + [429]
    assert senders.codes("2001:db8:0:1:ffff::1", "2001:db8:0:2::1") == [429, 303]


def test_t2_an_ipv4_client_is_the_same_through_an_ipv6_socket(senders: Senders) -> None:
    assert senders.codes(*["192.0.2.7"] * 3, *["::ffff:192.0.2.7"] * 3) == [303] * 5 + [429]
    assert senders.codes("::ffff:192.0.2.8") == [303]


@pytest.mark.parametrize("hops", [0, 1])
def test_t3_a_client_that_forges_x_forwarded_for_is_still_one_network(
    settings: Settings, store: Store, clock: Clock, caplog: pytest.LogCaptureFixture, hops: int
) -> None:
    senders = Senders(made(replace(settings, proxy_hops=hops), store, clock))
    codes = []
    for number in range(20):
        # A proxy adds the client's address at the end; the client's own entries come before.
        chain = [f"203.0.113.{number}", *["192.0.2.1"] * hops]
        headers = {"X-Forwarded-For": ", ".join(chain)}
        codes.append(senders.post(senders.form(), **headers).status_code)
    assert codes == [303] * 5 + [429] * 15
    # Once, and only if it may be a proxy that nobody has told the portal of.
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len([each for each in warnings if "PORTAL_PROXY_HOPS is 0" in each]) == (hops == 0)
    assert all("et PORTAL_PROXY_HOPS" in each for each in warnings)


def test_t3_clients_behind_a_proxy_are_told_apart(
    settings: Settings, store: Store, clock: Clock
) -> None:
    senders = Senders(made(replace(settings, proxy_hops=1), store, clock))
    for number in range(8):
        headers = {"X-Forwarded-For": f"198.51.100.{number}"}
        assert senders.post(senders.form(), "10.0.0.1", **headers).status_code == 303


def test_the_same_form_sent_again_is_no_second_sign_up(
    senders: Senders, store: Store, app: Flask, settings: Settings, clock: Clock
) -> None:
    form = senders.form()
    first = senders.post(form)
    counters = {id_: item for id_, item in everything(store).items() if id_.startswith("limit-")}
    assert senders.post(form).location == first.location
    assert senders.codes(*["192.0.2.1"] * 5) == [303] * 4 + [429]
    # Also beyond the limit, in a process that has refused before and in one that has not.
    changed = f"{first.location}?done=changed"
    assert senders.post(form | {"name": "Jane Mended"}).location == changed
    other = Senders(made(settings, store, clock))
    mine = form | {"name": "Jane Mended", "csrf_token": other.form()["csrf_token"]}
    assert other.post(mine).location == first.location
    assert len(tenants_in(store)) == 5
    assert "Jane Mended" in {item["contactFullName"] for item in tenants_in(store).values()}
    after = everything(store)
    network = next(id_ for id_ in counters if id_.startswith("limit-network-"))
    assert (counters[network]["day"], after[network]["day"]) == (1, 5)


def test_f28_the_trap_and_the_minimum_time_do_not_lead_past_the_limit(
    settings: Settings, store: Store, clock: Clock
) -> None:
    senders = Senders(made(replace(settings, sign_up_min_seconds=3), store, clock))
    codes = [senders.send(website="x").status_code for _ in range(3)]
    codes += senders.codes(*["192.0.2.1"] * 4)
    assert codes == [303] * 5 + [429] * 2
    assert set_aside(store) == 3
    assert len(tenants_in(store)) == 5


def test_zero_turns_all_limits_off(settings: Settings, store: Store, clock: Clock) -> None:
    senders = Senders(made(replace(settings, sign_ups_per_hour=0), store, clock))
    assert senders.codes(*["192.0.2.1"] * 32, email="jane@example.com") == [303] * 32
    # Only the mails that prove an address are counted all the same.
    counters = [item for id_, item in everything(store).items() if id_.startswith("limit-")]
    (counts,) = ({name: item[name] for name in item if name[0] == "m"} for item in counters)
    assert list(counts.values()) == [1]


# ---- One address, one domain


def test_t2_an_address_is_accepted_three_times_a_day(senders: Senders, clock: Clock) -> None:
    codes = senders.codes(*networks(3), email="Jane@Example.com")
    codes += senders.codes("192.0.2.9", email="jane@example.com")
    assert codes == [303] * 3 + [429]
    assert senders.codes("192.0.2.9", email="john@example.com") == [303]
    clock.advance(hours=14)
    assert senders.codes("192.0.2.9", email="jane@example.com") == [303]


def test_t2_a_domain_is_accepted_thirty_times_a_day(senders: Senders) -> None:
    codes = [
        senders.send(address, email=f"person{number}@example.com").status_code
        for number, address in enumerate(networks(31))
    ]
    assert codes == [303] * 30 + [429]
    assert senders.codes("192.0.2.9", email="a@other.example.com") == [303]


def test_t2_a_provider_of_free_mail_has_no_limit_but_its_addresses_have(senders: Senders) -> None:
    codes = [
        senders.send(address, email=f"person{number}@gmail.com").status_code
        for number, address in enumerate(networks(31))
    ]
    assert codes == [303] * 31
    codes = senders.codes("192.0.2.1", "192.0.2.2", "192.0.2.3", email="person0@gmail.com")
    assert codes == [303] * 2 + [429]


def test_t4_a_known_address_is_refused_exactly_like_a_new_one(
    senders: Senders, clock: Clock
) -> None:
    known, new = "known@example.com", "other@example.org"
    assert len(known) == len(new)
    senders.send(email=known)
    clock.advance(days=1)
    answers: dict[str, list[tuple[int, list[tuple[str, str]], str]]] = {known: [], new: []}
    for number in range(4):
        for email, answered in answers.items():
            answer = senders.send(networks(8)[number + 4 * (email == new)], email=email)
            headers = [
                (name, without_tokens(value))
                for name, value in answer.headers
                if name not in ("X-Request-Id", "Set-Cookie")
            ]
            text = re.sub(r'(name="form_token" value=)"[^"]+"', r"\1", answer.text)
            text = without_tokens(text).replace(email, "EMAIL")
            answered.append((answer.status_code, headers, text))
    assert [code for code, _, _ in answers[known]] == [303] * 3 + [429]
    assert answers[known] == answers[new]


# ---- All together


def test_t2_a_flood_of_one_client_keeps_no_good_sign_up_out(senders: Senders, store: Store) -> None:
    flood = senders.codes(*["203.0.113.66"] * 25)
    good = [
        senders.send(address, email=f"person{number}@company{number % 10}.com").status_code
        for number, address in enumerate(networks(150))
    ]
    assert flood == [303] * 5 + [429] * 20
    assert good == [303] * 150
    assert set_aside(store) == 0


def test_t2_what_comes_beyond_the_overall_limit_is_set_aside_until_the_next_hour(
    senders: Senders, store: Store, clock: Clock
) -> None:
    _count_overall(store, 199)
    # The second one is asked for a proof of work first; the form without JavaScript says so.
    assert senders.codes("192.0.2.1", "192.0.2.2", "192.0.2.2") == [303, 422, 303]
    assert set_aside(store) == 1
    (tenant,) = [each for each in tenants_in(store).values() if each.get("setAside")]
    assert tenant["gsi2pk"] == "ASIDE"
    clock.advance(hours=1)
    assert senders.codes("192.0.2.3") == [303]
    assert set_aside(store) == 1


def test_t1_at_most_a_thousand_are_set_aside(senders: Senders, store: Store, clock: Clock) -> None:
    # From an earlier version, which did not count them.
    kept = _set_aside_before(store, 999)
    _count_overall(store, 200)
    assert senders.codes("192.0.2.1", "192.0.2.1", "192.0.2.2") == [422, 303, 429]
    assert set_aside(store) == 1000
    for tenant_id in kept[:2]:
        onboarding.release(store, tenant_id, expected_version=1, audit=ANN)
    clock.advance(minutes=1)
    assert senders.codes("192.0.2.3", "192.0.2.4", "192.0.2.5") == [303, 303, 429]
    assert set_aside(store) == 1000


def _set_aside_before(store: Store, count: int) -> list[str]:
    """The ids of sign-ups that were set aside without being counted."""
    item = records.item_of(sign_up(store, 0, set_aside=True))
    ids = [records.pending_id(reference(number)) for number in range(count)]
    rows = [{**item, "tenantId": id_, "gsi2sk": f"2026#{id_}"} for id_ in ids[1:]]
    for at in range(0, len(rows), 100):
        store.write([Add(row) for row in rows[at : at + 100]])
    return ids


def _count_overall(store: Store, count: int) -> None:
    """As if so many sign-ups had been accepted in this hour."""
    item_id = records.sign_ups_item_id(records.week_of(START))
    store.write([Add({"tenantId": item_id, records.hour_name("all", START): count})])


# ---- Claims


def _reason(client: FlaskClient, company: int) -> str:
    body = client.get(f"/api/validate?accountId=1&companyId={company}").get_json()
    return str(body.get("reason") or body["error"])


def test_a_network_claims_ids_five_times_a_day_and_what_comes_after_claims_none(
    senders: Senders, clock: Clock, store: Store
) -> None:
    for number in range(8):
        if number == 4:
            clock.advance(hours=1)
        assert senders.send(query=f"?account_id=1&company_id={number}").status_code == 303
    answers = [_reason(senders.client, number) for number in range(8)]
    assert answers == ["PENDING"] * 5 + ["NOT_FOUND"] * 3
    assert set_aside(store) == 3
    # Who claims nothing is not set aside.
    assert senders.send().status_code == 303
    assert set_aside(store) == 3


def test_three_open_sign_ups_claim_the_same_ids_and_further_ones_are_set_aside(
    senders: Senders, store: Store
) -> None:
    for address in networks(5):
        assert senders.send(address, query="?account_id=1&company_id=2").status_code == 303
    assert everything(store)["claim-1_2"]["count"] == 3
    assert set_aside(store) == 2
    assert _reason(senders.client, 2) == "PENDING"


# ---- The counters themselves


def test_counters_hold_no_personal_data_and_are_in_no_list(
    senders: Senders, store: Store, clock: Clock
) -> None:
    senders.send("192.0.2.1", email="jane@example.com")
    senders.send("2001:db8::1", email="jane@gmail.com")
    counters = {
        id_: item for id_, item in everything(store).items() if id_.startswith(("limit-", "stats-"))
    }
    assert len(counters) == 5
    text = repr(counters)
    for personal in ("192.0.2", "2001:db8", "jane", "example.com", "gmail"):
        assert personal not in text
    assert queries.counts(store, clock.now())[queries.Tab.ALL] == 2
    for counter in counters:
        assert find(store, counter, queries.Tab.ALL, clock.now()).rows == []
    assert [export_tenant(counter) for counter in counters.values()] == [None] * 5


def test_old_counters_are_removed_by_later_sign_ups(
    senders: Senders, store: Store, clock: Clock
) -> None:
    for number, address in enumerate(networks(20)):
        senders.send(address, email=f"person{number}@gmail.com")

    def old() -> int:
        return sum(id_.startswith("limit-") and "11-23" in id_ for id_ in everything(store))

    assert old() == 40
    clock.advance(days=1)
    senders.send()
    # A day later they may still count on a machine whose clock is behind.
    assert old() == 40
    clock.advance(days=1)
    senders.send()
    assert old() == 15
    senders.send()
    assert old() == 0


def test_the_ttl_of_a_counter_is_after_its_day(senders: Senders, store: Store) -> None:
    senders.send()
    for id_, item in everything(store).items():
        if id_.startswith("limit-"):
            assert item["ttl"] == int(datetime(2026, 11, 25, tzinfo=UTC).timestamp())


def test_f28_corrections_of_one_browser_count_as_well(senders: Senders, store: Store) -> None:
    assert senders.send().status_code == 303
    codes = []
    for number in range(5):
        form = form_of(senders.client.get("/sign-up"), "/sign-up") | TYPED
        codes.append(senders.post(form | {"name": f"Jane {number}"}).status_code)
    assert codes == [303] * 4 + [429]
    (tenant,) = tenants_in(store).values()
    assert tenant["contactFullName"] == "Jane 3"


def linked(app: Flask) -> list[str]:
    """Who gets a link that proves an address in the mails that are sent now."""
    return [mail.recipient for mail in send_mail(app) if "/confirm/" in read(mail).text()]


def change_address(senders: Senders, url: str, email: str) -> TestResponse:
    form = form_of(senders.client.get(url), url) | {"email": email, "phone": TYPED["phone"]}
    return senders.client.post(url, data=form, environ_overrides={"REMOTE_ADDR": "192.0.2.1"})


def test_t2_changes_of_the_address_send_no_more_mails_to_strangers_than_sign_ups(
    app: Flask, senders: Senders, store: Store, clock: Clock
) -> None:
    done = SignUp(senders.send().location)
    send_mail(app)
    linked_to = []
    for number in range(12):
        address = f"jane@stranger{number}.example"
        sent = change_address(senders, f"{done.url}/change", address)
        # The answers are the same, and the change is saved.
        assert sent.location == f"{done.url}?done=changed&fields=email"
        assert tenants_in(store)[done.id]["contactEmailAddress"] == address
        # The button on the status page sends no more.
        press_button(senders.client, done)
        linked_to += linked(app)
    assert linked_to == [f"jane@stranger{number}.example" for number in range(4)]
    # The network sends nothing else in this hour, and in the next one it may again.
    assert senders.send().status_code == 429
    clock.advance(hours=1)
    press_button(senders.client, done)
    assert linked(app) == ["jane@stranger11.example"]


def test_t2_neither_does_the_answer_to_a_question(
    app: Flask, senders: Senders, anna: Staff, store: Store
) -> None:
    done = SignUp(senders.send().location)
    assert senders.codes(*["192.0.2.1"] * 4) == [303] * 4
    anna.decide(done.id, "question", text="Which one?", correct_email="1")
    send_mail(app)
    sent = change_address(senders, f"{done.url}/answer", "jane@stranger.example")
    assert sent.location == f"{done.url}?done=answered"
    assert tenants_in(store)[done.id]["contactEmailAddress"] == "jane@stranger.example"
    assert linked(app) == []


def press_button(client: FlaskClient, done: SignUp) -> None:
    """The button with which the status page sends the link."""
    url = f"{done.url}/confirm"
    form = form_of(client.get(done.url), url)
    answer = client.post(url, data=form, environ_overrides={"REMOTE_ADDR": "192.0.2.1"})
    assert answer.location == f"{done.url}?done=link"


def test_t2_the_same_form_with_one_address_after_the_other_sends_no_more_mails(
    app: Flask, senders: Senders
) -> None:
    form, linked_to = senders.form(), []
    for number in range(12):
        changed = form | {"email": f"jane@stranger{number}.example"}
        assert senders.post(changed).status_code == 303
        linked_to += linked(app)
    assert linked_to == [f"jane@stranger{number}.example" for number in range(5)]


def test_t2_mails_that_leave_late_are_for_the_address_they_were_counted_for(
    app: Flask, senders: Senders
) -> None:
    """The last address is not counted any more, so it gets none of the links of the others."""
    form = senders.form()
    for number in range(12):
        senders.post(form | {"email": f"jane@stranger{number}.example"})
    assert linked(app) == []


def test_a_corrected_address_is_counted_once(app: Flask, senders: Senders) -> None:
    senders.send()
    linked_to = linked(app)
    for number in range(4):
        form = form_of(senders.client.get("/sign-up"), "/sign-up") | TYPED
        assert senders.post(form | {"email": f"jane@company{number}.org"}).status_code == 303
        linked_to += linked(app)
    assert len(linked_to) == 5
