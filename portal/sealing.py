"""Seals the client secret, so that a copy of the store does not give it away.

A sealed secret is one tagged text that other programs can open:
`v1.loc.<key id>.<base64url of nonce, ciphertext and tag>`, AES-256-GCM under a key of the key
file, with the tenant's final id as additional data.
"""

import base64
import json
import secrets
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from portal.files import make_once

_NONCE_BYTES = 12
_KEY_BYTES = 32


class Secret:
    """A client secret on its way to being sealed. Nothing prints it by accident."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return "Secret(…)"

    def reveal(self) -> str:
        return self._text


class Sealer(Protocol):
    def seal(self, secret: Secret, tenant_id: str) -> str:
        """The sealed text, bound to the final id that it is for."""


class KeyFileError(Exception):
    """The key file cannot be used; the text says what to do."""


class KeyFileSealer:
    """Seals with the newest key of a file that is made on first use (mode 0600).

    The file is JSON: `{"<key id>": "<base64url of 32 bytes>", …}`, the newest key last.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def seal(self, secret: Secret, tenant_id: str) -> str:
        """`KeyFileError`."""
        key_id, key = list(self._keys().items())[-1]
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(key).encrypt(nonce, secret.reveal().encode(), context_of(tenant_id))
        return f"v1.loc.{key_id}.{_encoded(nonce + sealed)}"

    def _keys(self) -> dict[str, bytes]:
        try:
            raw = self._path.read_bytes()
        except FileNotFoundError:
            key = {secrets.token_hex(4): _encoded(secrets.token_bytes(_KEY_BYTES))}
            make_once(self._path, json.dumps(key) + "\n")
            raw = self._path.read_bytes()
        try:
            text = raw.decode("ascii")
            keys = {key_id: _decoded(key) for key_id, key in json.loads(text).items()}
        except (ValueError, AttributeError, TypeError) as error:
            raise KeyFileError(f"{self._path} is not a key file. Restore it.") from error
        if not keys or any(len(key) != _KEY_BYTES for key in keys.values()):
            raise KeyFileError(f"{self._path} holds no usable key. Restore it.")
        return keys


def context_of(tenant_id: str) -> bytes:
    """What a sealed secret is bound to: the tenant and the purpose, as compact sorted JSON."""
    context = {"purpose": "clientSecret", "tenantId": tenant_id}
    return json.dumps(context, separators=(",", ":"), sort_keys=True).encode()


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
