"""A store that counts, of each kind."""

import pytest

from portal.figures import CountingStore
from portal.stores.contract import Store


@pytest.fixture
def store(each_store: Store) -> CountingStore:
    return CountingStore(each_store)
