"""Opens the sealer that the settings choose."""

import logging
from pathlib import Path

from portal.sealing.contract import Sealer
from portal.sealing.key_file import SEALING_KEYS_FILE, KeyFileSealer
from portal.sealing.kms import KmsSealer, kms_client_maker
from portal.settings import Settings, SettingsError

logger = logging.getLogger(__name__)


def open_sealer(settings: Settings) -> Sealer:
    """The sealer that the settings choose. It uses its key on the first call, not before.

    Raises:
        SettingsError: As in `require_sealing_key`.
    """
    require_sealing_key(settings)
    if settings.kms_key_id:
        return KmsSealer(settings.kms_key_id, kms_client_maker(settings.aws_region))
    path = settings.data_dir / SEALING_KEYS_FILE
    has_table = settings.store == "dynamodb"
    if has_table:
        logger.warning(
            "Client secrets are sealed with the key file %s. Keep it as long as the table, the same"
            " on every machine, or set PORTAL_KMS_KEY_ID.",
            path,
        )
    return KeyFileSealer(path, make_folder=not settings.data_dir_is_made, make_file=not has_table)


def require_sealing_key(settings: Settings) -> None:
    """With DynamoDB nobody knows whether the data folder stays: the folder of a container or of a
    function goes with it. A key that was made there by itself would be lost at the next start, and
    with it all secrets that it has sealed. So somebody has to make the key.

    Raises:
        SettingsError: DynamoDB is in use, without a key in KMS and without a key file.
    """
    path = settings.data_dir / SEALING_KEYS_FILE
    if settings.store != "dynamodb" or settings.kms_key_id or not _is_missing(path):
        return
    raise SettingsError(
        "PORTAL_KMS_KEY_ID",
        "Set it to the KMS key that seals client secrets: with DynamoDB the portal makes no key by"
        " itself, since nothing could open those secrets once the key is lost. Without KMS, and"
        f" only if {path.parent.absolute()} stays when the portal is started anew, run"
        " `portal sealing create` once, and copy the key file to all machines.",
    )


def _is_missing(path: Path) -> bool:
    try:
        return not path.exists()
    except OSError:
        # Nobody may look there. Who seals will say so.
        return False
