"""Mails that were written into files are deleted after some days. No other text of a mail is kept
anywhere: the outbox holds none, and a mail server or SES has its own rules."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from portal.mail.ways.ways import FOLDER

#: Seconds between two rounds of one process.
_ROUND_SECONDS = 3600.0
#: The ends of names: of a mail, and of a draft that a crash left, which holds a mail as well.
_MAIL, _DRAFT = ".eml", ".eml-"


class OldFiles:
    """Deletes old mails in files, whichever way mail leaves today: it may have been another one.

    Args:
        keep_days: Younger files stay.
        seconds: A clock that never goes back.
    """

    def __init__(
        self,
        data_dir: Path,
        keep_days: int,
        *,
        clock: Callable[[], datetime],
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._data_dir, self._keep = data_dir, timedelta(days=keep_days)
        self._clock, self._seconds = clock, seconds
        self._look_at = float("-inf")
        #: What is left of a round that stopped.
        self._left: Iterator[Path] = iter(())
        self._is_under_way = False

    def remove_if_due(self, until: Callable[[], bool] = lambda: False) -> int:
        """Look through the folder once an hour, or go on with that. Returns how many were deleted.

        What cannot be read or deleted is left for the next round, and keeps nothing else from it.

        Args:
            until: Whether to stop here, and go on at the next call.
        """
        if not self._is_under_way:
            if self._seconds() < self._look_at:
                return 0
            self._look_at = self._seconds() + _ROUND_SECONDS
            self._left, self._is_under_way = _files(self._data_dir), True
        removed, before = 0, self._clock() - self._keep
        # The folder itself may be one that nobody reads.
        with suppress(OSError):
            for path in self._left:
                with suppress(OSError):
                    removed += _remove_before(path, before)
                if until():
                    return removed
        self._is_under_way = False
        return removed


def remove_files_before(data_dir: Path, instant: datetime) -> int:
    """Delete the mails that were written into files before `instant`. Returns how many.

    Raises:
        OSError: The folder cannot be read, or something in it cannot be deleted. All others are.
    """
    removed, kept = 0, None
    for path in _files(data_dir):
        try:
            removed += _remove_before(path, instant)
        except OSError as error:
            kept = error
    if kept:
        raise kept
    return removed


def _files(data_dir: Path) -> Iterator[Path]:
    try:
        with os.scandir(data_dir / FOLDER) as entries:
            for entry in entries:
                is_draft = entry.name.startswith(".") and _DRAFT in entry.name
                if entry.name.endswith(_MAIL) or is_draft:
                    yield Path(entry.path)
    except FileNotFoundError:
        # No mail was ever written into a file.
        return


def _remove_before(path: Path, instant: datetime) -> bool:
    try:
        if path.stat().st_mtime >= instant.timestamp():
            return False
        path.unlink()
    except FileNotFoundError:
        # Another process deletes the same.
        return False
    return True
