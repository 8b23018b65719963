"""Each status page says how long it takes and whom to ask, and its link can be copied and ended."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from portal import create_app, records
from portal.settings import Settings, SettingsError
from portal.stores.contract import Count, Item, Store, UnavailableError
from portal.stores.wrapper import StoreWrapper
from tests.conftest import Clock
from tests.strict_client import StrictClient
from tests.web.pages import (
    IDS,
    SignUp,
    Staff,
    by_id,
    everything,
    form_of,
    heading,
    links,
    page_words,
    sent_in,
    tenants_in,
    without_tokens,
)

HOUR = timedelta(hours=1)
GERMAN = {"Accept-Language": "de"}


@pytest.fixture
def store(each_store: Store) -> Store:
    return each_store


def decided(store: Store, *times: timedelta) -> None:
    """As if staff had decided after these times."""
    for waited in times:
        bucket = records.waiting_bucket(waited)
        store.write([Count("stats-week-2026-W48", {bucket: 10**6})])


# ---- How long


def test_before_ten_decisions_the_page_says_what_is_promised(
    client: FlaskClient, pending: SignUp, store: Store
) -> None:
    decided(store, *[HOUR] * 9)
    assert "We usually decide within 2 days." in page_words(client.get(pending.url))
    german = page_words(client.get(pending.url, headers=GERMAN))
    assert "Bis zur Entscheidung dauert es meist höchstens 2 Tage." in german


@pytest.mark.parametrize(
    ("times", "english", "german"),
    [
        (
            [5 * HOUR] * 8 + [40 * HOUR] * 2,
            "Most requests are decided within 6 hours, nearly all within 2 days.",
            "dauert die Entscheidung höchstens 6 Stunden, bei fast allen höchstens 2 Tage.",
        ),
        (
            [timedelta(minutes=5)] * 10,
            "Nearly all requests are decided within 1 hour.",
            "Bei fast allen Anfragen dauert die Entscheidung höchstens 1 Stunde.",
        ),
        (
            [timedelta(days=9)] * 6 + [timedelta(days=30)] * 4,
            "Most requests are decided within 11 days, nearly all within 31 days.",
            "dauert die Entscheidung höchstens 11 Tage, bei fast allen höchstens 31 Tage.",
        ),
    ],
)
def test_from_ten_decisions_on_it_says_what_was_measured_in_round_words(
    *,
    client: FlaskClient,
    pending: SignUp,
    store: Store,
    times: list[timedelta],
    english: str,
    german: str,
) -> None:
    decided(store, *times)
    assert english in page_words(client.get(pending.url))
    assert german in page_words(client.get(pending.url, headers=GERMAN))


def test_what_staff_decide_is_measured(
    client: FlaskClient, signed_in: Callable[..., Staff], clock: Clock, store: Store
) -> None:
    waiting = sent_in(client)
    others = [sent_in(client, email=f"jane@ex{n}.example") for n in range(10)]
    clock.advance(hours=7)
    anna = signed_in("Anna", "approver")
    for other in others:
        anna.decide(other.id, "reject", reason="other")
    assert "Nearly all requests are decided within 8 hours." in page_words(client.get(waiting.url))
    counted = dict(everything(store)["stats-week-2026-W48"])
    assert counted[records.waiting_bucket(7 * HOUR)] == 10
    assert records.decision_counts(counted).total() == 10


def test_who_waits_for_longer_is_told_so(client: FlaskClient, store: Store, clock: Clock) -> None:
    decided(store, *[HOUR] * 10)
    done = sent_in(client)
    late = "Your request waits longer than that."
    assert late not in page_words(client.get(done.url))
    clock.advance(hours=1, minutes=1)
    assert late in page_words(client.get(done.url))


def test_the_page_does_not_depend_on_the_figures(
    settings: Settings, store: Store, clock: Clock, pending: SignUp
) -> None:
    class WithoutFigures(StoreWrapper):
        def get(self, item_id: str) -> Item:
            if item_id.startswith("stats-"):
                raise UnavailableError(reason="The disk is gone.", remedy="Bring it back.")
            return super().get(item_id)

    app = create_app(settings, store=WithoutFigures(store), clock=clock.now)
    app.test_client_class = StrictClient
    page = app.test_client().get(pending.url)
    assert page.status_code == 200
    assert "We usually decide within 2 days." in page_words(page)


# ---- Whom to ask


@pytest.fixture
def helpful(settings: Settings, store: Store, clock: Clock) -> FlaskClient:
    """A browser at a portal that names all ways to reach a person."""
    named = replace(
        settings,
        contact_url="https://example.com/help",
        contact_email="help@example.com",
        contact_phone="+49 30 / 901820-12",
    )
    app = create_app(named, store=store, clock=clock.now)
    app.test_client_class = StrictClient
    client: FlaskClient = app.test_client()
    return client


@pytest.mark.parametrize(
    "state", ["pending", "withdrawn", "rejected", "active", "suspended", "expired"]
)
def test_each_state_names_a_person(
    *, helpful: FlaskClient, pending: SignUp, anna: Staff, clock: Clock, state: str
) -> None:
    if state == "withdrawn":
        url = f"{pending.url}/withdraw"
        helpful.post(url, data=form_of(helpful.get(url), url))
    elif state == "rejected":
        anna.decide(pending.id, "reject", reason="other")
    elif state != "pending":
        anna.decide(pending.id, "activate", **IDS)
    if state == "suspended":
        anna.decide("86810_104348", "suspend", reason="unpaid")
    if state == "expired":
        clock.advance(days=400)
    page = helpful.get(pending.url)
    found = links(page)
    assert found["Contact us"] == "https://example.com/help"
    assert found["help@example.com"] == "mailto:help@example.com"
    assert found["+49 30 / 901820-12"] == "tel:+493090182012"
    assert "Name the reference when you ask." in page_words(page)


def test_without_a_contact_the_page_promises_none(client: FlaskClient, pending: SignUp) -> None:
    assert "Do you have a question?" not in page_words(client.get(pending.url))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PORTAL_CONTACT_EMAIL", "help"),
        ("PORTAL_CONTACT_EMAIL", "a@b"),
        ("PORTAL_CONTACT_EMAIL", "a b@example.com"),
        ("PORTAL_CONTACT_EMAIL", "a@example.com?subject=x"),
        ("PORTAL_CONTACT_EMAIL", "a@example.com,b@example.com"),
        ("PORTAL_CONTACT_PHONE", "030 901820"),
        ("PORTAL_CONTACT_PHONE", "+49"),
        ("PORTAL_CONTACT_PHONE", "+49 30 901820 ext. 5"),
        ("PORTAL_CONTACT_PHONE", "+" + "1" * 20),
    ],
)
def test_a_contact_that_nobody_can_reach_is_refused(name: str, text: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({name: text})
    assert refused.value.name == name
    assert refused.value.sentence.startswith("Set it to")


# ---- The link


def test_the_address_stands_in_a_field_that_can_be_copied(
    client: FlaskClient, pending: SignUp
) -> None:
    page = client.get(pending.url)
    field = by_id(page, "address")
    assert field.get("value") == f"http://127.0.0.1:8000{pending.url}"
    assert field.get("readonly") is not None
    (button,) = [each for each in page.text.split("<button") if "data-copy" in each]
    # Only a script can copy, and it shows the button.
    assert " hidden>" in button


def test_t16_the_customer_ends_the_link_after_a_question(
    client: FlaskClient, pending: SignUp, store: Store, new_client: Callable[[], FlaskClient]
) -> None:
    url = links(client.get(pending.url))["End this link"]
    before = everything(store)
    page = client.get(url)
    assert heading(page) == "End the link to your status page?"
    assert "cannot be undone" in page_words(page)
    assert everything(store) == before
    done = client.post(url, data=form_of(page, url))
    assert (done.status_code, heading(done)) == (200, "The link has ended")
    assert tenants_in(store)[pending.id]["status"] == "pending"
    unknown = client.get(f"/status/{'z' * 26}{'A' * 32}")
    for browser in (client, new_client()):
        for path in ("", "/change", "/withdraw", "/again"):
            gone = browser.get(pending.url + path)
            assert gone.status_code == 404
            assert without_tokens(gone.text) == without_tokens(unknown.text)
    assert new_client().get(url).status_code == 404
    before = everything(store)
    # A double click, or Back: the browser that ended it says once more that it is done.
    for again in (client.post(url, data=form_of(page, url)), client.get(url)):
        assert without_tokens(again.text) == without_tokens(done.text)
    assert everything(store) == before


def test_after_the_activation_the_link_can_be_ended_as_well(
    client: FlaskClient, pending: SignUp, active: str, anna: Staff, store: Store
) -> None:
    url = f"{pending.url}/end"
    client.post(url, data=form_of(client.get(url), url))
    assert client.get(pending.url).status_code == 404
    assert "statusLink" not in tenants_in(store)[active]
    page = anna.page(active)
    assert "Link to the status page ended The customer" in page_words(page)
    assert client.get("/api/validate?accountId=86810&companyId=104348").get_json()["isValid"]
