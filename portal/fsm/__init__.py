"""Field Service Management, the system whose customers the portal serves: what is asked of it.

clusters    its clusters: label <-> host, and the origins of the pages of its shell
https_call  one request to a cluster, and to no other host; see portal.outgoing
credentials client id and secret are tried at their cluster
shell_proofs  what a token of the shell proves of the ids that a sign-up claims
shell_token the check of such a token
cluster_keys  the public keys with which the clusters sign them

No error of this room holds a credential, a token or a name.
"""

from typing import TYPE_CHECKING

from portal.fsm.clusters import Clusters
from portal.fsm.credentials import try_credentials
from portal.fsm.https_call import CALL_SECONDS, HttpsCaller
from portal.fsm_setting import FsmCluster, FsmSetting
from portal.outgoing import Answer, CallError, CallProblem

if TYPE_CHECKING:
    from portal.fsm.shell_proofs import ShellProofs

__all__ = [
    "CALL_SECONDS", "Answer", "CallError", "CallProblem", "Clusters", "FsmCluster", "FsmSetting",
    "HttpsCaller", "ShellProofs", "open_shell_proofs", "try_credentials",
]  # fmt: skip


def open_shell_proofs(caller: HttpsCaller) -> "ShellProofs":
    """What verifies tokens of the shell. No cluster is asked for anything yet."""
    from portal.fsm.shell_proofs import ShellProofs  # noqa: PLC0415 - it loads joserfc

    return ShellProofs(caller)
