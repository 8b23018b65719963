"""Names that tests still import from here; they belong to `key_file` and `contract`."""

from portal.sealing.contract import Sealer, Secret
from portal.sealing.key_file import SEALING_KEYS_FILE, KeyFileSealer

__all__ = ["SEALING_KEYS_FILE", "KeyFileSealer", "Sealer", "Secret"]
