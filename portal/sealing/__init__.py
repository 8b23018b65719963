"""The client secret: the portal seals it before it is stored, and never opens it.

sealers        KMS or the key file
sealing_store  a store that seals plaintext secrets on every write
fingerprints   compares a secret with a sealed one without opening it
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
    "SEALING_KEYS_FILE", "KeyFileSealer", "Sealer", "SealingStore", "Secret", "SecretFingerprints",
    "SecretTooLongError", "has_plaintext_secret", "is_sealed", "open_sealer", "seal_item",
]  # fmt: skip
