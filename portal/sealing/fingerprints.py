"""Finds out whether a secret of an imported file is the one that is stored, without opening that.

An item stores a keyed digest of secret and sealed text beside the sealed text. The key is the
one that signs sessions and links; without it the digest reveals nothing. When the sealed text
changes, the digest no longer matches.
"""

import hmac
from collections.abc import Sequence

from portal.records import SECRET, SECRET_FINGERPRINT
from portal.sealing.contract import Secret, is_sealed
from portal.stores import Item


class SecretFingerprints:
    """Makes and compares fingerprints.

    `keys`: the newest first. The newest makes fingerprints; a comparison tries all of them.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        # Hashing begins with the key, so that an import does this only once.
        self._keys = [hmac.new(key.encode(), digestmod="sha256") for key in keys]

    def of(self, tenant_id: str, sealed: str, secret: Secret) -> str:
        """The fingerprint to store beside the sealed text."""
        return _digest(self._keys[0], tenant_id, sealed, secret)

    def same(self, item: Item, tenant_id: str, secret: Secret) -> bool:
        """Whether it is certain that the item's secret is this one."""
        stored = str(item.get(SECRET, ""))
        if not stored:
            return False
        if not is_sealed(stored):
            # A plaintext secret of the old application.
            return hmac.compare_digest(stored.encode(), secret.reveal().encode())
        fingerprint = str(item.get(SECRET_FINGERPRINT, ""))
        return any(
            hmac.compare_digest(fingerprint, _digest(key, tenant_id, stored, secret))
            for key in self._keys
        )


def _digest(key: hmac.HMAC, tenant_id: str, sealed: str, secret: Secret) -> str:
    message = "\0".join(("client-secret", tenant_id, sealed, secret.reveal()))
    digest = key.copy()
    digest.update(message.encode())
    return digest.hexdigest()[:40]
