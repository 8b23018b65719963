"""The keys that sign sessions, form tokens and links: from the settings, or from a file that the
portal creates in the data folder of the file store."""

import logging
import secrets
from pathlib import Path

from portal.atomic_files import create_exclusive
from portal.folders import others_can_read
from portal.setting_parsers import SHORTEST_KEY
from portal.settings import Settings, SettingsError

logger = logging.getLogger(__name__)

SECRET_KEY_FILE = "secret-key"  # noqa: S105 - the name of a file


def resolve_secret_keys(settings: Settings) -> tuple[str, ...]:
    """The signing keys, the newest first. The newest one signs; the signatures of all are valid.

    If no key is set, the file store creates one on first use in the data folder (file
    `secret-key`, mode 0600), the same for every process. With DynamoDB several machines share
    the key, so it must be set.

    Raises:
        SettingsError: DynamoDB is in use and no key is set, or the file cannot be used.
    """
    key = settings.configured_secret_key
    if key is None and settings.store == "dynamodb":
        raise SettingsError(
            "PORTAL_SECRET_KEY",
            "Set it to the same secret on every machine, since with DynamoDB they share it."
            " This makes one: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'",
        )
    if key is None:
        key = _key_from_file(
            settings.data_dir / SECRET_KEY_FILE, may_make=not settings.data_dir_is_made
        )
    return (key, *settings.secret_key_fallbacks)


def _key_from_file(path: Path, *, may_make: bool) -> str:
    try:
        if may_make and not path.exists():
            create_exclusive(path, secrets.token_urlsafe(48) + "\n")
        if others_can_read(path):
            logger.warning("Other users can read the secret key. Run: chmod 600 %s", path)
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            "PORTAL_DATA_DIR",
            f"The secret key {path} cannot be read or created ({type(error).__name__})."
            " Let the portal write to that folder, or set PORTAL_SECRET_KEY.",
        ) from error
    if len(key) < SHORTEST_KEY:
        raise SettingsError(
            "PORTAL_DATA_DIR",
            f"The secret key {path} is too short. Restore it from a backup, or remove the file:"
            " the portal then makes a new one, and everybody has to sign in again.",
        )
    return key
