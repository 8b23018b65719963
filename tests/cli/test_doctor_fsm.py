"""`portal doctor` on the keys of the clusters: there, not there, or not needed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.cli.doctor.findings import Finding
from portal.cli.doctor.fsm import check_cluster_keys, check_proxy
from portal.settings import Settings
from tests.fsm.shell_tokens import KEY, publish
from tests.fsm_cluster import Cluster, running_cluster


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with running_cluster(tmp_path) as running:
        publish(running, KEY)
        yield running


def findings(cluster: Cluster, clusters: str, *, proof: str = "true") -> list[Finding]:
    environ = cluster.environ(
        PORTAL_SECRET_KEY="k" * 32, PORTAL_FSM_PROOF=proof, PORTAL_FSM_CLUSTERS=clusters
    )
    return list(check_cluster_keys(Settings.from_environment(environ)))


def test_keys_that_can_be_read_are_fine(cluster: Cluster) -> None:
    assert findings(cluster, f"eu=localhost:{cluster.port}") == [
        Finding("keys of the clusters, for PORTAL_FSM_PROOF")
    ]


def test_clusters_without_keys_are_named(cluster: Cluster) -> None:
    (finding,) = findings(cluster, f"eu=localhost:{cluster.port} de=localhost:1 us=localhost:2")
    assert finding.problem == "The keys of these clusters cannot be read: de, us."


def test_where_no_token_is_verified_nobody_is_asked(cluster: Cluster) -> None:
    assert findings(cluster, f"eu=localhost:{cluster.port}", proof="") == []
    assert cluster.asked == []


def test_a_proxy_through_which_no_cluster_can_be_asked_is_named_without_its_password() -> None:
    def found(**environ: str) -> list[Finding]:
        return list(check_proxy(Settings.from_environment(environ)))

    (finding,) = found(HTTPS_PROXY="socks5://ann:hush@proxy:1080")
    assert finding.problem == "HTTPS_PROXY is no address of an HTTP proxy, so no cluster is asked."
    assert "hush" not in repr(finding)
    assert found(HTTPS_PROXY="http://proxy:3128") == found() == []
    off = {"PORTAL_FSM_TRY_CREDENTIALS": "false"}
    assert found(HTTPS_PROXY="socks5://proxy:1080", **off) == []
