"""The clusters that the portal knows. It asks no other host, and lets no other one frame it."""

from collections.abc import Iterable

from portal.fsm_setting import FsmCluster


class Clusters:
    """The clusters of the setting, by label and by host."""

    def __init__(self, clusters: Iterable[FsmCluster]) -> None:
        self._by_label = {cluster.label: cluster for cluster in clusters}
        self._by_host = {
            host: cluster
            for cluster in self._by_label.values()
            for host in (_with_port(cluster.host, cluster.port), cluster.former_host)
            if host
        }

    def __contains__(self, cluster: FsmCluster) -> bool:
        return self._by_label.get(cluster.label) == cluster

    def of_label(self, label: str) -> FsmCluster | None:
        """The cluster with this label, such as `eu`."""
        return self._by_label.get(label)

    def of_host(self, host: str) -> FsmCluster | None:
        """The cluster that is reached under this host, such as `eu.fsm.cloud.sap`, or was so
        formerly. A port belongs to the host unless it is 443."""
        return self._by_host.get(host.lower())

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(self._by_label)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Today's and, if they are set, those of former years."""
        return tuple(self._by_host)

    @property
    def shell_origins(self) -> tuple[str, ...]:
        """The origins of the pages of the shell, as browsers write them."""
        return tuple(f"https://{host}" for host in self._by_host)


def _with_port(host: str, port: int) -> str:
    return host if port == 443 else f"{host}:{port}"
