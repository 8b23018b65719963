"""The first page of staff: what waits, and what ends soon."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.conftest import Clock
from tests.web.factories import LIST
from tests.web.pages import Staff, heading, links, page_words, sent_in


def test_the_overview_of_an_empty_portal_is_a_page(viewer: Staff) -> None:
    page = viewer.get("/staff/")
    assert heading(page) == "Overview"
    assert links(page)["0 Pending"] == f"{LIST}?status=pending"
    assert "No tenant expires soon." in page_words(page)


@pytest.mark.usefixtures("town")
def test_the_overview_shows_what_waits_and_what_ends(viewer: Staff, clock: Clock) -> None:
    page = viewer.get("/staff/")
    found = links(page)
    assert found["2 Pending"] == f"{LIST}?status=pending"
    assert found["1 Expiring"] == f"{LIST}?status=expiring"
    assert found["First GmbH"] == f"{LIST}/pending-{1:026}"
    assert found["Soon SE"] == f"{LIST}/94_1"
    assert "Soon SE 3 Dec 2026" in page_words(page)


def test_the_overview_names_the_longest_wait_and_says_when_it_is_too_long(
    client: FlaskClient, clock: Clock, signed_in: Callable[..., Staff]
) -> None:
    sent_in(client, company="Patient AG")
    clock.advance(days=3)
    sent_in(client, company="Impatient AG")
    page = page_words(signed_in("Vera", "viewer").get("/staff/"))
    assert "Patient AG 3 days, late" in page
    assert page.index("Patient AG") < page.index("Impatient AG")
    assert "late" not in page.partition("Impatient AG")[2].partition("Expiring soon")[0]
