"""F33: while more sign-ups come than usual, a proof of work is asked for, once for each."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal import create_app, records
from portal.onboarding.sign_up_limits import PROVED_SIGN_UPS_IN_ALL, SIGN_UPS_IN_ALL
from portal.settings import Settings
from portal.stores.contract import Count, Store
from portal.timestamps import utc_now
from tests.conftest import Clock
from tests.strict_client import StrictClient
from tests.test_proof_of_work import answer_to, encoded
from tests.web.pages import TYPED, everything, form_of, summary, tenants_in, tree

AGAIN = "Please confirm that you are not a robot, then send the form."
NETWORKS = [f"192.0.2.{number}" for number in range(1, 100)]


@pytest.fixture
def clock() -> Clock:
    """The real time, by which the library checks how old a challenge is."""
    return Clock(utc_now())


@pytest.fixture
def app(settings: Settings, store: Store, clock: Clock) -> Flask:
    app = create_app(replace(settings, sign_ups_per_hour=5), store=store, clock=clock.now)
    app.testing = True
    app.test_client_class = StrictClient
    return app


def accepted_before(store: Store, clock: Clock, count: int, scope: str = "all") -> None:
    """As if so many sign-ups had been accepted in this hour."""
    item_id = records.sign_ups_item_id(records.week_of(clock.now()))
    store.write(
        [Count(item_id, {records.SIGN_UPS: 10**6}, {records.hour_name(scope, clock.now()): count})]
    )


@pytest.fixture
def crowded(store: Store, clock: Clock) -> None:
    accepted_before(store, clock, SIGN_UPS_IN_ALL)


class Customer:
    """A browser with the form filled in, in a network of its own."""

    def __init__(self, client: FlaskClient, number: int) -> None:
        self.client = client
        self.network = {"REMOTE_ADDR": NETWORKS[number]}
        shown = form_of(client.get("/sign-up"), "/sign-up")
        shown.pop("unproved", None)
        own = {"email": f"jane@company{number}.example.com"}
        self.form = shown | TYPED | own

    def challenge(self) -> dict[str, object]:
        answer = self.client.get("/sign-up/challenge")
        assert answer.headers["Cache-Control"] == "no-store"
        challenge: dict[str, object] = answer.get_json()
        return challenge

    def send(self, answer: str = "", **more: str) -> tuple[int, str]:
        """The status, and the first problem that the page names."""
        proof = {"altcha": answer} if answer else {}
        sent = self.client.post(
            "/sign-up", data=self.form | proof | more, environ_overrides=self.network
        )
        problems = [text for _, text in summary(sent)] if sent.status_code == 422 else [""]
        return sent.status_code, problems[0]


def solved(customer: Customer) -> str:
    return encoded(answer_to(customer.challenge()))


def queue(store: Store) -> list[bool]:
    """Of each tenant, whether it is set aside."""
    return [item.get("setAside") is True for item in tenants_in(store).values()]


NewClient = Callable[[], FlaskClient]


def test_nobody_is_asked_while_few_come(new_client: NewClient, store: Store) -> None:
    client = new_client()
    assert "altcha" not in client.get("/sign-up").text
    assert Customer(client, 1).send() == (303, "")
    assert queue(store) == [False]


@pytest.mark.usefixtures("crowded")
def test_with_a_proof_it_is_in_the_queue(new_client: NewClient, store: Store) -> None:
    customer = Customer(new_client(), 1)
    assert customer.send() == (422, AGAIN)
    assert queue(store) == []
    assert customer.send(solved(customer)) == (303, "")
    assert queue(store) == [False]


@pytest.mark.usefixtures("crowded")
def test_what_was_typed_stays_and_the_page_has_the_widget(new_client: NewClient) -> None:
    customer = Customer(new_client(), 1)
    page = customer.client.post("/sign-up", data=customer.form)
    form = form_of(page, "/sign-up")
    assert {name: form[name] for name in TYPED if name != "email"} == {
        name: text for name, text in TYPED.items() if name != "email"
    }
    (widget,) = [each for each in tree(page).iter() if each.tag == "altcha-widget"]
    assert widget.get("challenge") == "/sign-up/challenge"
    configuration = json.loads(widget.get("configuration", ""))
    assert configuration["humanInteractionSignature"] is False
    # From now on this worker knows, and the form has it from the start.
    assert "altcha-widget" in customer.client.get("/sign-up").text


@pytest.mark.usefixtures("crowded")
def test_without_javascript_it_is_set_aside_and_not_refused(
    new_client: NewClient, store: Store
) -> None:
    customer = Customer(new_client(), 1)
    assert customer.send() == (422, AGAIN)
    # The page without JavaScript holds this field.
    assert form_of(customer.client.get("/sign-up"), "/sign-up")["unproved"] == "1"
    assert customer.send(unproved="1") == (303, "")
    assert queue(store) == [True]


@pytest.mark.usefixtures("crowded")
def test_a_proof_counts_once_also_at_another_worker(
    *, new_client: NewClient, settings: Settings, store: Store, clock: Clock
) -> None:
    first, second = Customer(new_client(), 1), Customer(new_client(), 2)
    answer = solved(first)
    assert first.send(answer) == (303, "")
    assert second.send(answer) == (422, AGAIN)
    other = create_app(replace(settings, sign_ups_per_hour=5), store=store, clock=clock.now)
    assert Customer(other.test_client(), 3).send(answer) == (422, AGAIN)
    assert queue(store) == [False]
    # The same form, sent twice, is no second use.
    assert first.send(answer)[0] == 303
    assert queue(store) == [False]


@pytest.mark.usefixtures("crowded")
def test_a_proof_counts_once_over_midnight(
    new_client: NewClient, store: Store, clock: Clock
) -> None:
    first = Customer(new_client(), 1)
    answer = solved(first)
    assert first.send(answer) == (303, "")
    clock.advance(days=1)
    assert Customer(new_client(), 2).send(answer) == (422, AGAIN)
    assert queue(store) == [False]


@pytest.mark.usefixtures("crowded")
@pytest.mark.parametrize("answer", ["x", "e30=", "A" * 5000])
def test_what_is_no_proof_is_refused(new_client: NewClient, store: Store, answer: str) -> None:
    assert Customer(new_client(), 1).send(answer) == (422, AGAIN)
    assert queue(store) == []


def test_beyond_the_limit_of_those_with_a_proof_it_is_set_aside(
    new_client: NewClient, store: Store, clock: Clock
) -> None:
    accepted_before(store, clock, SIGN_UPS_IN_ALL)
    accepted_before(store, clock, PROVED_SIGN_UPS_IN_ALL, scope="proved")
    for number in (1, 2):
        customer = Customer(new_client(), number)
        assert customer.send(solved(customer)) == (303, "")
    assert queue(store) == [True, True]


@pytest.mark.usefixtures("crowded")
def test_a_filled_trap_is_not_told(new_client: NewClient, store: Store) -> None:
    assert Customer(new_client(), 1).send(website="https://example.com")[0] == 303
    assert queue(store) == [True]


@pytest.mark.usefixtures("crowded")
def test_without_limits_nobody_is_asked(settings: Settings, store: Store, clock: Clock) -> None:
    app = create_app(replace(settings, sign_ups_per_hour=0), store=store, clock=clock.now)
    assert Customer(app.test_client(), 1).send()[0] == 303
    assert queue(store) == [False]


@pytest.mark.usefixtures("crowded")
def test_spent_proofs_go_with_the_counters(
    new_client: NewClient, store: Store, clock: Clock
) -> None:
    first = Customer(new_client(), 1)
    assert first.send(solved(first)) == (303, "")
    assert [id_ for id_ in everything(store) if id_.startswith("limit-proof-")]
    clock.advance(days=3)
    assert Customer(new_client(), 2).send() == (303, "")
    assert [id_ for id_ in everything(store) if id_.startswith("limit-proof-")] == []
