"""Each test runs once for each store. `store` announces what the verbs do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.settings import Settings
from portal.stores import Store
from portal.webhooks import AnnouncingStore
from tests.conftest import Clock
from tests.webhooks.receivers import Receiver, receiving, settings_for


@pytest.fixture
def store(each_store: Store, clock: Clock) -> AnnouncingStore:
    return AnnouncingStore(each_store, clock.now)


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with receiving(tmp_path) as running:
        yield running


@pytest.fixture
def allowed(tmp_path: Path, receiver: Receiver) -> Settings:
    """Settings with which the receiver may be reached."""
    return settings_for(tmp_path, receiver.ca_file)
