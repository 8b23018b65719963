"""Requests have one deadline, but for a file to import: that takes as long as the file is large."""

from collections.abc import Callable, Sequence

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import create_app
from portal.settings import Settings
from portal.stores import Change, Store, StoreWrapper, remaining_seconds
from tests.conftest import Clock
from tests.strict_client import StrictClient
from tests.web.import_bodies import body_of, tenant
from tests.web.pages import Staff, sent_in

LONG = 1_000_000.0


class Watched(StoreWrapper):
    """Notes how long each write may take."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.seconds: list[float] = []

    def write(self, changes: Sequence[Change]) -> None:
        self.seconds.append(remaining_seconds(LONG))
        super().write(changes)


@pytest.fixture
def watched(store: Store) -> Watched:
    return Watched(store)


@pytest.fixture
def app(settings: Settings, watched: Watched, clock: Clock) -> Flask:
    app = create_app(settings, store=watched, clock=clock.now)
    app.test_client_class = StrictClient
    return app


def test_a_sign_up_and_a_decision_end_with_the_deadline(
    client: FlaskClient, anna: Staff, watched: Watched
) -> None:
    watched.seconds.clear()
    done = sent_in(client)
    anna.decide(done.id, "reject", reason="other")
    assert watched.seconds
    assert all(0 < seconds <= 8 for seconds in watched.seconds)
    # Nothing of it is left for whoever uses the thread next.
    assert remaining_seconds(LONG) == LONG


def test_the_rows_of_an_import_do_not_share_one(
    send: Callable[..., TestResponse], watched: Watched
) -> None:
    watched.seconds.clear()
    assert send(body_of(tenant(1), tenant(2))).status_code == 200
    # The first is the call of the token, which is counted before the file is looked at.
    assert watched.seconds[0] <= 8
    assert set(watched.seconds[1:]) == {LONG}
