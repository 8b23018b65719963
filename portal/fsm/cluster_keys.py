"""The public keys of each cluster, with which it signs its tokens, kept for a while.

Nobody waits for somebody else's question: while one request asks a cluster, others take the keys
that are known, or have none.

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

from portal.fsm.answers import CallError
from portal.fsm.https_call import HttpsCaller
from portal.fsm_setting import FsmCluster

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

    def of(self, cluster: FsmCluster, key_id: str | None) -> list[Key]:
        """The keys that may have signed a token: those with this id, or all if it names none.

        Raises:
            KeysError: No key is known, and the cluster does not answer.
            ValueError: The cluster is none of the setting.
        """
        known = self._clusters.setdefault(cluster.label, _Known())
        now = self._seconds()
        is_old = now - known.read_at >= _NEW_SECONDS
        may_be_new = now - known.asked_at >= _AGAIN_SECONDS
        if is_old or (may_be_new and not _with_id(known.keys, key_id)):
            self._read(cluster, known, now)
        if now - known.read_at >= _KEPT_SECONDS:
            raise KeysError
        return _with_id(known.keys, key_id)

    def _read(self, cluster: FsmCluster, known: _Known, now: float) -> None:
        """Asks for the keys, unless somebody is doing so, or has just failed."""
        if now - known.failed_at < _AFTER_FAILURE_SECONDS:
            return
        if not known.asking.acquire(blocking=False):
            return
        try:
            known.asked_at = now
            answer = self._caller.call(
                cluster,
                "GET",
                KEYS_PATH,
                headers={"Accept": "application/json"},
                seconds=_ANSWER_SECONDS,
            )
            keys = _keys_of(answer.body) if answer.status == 200 else ()
        except CallError as error:
            self._failed(cluster, known, error.problem.value)
        else:
            if keys:
                known.keys, known.read_at = keys, now
            else:
                self._failed(cluster, known, f"no keys, status {answer.status}")
        finally:
            known.asking.release()

    def _failed(self, cluster: FsmCluster, known: _Known, problem: str) -> None:
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
