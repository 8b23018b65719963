"""Opens the sealer that the settings choose."""

import logging

from portal.sealing.contract import Sealer
from portal.sealing.key_file import SEALING_KEYS_FILE, KeyFileSealer
from portal.sealing.kms import KmsSealer, kms_client_maker
from portal.settings import Settings

logger = logging.getLogger(__name__)


def open_sealer(settings: Settings) -> Sealer:
    """The sealer that the settings choose. It uses its key on the first call, not before."""
    if settings.kms_key_id:
        return KmsSealer(settings.kms_key_id, kms_client_maker(settings.aws_region))
    path = settings.data_dir / SEALING_KEYS_FILE
    if settings.store == "dynamodb":
        logger.warning(
            "Client secrets are sealed with the key file %s. Keep it as long as the table, the same"
            " on every machine, or set PORTAL_KMS_KEY_ID.",
            path,
        )
    return KeyFileSealer(path, make_folder=not settings.data_dir_is_made)
