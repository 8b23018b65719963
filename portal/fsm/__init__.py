"""Field Service Management, the system whose customers the portal serves: what is asked of it.

clusters    its clusters: label <-> host, and the origins of the pages of its shell
https_call  one request to a cluster: bounded in time and size, and to its own address alone
connections its connection, with urllib3
addresses   which IP addresses it may go to
credentials client id and secret are tried at their cluster
answers     what a call comes to: an answer, or a problem

No error of this room holds a credential, a token or a name.
"""

from portal.fsm.answers import Answer, CallError, CallProblem
from portal.fsm.clusters import Clusters
from portal.fsm.credentials import try_credentials
from portal.fsm.https_call import CALL_SECONDS, HttpsCaller
from portal.fsm_setting import FsmCluster, FsmSetting

__all__ = [
    "CALL_SECONDS", "Answer", "CallError", "CallProblem", "Clusters", "FsmCluster", "FsmSetting",
    "HttpsCaller", "try_credentials",
]  # fmt: skip
