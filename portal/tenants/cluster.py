"""The cluster: a host label.

The downstream application makes `https://<cluster>.fsm.cloud.sap` of it, and sends its token there.
So a text that could lead to another host is refused wherever it comes in, and is never answered.
"""

import re

from portal.tenants.life_cycle import RuleError

CLUSTER_LENGTH = 20
#: Longer than any pasted address of a page in Field Service Management that people really have.
_MAX_PASTED = 400
_LABEL = r"[a-z0-9-]{1,20}"
#: A label alone, or the host of a cluster as people copy it out of the browser. A port or a name
#: in front of the host makes it another text.
_CLUSTER = re.compile(
    rf"({_LABEL})|(?:https?://)?({_LABEL})\.fsm\.cloud\.sap(?:[/?#].*)?", re.ASCII | re.IGNORECASE
)


class ClusterError(RuleError):
    """The licence has no cluster, or one that is no host label."""


def cluster_of(text: str) -> str | None:
    """The label in lower case; of a pasted host, its label. `None` if the text is no cluster.

    Labels that nobody knows are clusters, too: new ones come without notice.
    """
    if len(text) > _MAX_PASTED:
        return None
    match = _CLUSTER.fullmatch(text.strip())
    return (match[1] or match[2]).lower() if match else None


def is_cluster(text: str) -> bool:
    """Whether the text is a label as it is stored."""
    return cluster_of(text) == text
