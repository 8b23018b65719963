"""Tries of credentials are counted before the cluster is asked, in hours of the clock."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portal import records
from portal.fsm import HttpsCaller
from portal.onboarding import CredentialTries, TryLimitError, TypedCredentials
from portal.onboarding.credential_tries import TRIES_PER_HOUR
from portal.records import Proved, TriedCredentials
from portal.sealing import Secret
from portal.stores.contract import Add, Store
from portal.tenants import AuditInfo
from tests.fsm_cluster import CLIENT_ID, CLIENT_SECRET, Cluster, running_cluster
from tests.web.api.api_calls import stored_tenant
from tests.web.pages import everything

TENANT = stored_tenant()
AUDIT = AuditInfo(at=datetime(2026, 11, 23, 10, 59, 30, tzinfo=UTC), by="Anna", who="staff-anna")
TYPED = TypedCredentials(
    client_id=CLIENT_ID, secret=Secret(CLIENT_SECRET), account_id="86810", company_id="104348"
)


@pytest.fixture
def store(each_store: Store) -> Store:
    """With the tenant."""
    each_store.write([Add(records.item_of(TENANT))])
    return each_store


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with running_cluster(tmp_path) as running:
        yield running


def perform(
    store: Store, cluster: Cluster, *, audit: AuditInfo = AUDIT, seconds: float = 5.0
) -> TriedCredentials:
    caller = HttpsCaller(cluster.setting())
    found = caller.clusters.of_label("eu")
    assert found is not None
    tries = CredentialTries("key")
    return tries.perform(store, caller, TENANT, found, TYPED, audit=audit, seconds=seconds)


def test_the_next_ten_begin_with_the_hour_of_the_clock(store: Store, cluster: Cluster) -> None:
    for _ in range(TRIES_PER_HOUR):
        assert perform(store, cluster).proof.secret is Proved.YES
    with pytest.raises(TryLimitError) as limit:
        perform(store, cluster)
    assert limit.value.retry_at == datetime(2026, 11, 23, 11, tzinfo=UTC)
    assert len(cluster.asked) == TRIES_PER_HOUR
    later = replace(AUDIT, at=AUDIT.at + timedelta(seconds=30))
    assert perform(store, cluster, audit=later).proof.secret is Proved.YES


def test_without_time_nothing_is_sent_counted_or_noted(store: Store, cluster: Cluster) -> None:
    before = everything(store)
    for _ in range(TRIES_PER_HOUR + 1):
        tried = perform(store, cluster, seconds=0.0)
        assert (tried.proof.secret, tried.proof.problem) == (Proved.UNKNOWN, "slow")
    assert cluster.asked == []
    assert everything(store) == before
