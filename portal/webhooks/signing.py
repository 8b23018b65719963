"""Secrets of subscriptions, and the signatures that are made with them.

The process that sends has to read a secret, so it is encrypted with a key made of the signing key
of the portal: see docs/decisions/022-webhook-secrets.md.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

_NONCE_BYTES = 12
#: The scheme allows 24 to 64.
_SECRET_BYTES = 32
_PREFIX = "whsec_"


class WebhookSecrets:
    """Makes, seals and opens secrets.

    Args:
        keys: The signing keys, the newest first: it seals, and all of them open.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = tuple(_sealing_key(key) for key in keys)

    def new(self, subscription_id: str) -> str:
        """A new secret, sealed."""
        return self._seal(secrets.token_bytes(_SECRET_BYTES), subscription_id)

    def open(self, sealed: str, subscription_id: str) -> bytes | None:
        """The secret; `None`: no key opens it."""
        return next((each for _key, each in self._opened(sealed, subscription_id)), None)

    def shown(self, sealed: str, subscription_id: str) -> str:
        """As its receiver needs it: `whsec_…`; empty if no key opens it."""
        secret = self.open(sealed, subscription_id)
        return secret_text(secret) if secret else ""

    def resealed(self, sealed: str, subscription_id: str) -> str:
        """The same secret, sealed with the newest key; unchanged if it is, or if no key opens it.
        So the older key is not needed any more."""
        for key, secret in self._opened(sealed, subscription_id):
            if key != self._keys[0]:
                return self._seal(secret, subscription_id)
        return sealed

    def _seal(self, secret: bytes, subscription_id: str) -> str:
        from cryptography.hazmat.primitives.ciphers.aead import (  # noqa: PLC0415 - takes 0.02 s
            AESGCM,
        )

        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(self._keys[0]).encrypt(nonce, secret, subscription_id.encode())
        return base64.b64encode(nonce + sealed).decode("ascii")

    def _opened(self, sealed: str, subscription_id: str) -> list[tuple[bytes, bytes]]:
        """The key that opens it, and what is in it; empty if none does."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - as above
        from cryptography.hazmat.primitives.ciphers.aead import (  # noqa: PLC0415 - as above
            AESGCM,
        )

        try:
            raw = base64.b64decode(sealed, validate=True)
        except ValueError:
            return []
        for key in self._keys:
            try:
                opened = AESGCM(key).decrypt(
                    raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], subscription_id.encode()
                )
            except (ValueError, InvalidTag):
                continue
            return [(key, opened)]
        return []


def secret_text(secret: bytes) -> str:
    return _PREFIX + base64.b64encode(secret).decode("ascii")


def signature(secret: bytes, message_id: str, seconds: int, body: bytes) -> str:
    """One signature, as it stands in the header `webhook-signature`.

    Args:
        seconds: When it is sent, in seconds since 1970, UTC.
    """
    signed = f"{message_id}.{seconds}.".encode() + body
    digest = hmac.new(secret, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode('ascii')}"


def _sealing_key(key: str) -> bytes:
    return hashlib.sha256(b"secrets of webhooks\0" + key.encode()).digest()
