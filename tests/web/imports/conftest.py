"""An administrator of a portal whose store can be made to fail."""

import pytest
from flask.testing import FlaskClient

from portal import create_app
from portal.settings import Settings
from portal.stores.contract import Store
from tests.conftest import Clock
from tests.strict_client import StrictClient
from tests.web.failing_store import TroubledStore
from tests.web.pages import Staff, sign_in


@pytest.fixture
def failing_store(store: Store) -> TroubledStore:
    return TroubledStore(store)


@pytest.fixture
def eve(settings: Settings, failing_store: TroubledStore, store: Store, clock: Clock) -> Staff:
    app = create_app(settings, store=failing_store, clock=clock.now)
    app.test_client_class = StrictClient
    client: FlaskClient = app.test_client()
    sign_in(client, store, clock.now(), role="admin", name="Eve")
    return Staff(client, "Eve")
