"""What the framed page says of a company: what `validate` answers to everybody, in words."""

from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import create_app
from portal.settings import Settings
from portal.stores.contract import Store
from tests.conftest import Clock
from tests.strict_client import StrictClient
from tests.web.failing_store import TroubledStore, silent
from tests.web.pages import IDS, Staff, everything, page_words, sent_in, tree

FRAGMENT = {"HX-Request": "true"}
CLAIM = "?account_id=86810&company_id=104348"


def state(client: FlaskClient, account: str, company: str, language: str = "en") -> TestResponse:
    query = {"account_id": account, "company_id": company, "language": language}
    return client.get("/shell/state", query_string=query, headers=FRAGMENT)


def known(client: FlaskClient) -> TestResponse:
    return state(client, IDS["account_id"], IDS["company_id"])


def test_nobody_has_asked_yet(client: FlaskClient, store: Store) -> None:
    answer = state(client, "1", "2")
    assert 'data-offer="open"' in answer.text
    assert page_words(answer).startswith("This company has no access yet.")
    assert everything(store) == {}


def test_somebody_has_asked(client: FlaskClient) -> None:
    sent_in(client, query=CLAIM)
    answer = state(client, "86810", "104348")
    assert 'data-offer="folded"' in answer.text
    assert "A request for this company waits for a decision" in page_words(answer)
    # Nothing of who it was.
    assert "Example" not in answer.text


def test_it_is_active(client: FlaskClient, active: str, clock: Clock, anna: Staff) -> None:
    answer = known(client)
    assert 'data-offer="none"' in answer.text
    assert "This company has access" in page_words(answer)
    assert "Until 22 November 2027 (UTC)." in page_words(answer)
    clock.advance(days=400)
    over = known(client)
    assert 'data-offer="folded"' in over.text
    assert "It ended on 22 November 2027 (UTC)." in page_words(over)


def test_it_is_suspended(client: FlaskClient, active: str, anna: Staff) -> None:
    anna.decide(active, "suspend", reason="unpaid")
    answer = known(client)
    assert 'data-offer="folded"' in answer.text
    assert "The access of this company is suspended" in page_words(answer)
    assert "unpaid" not in answer.text


def test_it_says_so_in_the_language_of_the_shell(client: FlaskClient, active: str) -> None:
    answer = state(client, IDS["account_id"], IDS["company_id"], "de")
    assert "Diese Firma hat Zugang" in page_words(answer)


@pytest.mark.parametrize(
    "query", ["", "?account_id=1", "?account_id=%00&company_id=2", "?account_id=../x&company_id=2"]
)
def test_of_what_can_be_no_id_it_says_nothing(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/shell/state{query}", headers=FRAGMENT)
    assert (answer.status_code, answer.text.strip()) == (200, "")


def test_a09_whoever_counts_through_ids_is_slowed(
    settings: Settings, store: Store, clock: Clock
) -> None:
    limited = replace(settings, sign_ups_per_hour=5, not_found_per_minute=3)
    app = create_app(limited, store=store, clock=clock.now)
    app.test_client_class = StrictClient
    client = app.test_client()
    answers = [state(client, str(number), "1").status_code for number in range(4)]
    assert answers == [200, 200, 200, 429]
    # It is one count with `validate`.
    assert client.get("/api/validate?accountId=9&companyId=1").status_code == 429


def test_a11_what_cannot_be_known_is_not_called_unknown(
    settings: Settings, store: Store, clock: Clock, active: str
) -> None:
    troubled = TroubledStore(store)
    app = create_app(settings, store=troubled, clock=clock.now)
    troubled.begin(silent)
    answer = known(app.test_client())
    assert answer.status_code == 503
    assert "no access" not in answer.text
    assert answer.headers["Retry-After"] == "30"


def test_by_itself_it_leads_to_the_page(client: FlaskClient) -> None:
    answer = client.get("/shell/state?account_id=1&company_id=2")
    assert (answer.status_code, answer.location) == (303, "/shell")


def test_a_link_to_a_person_does_not_lead_the_frame_away(
    *, settings: Settings, store: Store, clock: Clock, active: str, anna: Staff
) -> None:
    anna.decide(active, "suspend", reason="unpaid")
    reachable = replace(settings, contact_url="https://help.example.com/")
    with create_app(reachable, store=store, clock=clock.now).test_client() as other:
        answer = known(other)
    (link,) = [each for each in tree(answer).iter("a") if "help.example" in each.get("href", "")]
    assert link.get("target") == "_blank"
