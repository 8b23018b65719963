"""Credentials that staff have typed are tried at the cluster: at most ten times an hour for each
tenant, whoever tries. So nobody guesses a secret here, and no customer's client is locked there.

Tries are counted in the store, exact for any number of workers, and before the cluster is asked.
The store has no way to take one back, so one that the portal then does not send counts as well,
since too many run or the address is in an inner network; only one for which no time is left does
not. Hours are those of the clock, in UTC: they begin for all tenants at the same time.

Nothing changes the tenant: no decision waits for it, and it waits for none.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from portal.fsm import CallProblem, FsmCluster, HttpsCaller, try_credentials
from portal.onboarding.decisions import MAX_ATTEMPTS, too_busy
from portal.onboarding.proof_mails import AddressCounters
from portal.records import TriedCredentials
from portal.sealing import Secret
from portal.stores import LimitReachedError, Store, VersionConflictError
from portal.tenants import AuditInfo, Tenant
from portal.usage import note_tried

#: Of one tenant.
TRIES_PER_HOUR = 10


@dataclass(eq=False)
class TryLimitError(Exception):
    """The credentials of this tenant were tried too often. From `retry_at` on, they may be."""

    retry_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class TypedCredentials:
    """What somebody wants to have tried. Ids that are not known yet are empty."""

    client_id: str
    secret: Secret
    account_id: str
    company_id: str


class CredentialTries:
    """Tries credentials, and counts the tries."""

    def __init__(self, secret_key: str) -> None:
        self._counters = AddressCounters(secret_key)

    def perform(
        self,
        store: Store,
        caller: HttpsCaller,
        tenant: Tenant,
        cluster: FsmCluster,
        typed: TypedCredentials,
        *,
        audit: AuditInfo,
        seconds: float,
    ) -> TriedCredentials:
        """Try them, and note of the tenant what was shown.

        Args:
            seconds: That the cluster may take. If none is left, it is not asked.

        Raises:
            TryLimitError: Those of this tenant were tried too often.
            BusyError: Other changes kept interfering.
        """
        has_time = seconds > 0
        if has_time:
            self._count(store, tenant.id, audit.at)
        proof = try_credentials(
            caller,
            cluster,
            client_id=typed.client_id,
            secret=typed.secret.reveal(),
            account_id=typed.account_id,
            company_id=typed.company_id,
            seconds=seconds,
        )
        tried = TriedCredentials(
            at=audit.at,
            by=audit.by,
            who=audit.who,
            client_id=typed.client_id,
            account_id=typed.account_id,
            company_id=typed.company_id,
            cluster=cluster.label,
            proof=proof,
        )
        # Nothing was sent then, so what an earlier try has shown stays.
        if has_time and proof.problem != CallProblem.BUSY:
            note_tried(store, tenant.id, tried)
        return tried

    def _count(self, store: Store, tenant_id: str, now: datetime) -> None:
        hour = now.astimezone(UTC)
        limits = {f"h{hour:%H}": TRIES_PER_HOUR}
        count = self._counters.counter("tries", tenant_id, limits, now)
        for _ in range(MAX_ATTEMPTS):
            with suppress(VersionConflictError):
                try:
                    store.write([count])
                except LimitReachedError as error:
                    begun = hour.replace(minute=0, second=0, microsecond=0)
                    raise TryLimitError(begun + timedelta(hours=1)) from error
                return
        raise too_busy()
