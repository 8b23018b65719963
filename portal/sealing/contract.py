"""The client secret before and after sealing (encryption), and what a sealer promises.

A sealed secret is a text with a tag, which other programs can open. It is bound to the tenant's
final id:

- `v1.kms.<base64url of the KMS ciphertext>`, with the encryption context
  `{tenantId, purpose: "clientSecret"}`;
- without a KMS key, `v1.loc.<key id>.<base64url of nonce, ciphertext and tag>`: AES-256-GCM under
  a key of the key file, with that context as additional data.

The portal only seals, and never opens.
"""

import base64
import re
from typing import Protocol

from portal.stores import UnavailableError

#: Version, kind and content. Every other text is a plaintext secret of the old application.
_SEALED = re.compile(r"v1\.(kms|loc\.[A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+")


class Secret:
    """A client secret that is not sealed yet. Printing or logging it does not reveal it.

    `fingerprint` distinguishes it from other secrets, and does not help to guess it.
    """

    __slots__ = ("_text", "fingerprint")

    def __init__(self, text: str, fingerprint: str = "") -> None:
        self._text = text
        self.fingerprint = fingerprint

    def __repr__(self) -> str:
        return "Secret(…)"

    def reveal(self) -> str:
        """The secret as text."""
        return self._text


class SecretTooLongError(UnavailableError):
    """The secret is too long for the sealer.

    Forms and imports accept no secret that long, but the old application may have stored one.
    """


class Sealer(Protocol):
    """Seals client secrets."""

    def seal(self, secret: Secret, tenant_id: str) -> str:
        """The sealed secret, bound to the final id of its tenant.

        Raises:
            SecretTooLongError: The secret is too long.
            UnavailableError: The key cannot be used.
        """

    def check(self, secret: Secret) -> None:
        """Check the length locally; makes no KMS call.

        Raises:
            SecretTooLongError: The secret is too long.
        """


def is_sealed(text: str) -> bool:
    """Whether the text is a sealed secret and not a plaintext one."""
    return _SEALED.fullmatch(text) is not None


def encryption_context(tenant_id: str) -> dict[str, str]:
    """What a sealed secret is bound to."""
    return {"tenantId": tenant_id, "purpose": "clientSecret"}


def base64url_encode(raw: bytes) -> str:
    """Without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
