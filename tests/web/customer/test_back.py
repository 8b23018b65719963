"""Back after sending, and the form once more: a correction, not a second request."""

from collections.abc import Callable
from typing import cast

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal import create_app
from portal.settings import Settings
from portal.stores.contract import Item, Store
from tests.conftest import Clock
from tests.strict_client import StrictClient
from tests.web.failing_store import TroubledStore, before_write
from tests.web.pages import (
    IDS,
    TYPED,
    SignUp,
    Staff,
    events_of,
    everything,
    form_of,
    links,
    page_words,
    sent_in,
    sign_up,
    tenants_in,
)
from tests.web.write_cases import send_mail

NOTICE = "This form corrects that request."


@pytest.fixture
def store(each_store: Store) -> Store:
    return each_store


def test_the_next_form_of_the_browser_corrects_the_first(
    client: FlaskClient, store: Store, clock: Clock
) -> None:
    first = sent_in(client)
    clock.advance(minutes=59)
    page = client.get("/sign-up")
    assert f"has just sent a request for Example GmbH. {NOTICE}" in page_words(page)
    again = client.post("/sign-up", data=form_of(page, "/sign-up") | TYPED | {"name": "Jane Roe"})
    assert again.location == f"{first.url}?done=changed"
    assert "Your changes are saved." in page_words(client.get(again.location))
    (tenant,) = tenants_in(store).values()
    assert tenant["contactFullName"] == "Jane Roe"
    assert [event.verb for event in events_of(store, first.id)] == ["edit_contact"]
    # The same once more changes nothing, and says nothing.
    assert sign_up(client, name="Jane Roe").location == first.url
    assert len(events_of(store, first.id)) == 1


@pytest.mark.parametrize("why", ["later", "another browser", "another company", "other ids"])
def test_a_new_request_stays_a_new_request(
    *,
    client: FlaskClient,
    new_client: Callable[[], FlaskClient],
    store: Store,
    clock: Clock,
    why: str,
) -> None:
    first = sent_in(client)
    browser = new_client() if why == "another browser" else client
    if why == "later":
        clock.advance(minutes=61)
    typed = {"another": "1"} if why == "another company" else {}
    query = "?account_id=1&company_id=2" if why == "other ids" else ""
    # Never by address: a stranger who knows it could overwrite the request.
    answer = sign_up(browser, query=query, name="Jane Roe", **typed)
    assert SignUp(answer.location).id != first.id
    assert len(tenants_in(store)) == 2
    assert tenants_in(store)[first.id]["contactFullName"] == "Jane Doe"


def test_a_form_of_another_tab_that_is_older_than_the_request_makes_a_new_one(
    client: FlaskClient, store: Store
) -> None:
    """Its page did not say that it corrects anything."""
    form_of_tab = form_of(client.get("/sign-up"), "/sign-up")
    first = SignUp(sign_up(client).location)
    other = {"company": "Two Ltd", "email": "kim@two.example"}
    answer = client.post("/sign-up", data=form_of_tab | TYPED | other)
    second = SignUp(answer.location)
    assert second.id != first.id
    assert sorted(each["contactCompanyName"] for each in tenants_in(store).values()) == [
        "Example GmbH", "Two Ltd",
    ]  # fmt: skip


def test_a_form_that_corrected_another_request_does_not_correct_the_next(
    client: FlaskClient, store: Store
) -> None:
    first = sent_in(client)
    about_first = form_of(client.get("/sign-up"), "/sign-up") | TYPED | {"name": "Jane Roe"}
    second = SignUp(sign_up(client, company="Two Ltd", another="1").location)
    answer = client.post("/sign-up", data=about_first)
    assert SignUp(answer.location.partition("?")[0]).id not in (first.id, second.id)
    assert tenants_in(store)[second.id]["contactCompanyName"] == "Two Ltd"


def end(client: FlaskClient, sent: SignUp) -> None:
    url = f"{sent.url}/end"
    assert client.post(url, data=form_of(client.get(url), url)).status_code == 200


def test_a_request_whose_link_was_ended_is_not_corrected_and_the_next_form_makes_another(
    client: FlaskClient, store: Store
) -> None:
    first = sent_in(client)
    end(client, first)
    assert NOTICE not in page_words(client.get("/sign-up"))
    second = SignUp(sign_up(client, name="Jane Roe").location)
    assert second.id != first.id
    assert tenants_in(store)[first.id]["contactFullName"] == "Jane Doe"
    assert client.get(second.url).status_code == 200


def test_the_same_form_after_its_link_was_ended_comes_back_with_the_words_and_makes_another(
    client: FlaskClient, store: Store
) -> None:
    form = form_of(client.get("/sign-up"), "/sign-up") | TYPED
    first = SignUp(client.post("/sign-up", data=form).location)
    end(client, first)
    before = everything(store)
    answer = client.post("/sign-up", data=form | {"name": "Jane Roe"})
    assert answer.status_code == 409
    assert "ended the link to that request. Send it once more" in page_words(answer)
    assert everything(store) == before
    form = form_of(answer, "/sign-up")
    assert form["name"] == "Jane Roe"
    second = client.post("/sign-up", data=form)
    assert client.get(second.location).status_code == 200
    assert sorted(each["contactFullName"] for each in tenants_in(store).values()) == [
        "Jane Doe", "Jane Roe",
    ]  # fmt: skip


