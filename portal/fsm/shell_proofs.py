"""What a token of the shell proves of the ids that a sign-up claims.

A proof that fails stops nothing: the sign-up is a claim then, as from any other link. Why it failed
is in the log, for the operator. The page says the same to everybody, so nobody learns by it which
accounts there are. The token is neither stored nor logged.

This module loads joserfc: import it only where proofs are on.
"""

import logging
from datetime import datetime

from portal.fsm.cluster_keys import ClusterKeys, KeysError
from portal.fsm.https_call import HttpsCaller
from portal.fsm.shell_token import (
    ProvedIds,
    ShellTokenError,
    TokenProblem,
    verify_shell_token,
)
from portal.tenants import Ids, ShellProof, ShellVerdict

logger = logging.getLogger(__name__)


class ShellProofs:
    """Verifies tokens of the clusters of the setting. One per process: it keeps their keys."""

    def __init__(self, caller: HttpsCaller, keys: ClusterKeys | None = None) -> None:
        self._clusters = caller.clusters
        self._keys = keys or ClusterKeys(caller)

    def proof_of(self, token: str, claims: Ids | None, now: datetime) -> ShellProof | None:
        """What the token proves of these ids, or that it could not be checked; `None`: nothing. It
        waits for the cluster, a few
        seconds at most, if its keys are not known yet.

        Args:
            token: As the shell gave it to the page; empty if it gave none.
        """
        if not token or claims is None:
            return None
        try:
            return self._proof_of(token, claims, now)
        except ShellTokenError as error:
            if error.problem is TokenProblem.NO_KEYS:
                logger.info("A token of the shell cannot be checked: %s", error.problem.value)
                return ShellProof(at=now, verdict=ShellVerdict.UNCHECKED)
            logger.info("A token of the shell proves nothing: %s", error.problem.value)
            return None

    def clusters_without_keys(self) -> list[str]:
        """The labels of the clusters whose keys cannot be had now: their tokens prove nothing."""
        found = []
        for label in self._clusters.labels:
            cluster = self._clusters.of_label(label)
            try:
                if cluster:
                    self._keys.of(cluster, None)
            except KeysError:
                found.append(label)
        return found

    def _proof_of(self, token: str, claims: Ids, now: datetime) -> ShellProof:
        proved = verify_shell_token(
            token, clusters=self._clusters, cluster=claims.cluster, keys=self._keys, now=now
        )
        if proved.account_id != claims.account_id:
            raise ShellTokenError(TokenProblem.OTHER_ACCOUNT)
        return ShellProof(at=now, verdict=_verdict(proved, claims.company_id))


def _verdict(proved: ProvedIds, company_id: str) -> ShellVerdict:
    if proved.company_ids is None:
        return ShellVerdict.ACCOUNT
    if company_id in proved.company_ids:
        return ShellVerdict.COMPANY
    # One that nobody can read may be this one.
    return ShellVerdict.OTHER_COMPANIES if proved.lists_all else ShellVerdict.ACCOUNT
