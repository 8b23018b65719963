"""The overview, the first page of staff: pending sign-ups, and tenants that expire soon."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.conftest import Clock
from tests.web.factories import QUEUE, companies
from tests.web.pages import Staff, form_of, heading, links, page_words, sent_in


def test_the_overview_of_an_empty_portal_is_a_page(viewer: Staff) -> None:
    page = viewer.get("/staff/")
    assert heading(page) == "Overview"
    assert links(page)["0 Pending"] == f"{QUEUE}?status=pending"
    assert "No tenant expires soon." in page_words(page)


@pytest.mark.usefixtures("demo_tenants")
def test_the_overview_shows_pending_and_expiring_tenants(viewer: Staff, clock: Clock) -> None:
    page = viewer.get("/staff/")
    found = links(page)
    assert found["2 Pending"] == f"{QUEUE}?status=pending"
    assert found["1 Expiring"] == f"{QUEUE}?status=expiring"
    assert found["First GmbH"] == f"{QUEUE}/pending-{1:026}"
    assert found["Soon SE"] == f"{QUEUE}/94_1"
    assert "Soon SE 3 Dec 2026" in page_words(page)


def test_the_overview_lists_the_longest_wait_first_and_marks_late_ones(
    client: FlaskClient, clock: Clock, signed_in: Callable[..., Staff]
) -> None:
    sent_in(client, company="First AG")
    clock.advance(days=3)
    sent_in(client, company="Second AG")
    page = page_words(signed_in("Vera", "viewer").get("/staff/"))
    assert "First AG 3 days, late" in page
    assert page.index("First AG") < page.index("Second AG")
    assert "late" not in page.partition("Second AG")[2].partition("Expiring soon")[0]


@pytest.mark.usefixtures("demo_tenants")
def test_the_overview_leads_to_a_search_in_all_lists(viewer: Staff) -> None:
    page = viewer.get("/staff/")
    found = viewer.get(QUEUE, query_string=form_of(page, QUEUE) | {"q": "Soon SE"})
    assert heading(found) == "Tenants: All"
    assert companies(found) == ["Soon SE"]
