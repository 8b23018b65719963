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
