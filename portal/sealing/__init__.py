"""The client secret: the portal seals it before it is stored, and never opens it.

contract       the secret, its sealed form, and what a sealer promises
key_file       seals with a key file in the data folder
kms            seals with a key of AWS KMS
factory        opens the sealer that the settings choose
sealing_store  a store that seals plaintext secrets on every write
fingerprints   compares a secret with a sealed one without opening it
"""

from portal.sealing.contract import Sealer, Secret, SecretTooLongError, is_sealed
from portal.sealing.factory import open_sealer, require_sealing_key
from portal.sealing.fingerprints import SecretFingerprints
from portal.sealing.key_file import SEALING_KEYS_FILE, KeyFileSealer
from portal.sealing.sealing_store import SealingStore, has_plaintext_secret, seal_item

__all__ = [
    "SEALING_KEYS_FILE", "KeyFileSealer", "Sealer", "SealingStore", "Secret", "SecretFingerprints",
    "SecretTooLongError", "has_plaintext_secret", "is_sealed", "open_sealer",
    "require_sealing_key", "seal_item",
]  # fmt: skip
