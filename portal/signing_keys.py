"""The keys that sign sessions, form tokens and links: those that are set, or the one that the
file store makes."""

import logging
import secrets
from pathlib import Path

from portal.atomic_files import create_exclusive
from portal.setting_parsers import SHORTEST_KEY
from portal.settings import Settings, SettingsError

logger = logging.getLogger(__name__)

SECRET_KEY_FILE = "secret-key"  # noqa: S105 - the name of a file


def resolve_secret_keys(settings: Settings) -> tuple[str, ...]:
    """The keys that sign, the newest first: it signs, all of them are believed.

    With the file store, a key that is not set is made on first use in the data folder
    (file `secret-key`, mode 0600); every process that starts gets the same. With
    DynamoDB several machines share the key, so it must be set. `SettingsError`.
    """
    key = settings.configured_secret_key
    if key is None and settings.store == "dynamodb":
        raise SettingsError(
            "PORTAL_SECRET_KEY",
            "Set it to the same secret on every machine, since with DynamoDB they share it."
            " This makes one: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'",
        )
    if key is None:
        key = _key_from_file(settings.data_dir / SECRET_KEY_FILE)
    return (key, *settings.secret_key_fallbacks)


def _key_from_file(path: Path) -> str:
    try:
        if not path.exists():
            create_exclusive(path, secrets.token_urlsafe(48) + "\n")
        if path.stat().st_mode & 0o077:
            logger.warning("Others can read the secret key. Run: chmod 600 %s", path)
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            "PORTAL_DATA_DIR",
            f"The secret key {path} can be neither read nor made ({type(error).__name__})."
            " Let the portal write to that folder, or set PORTAL_SECRET_KEY.",
        ) from error
    if len(key) < SHORTEST_KEY:
        raise SettingsError(
            "PORTAL_DATA_DIR",
            f"The secret key {path} is cut off. Put it back from a backup, or remove the file:"
            " a new one is made, and everybody signs in again.",
        )
    return key
