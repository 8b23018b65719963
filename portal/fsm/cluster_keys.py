"""The public keys of each cluster, with which it signs its tokens, kept for a while.

While one request asks a cluster, others take the keys that are known. Only those that would have
none wait for its answer, a few of them, and no longer than the answer may take.

This module loads joserfc: import it only where proofs are on.
"""

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from portal.fsm.https_call import MAX_CALLS, HttpsCaller
from portal.fsm_setting import FsmCluster
from portal.outgoing import CallError, CallProblem

logger = logging.getLogger(__name__)

#: For the whole answer. Whoever asks has to save something afterwards, before its own time is up.
_ANSWER_SECONDS = 3.0
#: Where a cluster publishes its keys.
KEYS_PATH = "/api/oauth2/v2/.well-known/jwks.json"
#: How long keys count as new.
_NEW_SECONDS = 3600.0
#: Older ones are used while the cluster cannot be asked, but not for longer than this.
_KEPT_SECONDS = 24 * 3600.0
#: For the sake of one unknown key, keys are asked for again at most so often: anybody can make a
#: token that names one.
_AGAIN_SECONDS = 60.0
#: After a failure, nobody asks the cluster again for so long.
_AFTER_FAILURE_SECONDS = 10.0
#: That wait for somebody else's answer at a time, in one process: as many as there may be calls.
#: All others have their threads for people who want no proof.
_MAX_WAITING = MAX_CALLS
_MAX_KEYS = 50
#: In bits. Longer ones take long to check.
_KEY_SIZES = range(2048, 8193)

Key = RSAKey


class KeysError(Exception):
    """There are no keys of this cluster, and it does not answer."""


@dataclass(slots=True)
class _Known:
    """What is known of one cluster. Times are those of a clock that only goes forward."""

    keys: tuple[Key, ...] = ()
    read_at: float = float("-inf")
    asked_at: float = float("-inf")
    failed_at: float = float("-inf")
    asking: threading.Lock = field(default_factory=threading.Lock)


class ClusterKeys:
    """Reads keys when they are first needed.

    Args:
        seconds: A clock that only goes forward.
    """

    def __init__(self, caller: HttpsCaller, seconds: Callable[[], float] = time.monotonic) -> None:
        self._caller = caller
        self._seconds = seconds
        self._clusters: dict[str, _Known] = {}
        self._waiting = threading.BoundedSemaphore(_MAX_WAITING)

    def of(self, cluster: FsmCluster, key_id: str | None) -> list[Key]:
        """The keys that may have signed a token: those with this id, or all if it names none.

        Raises:
            KeysError: No key is known, and the cluster does not answer.
            ValueError: The cluster is none of the setting.
        """
        known = self._clusters.setdefault(cluster.label, _Known())
        if self._is_due(known, key_id) and self._has_turn(known, key_id):
            try:
                # Whoever had to wait may have the answer by now.
                if self._is_due(known, key_id):
                    self._read(cluster, known)
            finally:
                known.asking.release()
        if not self._counts(known):
            raise KeysError
        return _with_id(known.keys, key_id)

    def _counts(self, known: _Known) -> bool:
        """Whether the keys that are known are young enough."""
        return self._seconds() - known.read_at < _KEPT_SECONDS

    def _is_due(self, known: _Known, key_id: str | None) -> bool:
        """Whether the cluster should be asked, and may be."""
        now = self._seconds()
        if now - known.failed_at < _AFTER_FAILURE_SECONDS:
            return False
        may_be_new = now - known.asked_at >= _AGAIN_SECONDS
        is_old = now - known.read_at >= _NEW_SECONDS
        return is_old or (may_be_new and not _with_id(known.keys, key_id))

    def _has_turn(self, known: _Known, key_id: str | None) -> bool:
        """Takes the lock of the cluster, if this request may ask it. While another one asks, it
        waits only if it would have no key otherwise."""
        if known.asking.acquire(blocking=False):
            return True
        if self._counts(known) and _with_id(known.keys, key_id):
            return False
        if not self._waiting.acquire(blocking=False):
            return False
        try:
            return known.asking.acquire(timeout=_ANSWER_SECONDS)
        finally:
            self._waiting.release()

    def _read(self, cluster: FsmCluster, known: _Known) -> None:
        """Asks for the keys. Whoever calls it has the lock."""
        now = self._seconds()
        keys: tuple[Key, ...] = ()
        try:
            answer = self._caller.call(
                cluster,
                "GET",
                KEYS_PATH,
                headers={"Accept": "application/json"},
                seconds=_ANSWER_SECONDS,
            )
        except CallError as error:
            if error.problem is CallProblem.BUSY:
                # Nothing was sent, so nothing is known of the cluster: the next one may ask it.
                logger.info("Too many calls are running to read the keys of %s", cluster.label)
                return
            problem = error.problem.value
        else:
            keys = _keys_of(answer.body) if answer.status == 200 else ()
            problem = f"no keys, status {answer.status}"
        # Only now, so that others with the same unknown key wait for this answer.
        known.asked_at = now
        if keys:
            known.keys, known.read_at = keys, now
        else:
            known.failed_at = self._seconds()
            logger.warning("The keys of cluster %s cannot be read: %s", cluster.label, problem)


def _with_id(keys: tuple[Key, ...], key_id: str | None) -> list[Key]:
    """A key without an id may be any."""
    return [key for key in keys if key_id is None or key.kid in (None, key_id)]


def _keys_of(answer: bytes) -> tuple[Key, ...]:
    """The keys that can have signed by RS256; none if the answer is no set of keys. One of another
    kind spoils no others."""
    try:
        values = json.loads(answer)
    except (ValueError, RecursionError):
        return ()
    given = values.get("keys") if isinstance(values, dict) else None
    if not isinstance(given, list):
        return ()
    return tuple(key for each in given[:_MAX_KEYS] if (key := _key_of(each)))


def _key_of(value: Any) -> Key | None:
    if not isinstance(value, dict) or value.get("kty") != "RSA":
        return None
    if value.get("use", "sig") != "sig" or value.get("alg", "RS256") != "RS256":
        return None
    public = {name: value[name] for name in ("kty", "n", "e", "kid") if name in value}
    try:
        # Six bits a character. The library only warns of a short key.
        if not _KEY_SIZES[0] // 6 <= len(value["n"]) <= _KEY_SIZES[-1] // 6 + 2:
            return None
        key = RSAKey.import_key(public)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return key if key.public_key.key_size in _KEY_SIZES else None
