"""How far a run has come, in a small file, so that one that was stopped does not begin anew."""

import json
from pathlib import Path
from typing import Any

from portal.atomic_files import replace_atomically


class ProgressFile:
    """The progress of one run.

    Args:
        run: What the run works on. The progress of another run does not count.
    """

    def __init__(self, path: Path, run: dict[str, Any]) -> None:
        self._path = path
        self._run = run

    def read(self) -> dict[str, Any] | None:
        """What was saved; `None` if nothing was, or by another run."""
        try:
            content = json.loads(self._path.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None
        if not isinstance(content, dict) or content.get("run") != self._run:
            return None
        progress = content.get("progress")
        return progress if isinstance(progress, dict) else None

    def save(self, progress: dict[str, Any]) -> None:
        """Save it durably. `OSError` if it cannot be."""
        content = {"run": self._run, "progress": progress}
        replace_atomically(self._path, json.dumps(content) + "\n")

    def delete(self) -> None:
        self._path.unlink(missing_ok=True)
