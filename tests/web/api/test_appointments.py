"""`/api/appointments…`: another service has them. The log tells the operator, without a token."""

import logging

import pytest
from flask.testing import FlaskClient

from portal.stores.contract import Store
from tests.conftest import Clock
from tests.web.pages import everything

LOGGER = "portal.web.api.appointments"
BOOKING = "/api/appointments/token/tok-5ecret"
CALLS = [
    ("GET", "/api/appointments"),
    ("POST", "/api/appointments"),
    ("GET", BOOKING),
    ("PUT", BOOKING),
]


@pytest.mark.parametrize(("method", "url"), CALLS)
def test_appointments_are_a_404_in_json_that_says_who_has_to_act(
    client: FlaskClient, store: Store, method: str, url: str
) -> None:
    before = everything(store)
    answer = client.open(url, method=method, json={"slot": "2026-12-01T08:00:00.000Z"})
    assert answer.status_code == 404
    assert answer.get_json() == {
        "error": "not_found",
        "message": (
            "The portal has no appointments. Its operator has to send this path to where they are."
        ),
    }
    assert everything(store) == before


def test_the_log_says_once_an_hour_what_to_do_and_holds_no_token(
    client: FlaskClient, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    def lines() -> list[str]:
        return [record.getMessage() for record in caplog.records if record.name == LOGGER]

    with caplog.at_level(logging.DEBUG):
        for number in range(50):
            for method, url in CALLS:
                address = {"REMOTE_ADDR": f"192.0.2.{number}"}
                client.open(url, method=method, json={}, environ_overrides=address)
    (line,) = lines()
    assert "let the proxy send all paths that begin with /api/appointments to it" in line
    assert "tok-5ecret" not in caplog.text
    clock.advance(minutes=59, seconds=59)
    client.get(BOOKING)
    assert len(lines()) == 1
    clock.advance(seconds=1)
    client.get(BOOKING)
    assert len(lines()) == 2


@pytest.mark.parametrize("method", ["DELETE", "PATCH"])
def test_other_methods_are_refused_in_json(client: FlaskClient, method: str) -> None:
    answer = client.open("/api/appointments", method=method)
    assert (answer.status_code, answer.get_json()["error"]) == (405, "method_not_allowed")
