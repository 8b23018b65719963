"""One decision for many tenants: ticking, looking once more, a result for each row."""

from collections.abc import Mapping

import pytest
from werkzeug.test import TestResponse

from portal.stores.contract import Store
from tests.web.factories import QUEUE, add_tenants, pending_tenant
from tests.web.pages import (
    HTMX,
    Staff,
    events_of,
    fields,
    form_of,
    forms,
    heading,
    outcome,
    page_words,
    tenants_in,
    ticked,
)


@pytest.fixture
def store(each_store: Store) -> Store:
    return each_store


def decide_url(page: TestResponse) -> str:
    (url,) = {action for action in forms(page) if action.startswith("/staff/bulk/decide")}
    return url


def look(person: Staff, tab: str, verb: str, *tenant_ids: str, **typed: str) -> TestResponse:
    """Ticks rows of a list and presses the button of the verb."""
    url, form = ticked(person.get(f"{QUEUE}?status={tab}"), verb, *tenant_ids)
    return person.client.post(url, data=form | typed)


def send(
    person: Staff, page: TestResponse, headers: Mapping[str, str] = {}, **typed: str
) -> TestResponse:
    url = decide_url(page)
    return person.client.post(url, data=form_of(page, url) | typed, headers=dict(headers))


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_ticked_sign_ups_are_rejected_and_each_has_an_event(
    anna: Staff, store: Store, headers: Mapping[str, str]
) -> None:
    rows = [pending_tenant(number, f"Firm {number}") for number in range(4)]
    add_tenants(store, *rows)
    page = look(anna, "pending", "reject", rows[0].id, rows[2].id)
    assert page.status_code == 200
    assert heading(page) == "Reject 2 sign-ups"
    assert "Firm 0 Contact Jane Doe c0@example.com What happens Pending → Rejected" in page_words(
        page
    )
    assert "Firm 1" not in page_words(page)
    done = send(anna, page, headers, reason="other", message="Please call us.")
    assert done.status_code == 200
    assert outcome(done) == "2 sign-ups are rejected."
    assert "The sign-up of Firm 2 is rejected." in page_words(done)
    tenants = tenants_in(store)
    assert [tenants[each.id]["status"] for each in rows] == [
        "rejected", "pending", "rejected", "pending",
    ]  # fmt: skip
    assert tenants[rows[0].id]["message"] == "Please call us."
    (event,) = events_of(store, rows[2].id)
    assert (event.verb, event.by, event.reason) == ("reject", "Anna", "other")
