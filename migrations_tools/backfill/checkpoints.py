"""How far a run has come, so that a stopped run does not read everything again.

A checkpoint also holds the ids of skipped rows, so that the last run reports all of them. It
holds no other value of a row.
"""

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from migrations_tools.backfill.rows import SkipReason
from portal.atomic_files import replace_atomically
from portal.tenants import Gap

#: After a day, too much may have been written behind the checkpoints, so a run starts anew.
_MAX_AGE_SECONDS = 24 * 60 * 60


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """How far one segment has come.

    The field names are the keys in the file.

    Attributes:
        after: The id of the last row that was handled.
        done: The end of the segment was reached.
        failed, unchangeable, unusable, incomplete, active: As in `BackfillReport`, for the rows so
            far.
    """

    after: str | None = None
    done: bool = False
    failed: list[str] = field(default_factory=list)
    unchangeable: dict[str, SkipReason] = field(default_factory=dict)
    unusable: dict[str, list[str]] = field(default_factory=dict)
    incomplete: dict[str, list[Gap]] = field(default_factory=dict)
    active: dict[str, list[str]] = field(default_factory=dict)


class Checkpoints:
    """The checkpoint of each segment of a run, in a small file.

    A run over other data, or with another number of segments, ignores the file.

    Args:
        path: The file; without it, nothing is saved.
        where: Identifies the data that the run works on.
        segments: Into how many segments the run divides the data.
    """

    def __init__(self, path: Path | None, where: str, segments: int) -> None:
        self._path = path
        self._run: dict[str, Any] = {"where": where, "segments": segments}
        self._checkpoints: dict[str, Checkpoint] = {}
        self._lock = Lock()
        if (
            path is not None
            and path.exists()
            and time.time() - path.stat().st_mtime < (_MAX_AGE_SECONDS)
        ):
            try:
                content = json.loads(path.read_text(encoding="ascii"))
                if content.get("of") == self._run:
                    self._checkpoints = {
                        number: _checkpoint(**values)
                        for number, values in content["places"].items()
                    }
            except (ValueError, KeyError, AttributeError, TypeError):
                # A damaged file costs only time.
                self._checkpoints = {}

    @property
    def resume(self) -> bool:
        """Whether an earlier run left a checkpoint."""
        return bool(self._checkpoints)

    def get(self, segment: int) -> Checkpoint:
        return self._checkpoints.get(str(segment), Checkpoint())

    def save(self, segment: int, checkpoint: Checkpoint) -> None:
        with self._lock:
            self._checkpoints[str(segment)] = checkpoint
            if self._path is not None:
                values = {number: asdict(saved) for number, saved in self._checkpoints.items()}
                content = {"of": self._run, "places": values}
                replace_atomically(self._path, json.dumps(content) + "\n")

    def delete(self) -> None:
        if self._path is not None:
            self._path.unlink(missing_ok=True)


def _checkpoint(
    *,
    after: str | None,
    done: bool,
    failed: list[str],
    unchangeable: dict[str, str],
    unusable: dict[str, list[str]] | None = None,
    incomplete: dict[str, list[str]] | None = None,
    active: dict[str, list[str]] | None = None,
) -> Checkpoint:
    # A version that did not look for unusable attributes or gaps may have written the file.
    skipped = {tenant_id: SkipReason(reason) for tenant_id, reason in unchangeable.items()}
    return Checkpoint(
        after=after,
        done=bool(done),
        failed=list(failed),
        unchangeable=skipped,
        unusable={tenant_id: list(names) for tenant_id, names in (unusable or {}).items()},
        incomplete={
            tenant_id: [Gap(name) for name in names]
            for tenant_id, names in (incomplete or {}).items()
        },
        active={tenant_id: list(words) for tenant_id, words in (active or {}).items()},
    )
