"""How many rows of the old application were incomplete when `adopt` last looked at all of them.

Only a look at the whole store can count them. `portal doctor` does not scan a table, so it reads
the number that `adopt` leaves in the data folder.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from portal.atomic_files import replace_atomically
from portal.timestamps import format_timestamp, parse_timestamp

_FILE = "adopt-incomplete.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class IncompleteCount:
    """The number of incomplete rows, and when they were counted."""

    number: int
    counted_at: datetime


def save_incomplete_count(folder: Path, store: str, count: IncompleteCount) -> None:
    """Save the count for `portal doctor`; without incomplete rows, nothing is kept.

    Args:
        folder: The data folder.
        store: Describes the store that was counted.
    """
    path = folder / _FILE
    if not count.number:
        path.unlink(missing_ok=True)
        return
    content = {
        "store": store,
        "incomplete": count.number,
        "countedAt": format_timestamp(count.counted_at),
    }
    replace_atomically(path, json.dumps(content) + "\n")


def read_incomplete_count(folder: Path, store: str) -> IncompleteCount | None:
    """The count of this store. `None` if none was saved: then no row was incomplete, or `adopt` did
    not run with this data folder."""
    try:
        content = json.loads((folder / _FILE).read_text(encoding="ascii"))
        counted_at = parse_timestamp(str(content["countedAt"]))
        if content["store"] != store or counted_at is None:
            return None
        return IncompleteCount(number=int(content["incomplete"]), counted_at=counted_at)
    except (OSError, ValueError, KeyError, TypeError):
        # A damaged file costs one line of the doctor.
        return None
