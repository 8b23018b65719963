"""How far a run has come, so that one that was stopped does not read everything again, and what
it had to leave, so that this is told in the end. No value of a row but its id is kept."""

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from migrations_tools.backfill.rows import SkipReason
from portal.atomic_files import replace_atomically

#: Seconds. After a day so much may have been written that a run begins anew.
_KEPT = 24 * 60 * 60


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """How far one part has come: behind the row `after`, or to its end. `failed` and
    `unchangeable`: as of a report, of the rows until there."""

    after: str | None = None
    done: bool = False
    failed: list[str] = field(default_factory=list)
    unchangeable: dict[str, SkipReason] = field(default_factory=dict)


class Checkpoints:
    """How far each part of a run has come, in a small file; without a path, nowhere.

    It belongs to one place of data and one number of parts: another run does not go by it.
    """

    def __init__(self, path: Path | None, where: str, segments: int) -> None:
        self._path = path
        self._of: dict[str, Any] = {"where": where, "segments": segments}
        self._places: dict[str, Checkpoint] = {}
        self._lock = Lock()
        if path is not None and path.exists() and time.time() - path.stat().st_mtime < _KEPT:
            try:
                kept = json.loads(path.read_text(encoding="ascii"))
                if kept.get("of") == self._of:
                    self._places = {name: _place(**each) for name, each in kept["places"].items()}
            except (ValueError, KeyError, AttributeError, TypeError):
                # It only saves time.
                self._places = {}

    @property
    def goes_on(self) -> bool:
        return bool(self._places)

    def place(self, number: int) -> Checkpoint:
        return self._places.get(str(number), Checkpoint())

    def keep(self, number: int, place: Checkpoint) -> None:
        with self._lock:
            self._places[str(number)] = place
            if self._path is not None:
                places = {name: asdict(each) for name, each in self._places.items()}
                kept = {"of": self._of, "places": places}
                replace_atomically(self._path, json.dumps(kept) + "\n")

    def forget(self) -> None:
        if self._path is not None:
            self._path.unlink(missing_ok=True)


def _place(
    *, after: str | None, done: bool, failed: list[str], unchangeable: dict[str, str]
) -> Checkpoint:
    obstacles = {tenant_id: SkipReason(why) for tenant_id, why in unchangeable.items()}
    return Checkpoint(after=after, done=bool(done), failed=list(failed), unchangeable=obstacles)
