from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.fsm import HttpsCaller
from portal.fsm.cluster_keys import ClusterKeys
from tests.fsm.shell_tokens import KEY, publish
from tests.fsm_cluster import Cluster, running_cluster


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """The cluster `eu`, on this machine."""
    with running_cluster(tmp_path) as running:
        yield running


@pytest.fixture
def keys_cluster(cluster: Cluster) -> Cluster:
    """It publishes one key."""
    publish(cluster, KEY)
    return cluster


@pytest.fixture
def caller(keys_cluster: Cluster) -> HttpsCaller:
    """Knows two clusters: `eu`, which runs, and `de`, where nobody listens."""
    clusters = f"eu=localhost:{keys_cluster.port} de=localhost:1"
    return HttpsCaller(keys_cluster.setting(PORTAL_FSM_CLUSTERS=clusters))


class Seconds:
    """A clock that only goes forward, when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def keys(caller: HttpsCaller, seconds: Seconds) -> ClusterKeys:
    return ClusterKeys(caller, seconds)
