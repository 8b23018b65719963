from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fsm_cluster import Cluster, running_cluster


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """The cluster `eu`, on this machine."""
    with running_cluster(tmp_path) as running:
        yield running
