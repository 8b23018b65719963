"""The client secret: sealed on the way in, and never opened here.

sealers        KMS or the key file
sealing_store  a store that lets no plaintext secret through
fingerprints   whether a secret is the one that is sealed, without opening it
"""

from portal.sealing.fingerprints import SecretFingerprints
from portal.sealing.sealers import (
    SEALING_KEYS_FILE,
    KeyFileSealer,
    Sealer,
    Secret,
    SecretTooLongError,
    is_sealed,
    open_sealer,
)
from portal.sealing.sealing_store import SealingStore, has_plaintext_secret, seal_item

__all__ = [
    "SEALING_KEYS_FILE",
    "KeyFileSealer",
    "Sealer",
    "SealingStore",
    "Secret",
    "SecretFingerprints",
    "SecretTooLongError",
    "has_plaintext_secret",
    "is_sealed",
    "open_sealer",
    "seal_item",
]
