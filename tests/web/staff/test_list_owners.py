"""Lists of what one person looks after, or nobody does."""

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.auth import disable_person
from portal.auth.people import person_id
from portal.stores.contract import Store
from tests.conftest import Clock
from tests.web.pages import IDS, Staff, links, page_words, sent_in, tree, words

ANNA, BEN = (person_id(f"{name}@staff.example.com") for name in ("anna", "ben"))
QUEUE = "/staff/tenants?status=pending"


@pytest.fixture
def store(each_store: Store) -> Store:
    return each_store


@pytest.fixture
def three(client: FlaskClient, anna: Staff, ben: Staff, clock: Clock) -> list[str]:
    """Three sign-ups: Anna's, Ben's and nobody's."""
    ids = []
    for name in ("Alpha", "Beta", "Gamma"):
        ids.append(sent_in(client, company=f"{name} GmbH", email=f"{name}@example.com").id)
        clock.advance(minutes=1)
    anna.decide(ids[0], "assign", to=ANNA)
    ben.decide(ids[1], "assign", to=BEN)
    return ids


def companies(answer: TestResponse) -> list[str]:
    assert answer.status_code == 200
    rows = [each for each in tree(answer).iter("tr") if each.get("data-row") is not None]
    return [words(next(row.iter("a"))) for row in rows]


def test_mine_and_nobodys(three: list[str], anna: Staff, ben: Staff) -> None:
    del three
    page = anna.get(QUEUE)
    assert companies(page) == ["Alpha GmbH", "Beta GmbH", "Gamma GmbH"]
    assert companies(anna.get(links(page)["Mine"])) == ["Alpha GmbH"]
    assert companies(ben.get(links(ben.get(QUEUE))["Mine"])) == ["Beta GmbH"]
    assert companies(anna.get(links(page)["Nobody’s"])) == ["Gamma GmbH"]
    assert companies(anna.get(links(page)["Everybody’s"])) == companies(page)
    # A link can be shared: it means the same to everybody.
    assert companies(ben.get(links(page)["Mine"])) == ["Alpha GmbH"]
    assert "Anna" in links(ben.get(links(page)["Mine"]))


def test_a_row_says_whose_it_is(three: list[str], anna: Staff, clock: Clock) -> None:
    del three
    clock.advance(minutes=25)
    assert "Ben has looked after it for 25 minutes" in page_words(anna.get(QUEUE))
    assert "You have looked after it for 25 minutes" in page_words(anna.get(QUEUE))


@pytest.mark.parametrize("search", ["example", "gmbh"])
def test_a_search_within_mine_finds_mine(
    search: str, three: list[str], anna: Staff, store: Store
) -> None:
    del three, store
    everybodys = companies(anna.get(f"{QUEUE}&q={search}"))
    mine = companies(anna.get(f"{QUEUE}&q={search}&owner={ANNA}"))
    assert mine == [each for each in everybodys if each == "Alpha GmbH"]


def test_what_is_decided_is_nobodys_and_in_no_list_of_mine(
    three: list[str], anna: Staff, ben: Staff
) -> None:
    ben.decide(three[0], "activate", **IDS)
    assert companies(anna.get(f"{QUEUE}&owner={ANNA}")) == []
    assert companies(anna.get(f"/staff/tenants?status=active&owner={ANNA}")) == []
    anna.decide("86810_104348", "assign", to=ANNA)
    assert companies(anna.get(f"/staff/tenants?status=active&owner={ANNA}")) == ["Alpha GmbH"]
    assert companies(anna.get(f"{QUEUE}&owner={ANNA}")) == []


def test_whose_access_has_ended_has_nothing(
    three: list[str], anna: Staff, store: Store, clock: Clock
) -> None:
    del three
    disable_person(store, email="ben@staff.example.com", now=clock.now())
    clock.advance(minutes=1)
    assert companies(anna.get(f"{QUEUE}&owner=nobody")) == ["Beta GmbH", "Gamma GmbH"]
    assert "Ben has looked after it" not in page_words(anna.get(QUEUE))


def test_a_viewer_is_offered_no_list_of_their_own(three: list[str], viewer: Staff) -> None:
    del three
    assert "Mine" not in links(viewer.get(QUEUE))
    assert companies(viewer.get(f"{QUEUE}&owner=nobody")) == ["Gamma GmbH"]


def test_of_somebody_whom_nobody_knows_there_is_nothing(three: list[str], anna: Staff) -> None:
    del three
    assert companies(anna.get(f"{QUEUE}&owner=somebody")) == []
