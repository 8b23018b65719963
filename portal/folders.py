"""Folders: those beside the code, with templates and static files, and those that are written."""

import os
from pathlib import Path

_PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    """The folder inside the package (wheel), else beside it (checkout, editable install)."""
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def can_be_written(folder: Path) -> bool:
    """Whether files can be made in a folder, which may have to be made itself."""
    folder = folder.absolute()
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)


def others_can_read(secret: Path) -> bool:
    """Whether users can read a file with a secret for whom it is not meant.

    A group may read what another user handed over (root to the portal's group), and what is in a
    volume of the portal's group: Kubernetes lets that group read everything in it (`fsGroup`).

    Raises:
        OSError: The file is missing, or its folder cannot be looked into.
    """
    file, folder = secret.stat(), secret.parent.stat()
    me = os.geteuid()
    is_of_group = folder.st_uid != me and folder.st_mode & 0o070 == 0o070
    return bool(file.st_mode & (0o007 if is_of_group or file.st_uid != me else 0o077))
