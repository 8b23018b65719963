"""A store of each kind; a test with `store` or `open_again` runs once for each."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest

from portal import records
from portal.stores.contract import Add, Store
from portal.usage import UsageNoter
from tests.conftest import Clock
from tests.outbox.conftest import open_again, store
from tests.web.api.api_calls import stored_tenant

__all__ = ["open_again", "store"]

NewNoter = Callable[..., UsageNoter]


@pytest.fixture
def new_noter(clock: Clock) -> NewNoter:
    """Another process, with its own memory."""

    def make(store: Store, zone: str = "UTC", **how: bool | int) -> UsageNoter:
        return UsageNoter(store, clock.now, zone=ZoneInfo(zone), **how)  # type: ignore[arg-type]

    return make


@pytest.fixture
def tenant_id(store: Store) -> str:
    tenant = stored_tenant()
    store.write([Add(records.item_of(tenant))])
    return tenant.id
