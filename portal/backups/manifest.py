"""What a backup holds, in its file `backup.json`. It is written last."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from portal.backups.errors import BackupError
from portal.backups.folders import FILES, FileSum, read_file, write_file
from portal.stores.file import FILE_NAME, LOCK_NAME
from portal.timestamps import format_timestamp

NAME = "backup.json"
FORMAT = 1
#: The first version of the portal that reads this format.
NEEDS = "1.1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """What a backup holds.

    Attributes:
        portal: The version of the portal that made it.
        seq: The number of the last commit.
        items: How many items the store's file has.
        has_keys: Whether keys were to be in it.
    """

    made_at: datetime
    portal: str
    seq: int
    items: int
    has_keys: bool
    files: tuple[FileSum, ...]

    def write(self, folder: Path) -> None:
        """Write it into the folder. `OSError` if it cannot be written."""
        content = {
            "format": FORMAT, "needs": NEEDS, "portal": self.portal,
            "madeAt": format_timestamp(self.made_at), "lastCommit": self.seq, "items": self.items,
            "keys": self.has_keys, "files": [asdict(each) for each in self.files],
        }  # fmt: skip
        signed = {**content, "sha256": _sum_of(content)}
        write_file(folder / NAME, [json.dumps(signed, indent=2).encode() + b"\n"])

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """The manifest of a backup.

        Raises:
            BackupError: The folder has none, or it is damaged or of a newer version.
            OSError: It cannot be read.
        """
        try:
            raw = b"".join(read_file(folder / NAME))
        except FileNotFoundError:
            raise BackupError(
                f"{folder} is no backup: it has no {NAME}. Name a folder that `portal backup` made."
            ) from None
        damaged = BackupError(f"{folder / NAME} is damaged. Take another backup.")
        try:
            content: dict[str, Any] = json.loads(raw)
            written = content.pop("sha256", "")
            number, needs = content["format"], content["needs"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise damaged from error
        if written != _sum_of(content):
            raise damaged
        if number > FORMAT:
            raise BackupError(
                f"{folder} has format {number}, which this portal cannot read. It needs portal ≥"
                f" {needs}. Run the command of that version."
            )
        try:
            manifest = cls(
                made_at=datetime.fromisoformat(content["madeAt"]),
                portal=content["portal"],
                seq=content["lastCommit"],
                items=content["items"],
                has_keys=content["keys"],
                files=tuple(FileSum(**each) for each in content["files"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise damaged from error
        names = [each.name for each in manifest.files]
        if not {FILE_NAME, LOCK_NAME} <= set(names) <= set(FILES) or len(set(names)) < len(names):
            raise damaged
        return manifest


def portal_version() -> str:
    """The version of this portal; empty if it was not installed."""
    try:
        return version("fsm-onboarding-portal")
    except PackageNotFoundError:
        return ""


def _sum_of(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
