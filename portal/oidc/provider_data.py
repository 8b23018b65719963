"""What the provider publishes: its metadata and its keys, kept for a while.

This module loads Authlib: import it only when a provider is set.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from portal.oidc.errors import ProviderError, ProviderProblem

#: How long what was read counts as new.
_KEPT_SECONDS = 3600.0
#: Keys are asked for again at most so often: a provider may put a new key under the id of an old
#: one, so a signature that does not fit is a reason to ask, and anybody can make such a token.
_KEYS_AGAIN_SECONDS = 60.0
#: After a failure, nobody waits for the provider again for so long.
_AFTER_FAILURE_SECONDS = 5.0
_MAX_KEYS = 50
_KEY_TYPES: dict[str, Any] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}

#: Asks an address, and returns the JSON object of its answer.
Fetch = Callable[[str], dict[str, Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Metadata:
    """The addresses of the provider. `end_session`: empty if it has no sign-out."""

    authorization: str
    token: str
    userinfo: str
    keys: str
    end_session: str
    sends_issuer: bool
    auth_method: str


class ProviderData:
    """Reads metadata and keys when they are first needed.

    Args:
        seconds: A clock that only goes forward.
    """

    def __init__(self, issuer: str, seconds: Callable[[], float] = time.monotonic) -> None:
        self._issuer = issuer
        self._seconds = seconds
        self._lock = threading.Lock()
        self._metadata: Metadata | None = None
        self._metadata_at = self._failed_at = self._keys_at = self._asked_again_at = float("-inf")
        self._keys: list[Any] = []

    def metadata(self, fetch: Fetch) -> Metadata:
        """The metadata. Old ones are used while the provider does not answer.

        Raises:
            ProviderError: There are none yet, and the provider does not answer or is another one.
        """
        with self._lock:
            now, known = self._seconds(), self._metadata
            if known and now - self._metadata_at < _KEPT_SECONDS:
                return known
            if now - self._failed_at < _AFTER_FAILURE_SECONDS:
                if known:
                    return known
                raise ProviderError(ProviderProblem.UNREACHABLE)
            address = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
            try:
                known = _metadata_of(fetch(address), self._issuer)
            except ProviderError:
                self._failed_at = self._seconds()
                if known:
                    return known
                raise
            self._metadata, self._metadata_at = known, self._seconds()
            return known

    def keys(self, fetch: Fetch, *, anew: bool = False) -> list[Any]:
        """The public keys of the provider.

        Args:
            anew: None of those that are known fits. They are asked for again, unless somebody has
                within the last minute.

        Raises:
            ProviderError: There are none yet, and the provider does not answer.
        """
        address = self.metadata(fetch).keys
        with self._lock:
            now = self._seconds()
            if anew:
                is_known = now - self._asked_again_at < _KEYS_AGAIN_SECONDS
            else:
                is_known = now - self._keys_at < _KEPT_SECONDS
            if self._keys and is_known:
                return self._keys
            self._keys_at = now
            if anew:
                self._asked_again_at = now
            try:
                self._keys = _keys_of(fetch(address))
            except ProviderError:
                if not self._keys:
                    raise
            return self._keys


def _metadata_of(answer: dict[str, Any], issuer: str) -> Metadata:
    # Otherwise one provider could send the codes of another one's people to itself.
    if answer.get("issuer") != issuer:
        raise ProviderError(ProviderProblem.METADATA)
    begins = "https://" if issuer.startswith("https://") else ("https://", "http://")

    def address(name: str, *, required: bool = True) -> str:
        value = answer.get(name)
        if value is None and not required:
            return ""
        if not isinstance(value, str) or not value.startswith(begins):
            raise ProviderError(ProviderProblem.METADATA)
        return value

    methods = answer.get("token_endpoint_auth_methods_supported")
    # The protocol's default is the first one.
    takes_basic = not isinstance(methods, list) or "client_secret_basic" in methods
    return Metadata(
        authorization=address("authorization_endpoint"),
        token=address("token_endpoint"),
        userinfo=address("userinfo_endpoint"),
        keys=address("jwks_uri"),
        end_session=address("end_session_endpoint", required=False),
        sends_issuer=answer.get("authorization_response_iss_parameter_supported") is True,
        auth_method="client_secret_basic" if takes_basic else "client_secret_post",
    )


def _keys_of(answer: dict[str, Any]) -> list[Any]:
    """The keys that can be used. One of a kind that nobody here knows spoils no others."""
    given = answer.get("keys")
    if not isinstance(given, list):
        raise ProviderError(ProviderProblem.ANSWER)
    found = []
    for each in given[:_MAX_KEYS]:
        kind = _KEY_TYPES.get(str(each.get("kty"))) if isinstance(each, dict) else None
        if kind is None or each.get("use", "sig") != "sig":
            continue
        try:
            found.append(kind.import_key(each))
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    if not found:
        raise ProviderError(ProviderProblem.ANSWER)
    return found
