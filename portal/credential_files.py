"""Secrets as files: what systemd (`LoadCredential=`), Docker and Kubernetes hand to a service.

An environment is inherited by every program that a service starts, and whoever inspects a container
sees it. A file is seen by whoever may read it.
"""

from collections.abc import Mapping
from pathlib import Path

from portal.setting_list import SETTINGS
from portal.setting_parsers import SettingsError

#: systemd's name for the folder.
CREDENTIALS_DIRECTORY = "CREDENTIALS_DIRECTORY"


def secrets_in_files(environ: Mapping[str, str]) -> dict[str, str]:
    """The settings that are secrets and stand in files of the folder; none without a folder.

    Raises:
        SettingsError: The folder is missing, a file cannot be read, or the setting stands in the
            environment as well: nobody should have to guess which one counts.
    """
    folder = environ.get(CREDENTIALS_DIRECTORY, "").strip()
    if not folder:
        return {}
    if not Path(folder).is_dir():
        raise SettingsError(
            CREDENTIALS_DIRECTORY, f"Set it to a folder with secrets as files: {folder} is none."
        )
    found = {
        setting.name: _content(Path(folder, setting.name.lower()))
        for setting in SETTINGS
        if setting.is_secret
    }
    for name, secret in found.items():
        if secret and environ.get(name, "").strip():
            raise SettingsError(
                name,
                f"Set it once: it stands in the environment and in {Path(folder, name.lower())}.",
            )
    return {name: secret for name, secret in found.items() if secret}


def _content(path: Path) -> str:
    """Without the line end that editors and `echo` leave; empty if there is no such file."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            CREDENTIALS_DIRECTORY,
            f"{path} cannot be read ({type(error).__name__}). Let the portal's user read it, as"
            " UTF-8 text.",
        ) from error
