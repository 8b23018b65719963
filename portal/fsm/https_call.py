"""One request to a cluster: to hosts of the list alone, and soon over.

What else limits it is said in `portal.outgoing`.
"""

from collections.abc import Mapping

from portal.fsm.clusters import Clusters
from portal.fsm_setting import FsmCluster, FsmSetting
from portal.outgoing import Answer, Caller, Route, Target, is_public

#: Of a whole call.
CALL_SECONDS = 5.0
#: That run at a time in one process: a quarter of the threads that answer staff and customers.
MAX_CALLS = 4


class HttpsCaller:
    """Calls the clusters of the setting. One per process: it counts the calls that run."""

    def __init__(self, setting: FsmSetting) -> None:
        self.clusters = Clusters(setting.clusters)
        route = Route(
            allows=lambda address: setting.private_addresses or is_public(address),
            ca_file=setting.ca_file,
            proxy=setting.proxy,
            has_unusable_proxy=setting.has_unusable_proxy,
            no_proxy=setting.no_proxy,
        )
        self._caller = Caller(route, places=MAX_CALLS, name="fsm-call")

    def call(
        self,
        cluster: FsmCluster,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        seconds: float = CALL_SECONDS,
    ) -> Answer:
        """Ask the cluster once.

        Args:
            path: With its slash at the beginning, and with its query.
            seconds: After which the caller no longer waits.

        Raises:
            CallError: There is no answer.
            ValueError: The cluster is none of the setting.
        """
        if cluster not in self.clusters:
            raise ValueError("no cluster of the setting")
        target = Target(host=cluster.host, port=cluster.port)
        return self._caller.call(target, method, path, headers=headers, body=body, seconds=seconds)
