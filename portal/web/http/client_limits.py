"""What one network may do: how often it may sign up, ask for tenants that are not there, and try
sign-in links and API tokens that do not work."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from portal.onboarding import CredentialTries, LinkMails, ProofMails, SignInMails, SignUpLimits
from portal.settings import Settings
from portal.timestamps import seconds_until

#: Networks of which a limit remembers the counts: about 2 MB.
_MAX_NETWORKS = 10_000
#: Links hold 192 random bits, so nobody finds one. This ends what only fills the log.
SIGN_IN_TRIES_PER_HOUR = 10
#: Nobody finds a token either: it holds 256. A program whose token was revoked may go on trying.
WRONG_TOKENS_PER_MINUTE = 30


class NetworkRateLimit:
    """At most `limit` requests of a network in each `window`, which begins with the first.

    Each process counts for itself, in memory: it limits requests that only read, and a write for
    each would cost more than the request. Its share is `limit` divided by the number of `workers`.
    """

    def __init__(self, limit: int, window: timedelta, *, workers: int = 1) -> None:
        self._limit = ceil(limit / workers)
        self._window = window
        self._lock = threading.Lock()
        #: The start of the window and the count, of the networks that began theirs last.
        self._counts: OrderedDict[str, tuple[datetime, int]] = OrderedDict()

    def seconds_to_wait(self, network: str, now: datetime) -> int:
        """Count a request. 0: it is allowed; else the seconds until one is. A limit of 0 allows
        everything."""
        if not self._limit:
            return 0
        with self._lock:
            return self._count(network, now)

    def seconds_to_wait_at_once(self, network: str, now: datetime) -> int | None:
        """The same, for a thread that must not wait; None, and nothing is counted, if another one
        counts just now."""
        if not self._limit:
            return 0
        if not self._lock.acquire(blocking=False):
            return None
        try:
            return self._count(network, now)
        finally:
            self._lock.release()

    def _count(self, network: str, now: datetime) -> int:
        start, count = self._counts.get(network, (now, 0))
        # A clock that was set back must not block anybody for longer than a window.
        if not start <= now < start + self._window:
            start, count = now, 0
        if count >= self._limit:
            return seconds_until(start + self._window, now)
        self._counts[network] = (start, count + 1)
        if count == 0:
            self._counts.move_to_end(network)
        if len(self._counts) > _MAX_NETWORKS:
            self._counts.popitem(last=False)
        return 0

    def seconds_left(self, network: str, now: datetime) -> int:
        """As `seconds_to_wait`, but nothing is counted."""
        with self._lock:
            start, count = self._counts.get(network, (now, 0))
            is_used_up = start <= now < start + self._window and count >= self._limit > 0
            return seconds_until(start + self._window, now) if is_used_up else 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientLimits:
    """The limits of one application."""

    sign_ups: SignUpLimits | None
    """Counted in the store, exact for all workers. None: there are none."""
    not_found: NetworkRateLimit
    sign_in: NetworkRateLimit
    wrong_tokens: NetworkRateLimit
    appointments_log: NetworkRateLimit
    """How often the log says that appointments are asked for here, whoever asks."""
    proof_mails: ProofMails
    """Always there: a mail goes to somebody who may not have asked for it."""
    link_mails: LinkMails
    """The same of mails with lost links."""
    sign_in_mails: SignInMails
    """The same of mails with sign-in links."""
    credential_tries: CredentialTries
    """Always there: a customer's client must not be locked at its cluster."""

    @classmethod
    def of(cls, settings: Settings, secret_key: str) -> "ClientLimits":
        per_hour, workers = settings.sign_ups_per_hour, settings.workers
        not_found = settings.not_found_per_minute if per_hour else 0
        tries = SIGN_IN_TRIES_PER_HOUR if per_hour else 0
        wrong_tokens = WRONG_TOKENS_PER_MINUTE if per_hour else 0
        return cls(
            sign_ups=SignUpLimits(secret_key, per_hour) if per_hour else None,
            not_found=NetworkRateLimit(not_found, timedelta(minutes=1), workers=workers),
            sign_in=NetworkRateLimit(tries, timedelta(hours=1), workers=workers),
            wrong_tokens=NetworkRateLimit(wrong_tokens, timedelta(minutes=1), workers=workers),
            appointments_log=NetworkRateLimit(1, timedelta(hours=1)),
            proof_mails=ProofMails(secret_key),
            link_mails=LinkMails(secret_key, is_limited=per_hour > 0),
            sign_in_mails=SignInMails(secret_key, is_limited=per_hour > 0),
            credential_tries=CredentialTries(secret_key),
        )
