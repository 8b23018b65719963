"""How far a run has come, so that one that was stopped does not read everything again."""

import json
import time
from pathlib import Path
from threading import Lock
from typing import Any

from portal.files import replace_whole

#: Seconds. After a day so much may have been written that a run begins anew.
_KEPT = 24 * 60 * 60


class Memory:
    """How far each part of a run has come, in a small file; without a path, nowhere.

    It belongs to one place of data and one number of parts: another run does not go by it.
    """

    def __init__(self, path: Path | None, where: str, segments: int) -> None:
        self._path = path
        self._of: dict[str, Any] = {"where": where, "segments": segments}
        self._places: dict[str, list[Any]] = {}
        self._lock = Lock()
        if path is not None and path.exists() and time.time() - path.stat().st_mtime < _KEPT:
            try:
                kept = json.loads(path.read_text(encoding="ascii"))
                if kept.get("of") == self._of:
                    self._places = dict(kept["places"])
            except (ValueError, KeyError, AttributeError, TypeError):
                # It only saves time.
                self._places = {}

    @property
    def goes_on(self) -> bool:
        return bool(self._places)

    def place(self, number: int) -> tuple[bool, str | None]:
        done, after = self._places.get(str(number), [False, None])
        return bool(done), after

    def keep(self, number: int, after: str | None, done: bool) -> None:
        with self._lock:
            self._places[str(number)] = [done, after]
            if self._path is not None:
                kept = {"of": self._of, "places": self._places}
                replace_whole(self._path, json.dumps(kept) + "\n")

    def forget(self) -> None:
        if self._path is not None:
            self._path.unlink(missing_ok=True)
