"""The clusters that the portal knows. It asks no other host, and lets no other one frame it."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from portal.fsm_setting import FsmCluster

#: Behind the label of a cluster: its names of today and of former years, whatever the setting says.
_DOMAINS = ("fsm.cloud.sap", "coresystems.net")
_SCHEME = re.compile(r"\A(?:https?:)?//", re.ASCII | re.IGNORECASE)


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

    def of_url(self, text: str) -> FsmCluster | None:
        """The cluster of an address, as answers and tokens of Field Service Management name it:
        with a scheme or without, and with a name of former years even if the setting does not have
        these. `None`: the address is of no cluster that the portal knows, or is none."""
        try:
            split = urlsplit(f"//{_SCHEME.sub('', text.strip(), count=1)}")
            host, port = (split.hostname or "").removesuffix("."), split.port or 443
        except ValueError:
            return None
        label, _, domain = host.partition(".")
        # Hosts of the setting first: it may give one of these names to another label.
        known = self.of_host(_with_port(host, port))
        if known or domain not in _DOMAINS or port != 443:
            return known
        others = (self.of_host(f"{label}.{each}") for each in _DOMAINS)
        return next(filter(None, others), None) or self.of_label(label)

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
