"""The pages that live in a frame of the Field Service Management shell.

In a frame of another site browsers keep no cookie of ours, so these pages neither read nor write
one. And they alone may be framed at all, by the shells of the clusters that are set and by nobody
else.
"""

from portal.fsm import Clusters
from portal.settings import Settings

#: The answer to the form stays in the frame as well, whatever it is.
_FRAMED = frozenset({"/shell", "/shell/sign-up"})


def is_framed(path: str) -> bool:
    """Whether what has this path, without the prefix of the portal, may be shown in a frame."""
    return path in _FRAMED


def is_without_cookie(path: str) -> bool:
    """Whether it belongs to these pages, and so neither reads nor writes a cookie."""
    return path == "/shell" or path.startswith("/shell/")


def shell_origins(settings: Settings) -> tuple[str, ...]:
    """The origins of all shells that may frame these pages."""
    return Clusters(settings.fsm.clusters).shell_origins


def cluster_labels(settings: Settings) -> dict[str, str]:
    """Host -> label of each cluster, since the shell names its cluster by the host."""
    clusters = Clusters(settings.fsm.clusters)
    found = {host: clusters.of_host(host) for host in clusters.hosts}
    return {host: cluster.label for host, cluster in found.items() if cluster}
