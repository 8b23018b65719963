"""Makes the key file, as an operator does who has DynamoDB and no key in KMS."""

from pathlib import Path

from portal.sealing import SEALING_KEYS_FILE, KeyFileSealer


def with_sealing_key(folder: Path) -> Path:
    """The data folder, with a key file in it."""
    KeyFileSealer(folder / SEALING_KEYS_FILE).key_ids()
    return folder