def test_what_staff_have_decided_is_not_corrected(
    client: FlaskClient, anna: Staff, store: Store
) -> None:
    first = sent_in(client)
    anna.decide(first.id, "reject", reason="other")
    assert NOTICE not in page_words(client.get("/sign-up"))
    assert SignUp(sign_up(client, name="Jane Roe").location).id != first.id
    assert tenants_in(store)[first.id]["contactFullName"] == "Jane Doe"


def test_a_change_that_comes_too_late_says_so(client: FlaskClient, anna: Staff) -> None:
    done = sent_in(client)
    form = form_of(client.get(f"{done.url}/change"), f"{done.url}/change") | {"name": "Jane Roe"}
    anna.decide(done.id, "reject", reason="other")
    late = client.post(f"{done.url}/change", data=form)
    assert late.location in (done.url, f"{done.url}?done=late")
    page = client.get(f"{done.url}?done=late")
    assert "decided before your changes arrived" in page_words(page)


def test_a_phone_number_can_be_removed(client: FlaskClient, store: Store) -> None:
    done = sent_in(client)
    url = f"{done.url}/change"
    page = client.get(url)
    assert "Phone number: remove what is stored" in page_words(page)
    assert "Email address (optional)" not in page_words(page)
    form = {name: value for name, value in form_of(page, url).items() if name != "remove_phone"}
    client.post(url, data=form)
    assert tenants_in(store)[done.id]["contactPhone"] == "+4930901820"
    client.post(url, data=form_of(client.get(url), url) | {"remove_phone": "1"})
    assert not [name for name in tenants_in(store)[done.id] if name.startswith("contactPhone")]
    assert tenants_in(store)[done.id]["contactEmailAddress"] == "jane@example.com"
    assert "remove what is stored" not in page_words(client.get(url))


@pytest.mark.parametrize("state", ["rejected", "withdrawn", "suspended", "expired"])
def test_no_state_ends_without_a_way_on(
    *, client: FlaskClient, anna: Staff, clock: Clock, state: str
) -> None:
    done = sent_in(client, query="?account_id=1&company_id=2&cluster=eu")
    if state == "rejected":
        anna.decide(done.id, "reject", reason="other")
    elif state == "withdrawn":
        url = f"{done.url}/withdraw"
        client.post(url, data=form_of(client.get(url), url))
    else:
        anna.decide(done.id, "activate", account_id="1", company_id="2", cluster="eu")
        if state == "suspended":
            anna.decide("1_2", "suspend", reason="unpaid")
        else:
            clock.advance(days=400)
    found = links(client.get(done.url))
    if state == "suspended":
        assert found["Ask for access again"] == "/sign-up?account_id=1&company_id=2"
    else:
        label = "Ask to renew" if state == "expired" else "Ask for access again"
        assert found[label] == f"{done.url}/again"


# ---- After the decision

IDS_OF_LINK = "?account_id=86810&company_id=104348&cluster=eu"


@pytest.mark.parametrize(
    ("typed", "done"),
    [({}, ""), ({"name": "Jane Roe", "email": "roe@else.example", "phone": ""}, "?done=late")],
    ids=["the same", "changed"],
)
@pytest.mark.parametrize("decision", ["activate", "renew_existing"])
def test_the_form_once_more_after_the_approval_changes_nothing(
    *,
    app: Flask,
    client: FlaskClient,
    anna: Staff,
    store: Store,
    decision: str,
    typed: dict[str, str],
    done: str,
) -> None:
    if decision == "renew_existing":
        # Another company's tenant: the link of the sign-up leads there.
        other = sent_in(client, company="Other AG", name="John Doe", email="john@other.example")
        anna.decide(other.id, "activate", **IDS)
        client.delete_cookie("portal")
    form = form_of(client.get(f"/sign-up{IDS_OF_LINK}"), "/sign-up") | TYPED
    sign_up_done = SignUp(client.post("/sign-up", data=form).location)
    if decision == "activate":
        anna.decide(sign_up_done.id, "activate", **IDS)
    else:
        anna.decide(sign_up_done.id, "renew", term="1y")
    send_mail(app)
    before = everything(store)
    again = client.post("/sign-up", data=form | typed)
    assert (again.status_code, again.location) == (303, f"{sign_up_done.url}{done}")
    assert everything(store) == before
    assert send_mail(app) == []
    late = "Your request was decided before your changes arrived, so they were not saved."
    assert (late in page_words(client.get(again.location))) == bool(done)


@pytest.mark.parametrize("decision", ["activate", "renew_existing"])
def test_a_decision_while_the_correction_is_written_stays_as_it_is(
    *, client: FlaskClient, anna: Staff, store: Store, settings: Settings, clock: Clock,
    decision: str,
) -> None:  # fmt: skip
    if decision == "renew_existing":
        other = sent_in(client, company="Other AG", name="John Doe", email="john@other.example")
        anna.decide(other.id, "activate", **IDS)
    meanwhile = TroubledStore(store)
    app = create_app(settings, store=cast("Store", meanwhile), clock=clock.now)
    app.test_client_class = StrictClient
    browser = app.test_client()
    first = sent_in(browser, query=IDS_OF_LINK)
    again = form_of(browser.get(f"/sign-up{IDS_OF_LINK}"), "/sign-up") | TYPED
    after: dict[str, Item] = {}

    def decide() -> None:
        if decision == "activate":
            anna.decide(first.id, "activate", **IDS)
        else:
            anna.decide(first.id, "renew", term="1y")
        after.update(everything(store))

    meanwhile.begin(before_write(decide))
    late = browser.post("/sign-up", data=again | {"email": "roe@else.example"})
    assert late.location == f"{first.url}?done=late"
    assert after
    assert everything(store) == after
