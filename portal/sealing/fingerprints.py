"""Whether a secret of a file is the one that is sealed in the store, which nobody here opens.

Beside the sealed text stands a keyed digest of both. Without the key, which is the one that
signs sessions and links, it says nothing; and once the sealed text is another, it says nothing
either.
"""

import hashlib
import hmac
from collections.abc import Sequence

from portal.records import SECRET, SECRET_FINGERPRINT
from portal.sealing.sealers import Secret, is_sealed
from portal.stores import Item


class SecretFingerprints:
    """`keys`: the newest first; it makes marks, and all of them are tried."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = [key.encode() for key in keys]

    def of(self, tenant_id: str, sealed: str, secret: Secret) -> str:
        return _digest(self._keys[0], tenant_id, sealed, secret)

    def same(self, item: Item, tenant_id: str, secret: Secret) -> bool:
        """Whether the item's secret is known to be this one."""
        stored = str(item.get(SECRET, ""))
        if not stored:
            return False
        if not is_sealed(stored):
            # The old application left it as it was typed.
            return hmac.compare_digest(stored.encode(), secret.reveal().encode())
        fingerprint = str(item.get(SECRET_FINGERPRINT, ""))
        return any(
            hmac.compare_digest(fingerprint, _digest(key, tenant_id, stored, secret))
            for key in self._keys
        )


def _digest(key: bytes, tenant_id: str, sealed: str, secret: Secret) -> str:
    message = "\0".join(("client-secret", tenant_id, sealed, secret.reveal()))
    return hmac.digest(key, message.encode(), hashlib.sha256).hex()[:40]
