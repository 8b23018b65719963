"""What the portal knows about tenants while it cannot ask the store: what this process has seen,
and through the file what the other workers of this machine have seen."""

import logging
import os
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.grace.background import Background
from portal.grace.ended_tenants import ended_since
from portal.grace.known_file import (
    WRITE_SECONDS,
    Known,
    KnownFile,
    KnownFileBusyError,
    KnownFileError,
)
from portal.grace.memory import RENEW, Memory
from portal.grace.readings import Entry, No, Yes, instant_of, milliseconds
from portal.grace.sighting import Sighting, item_of_row
from portal.settings import Settings
from portal.stores import Item, Store, StoreError

logger = logging.getLogger(__name__)

#: A "no" that is asked for again and again is noted again after this time.
_REPEAT_NO = timedelta(seconds=5)
#: By how much the clocks of two machines may differ, and an index may lag behind. AWS refuses
#: requests of a clock that is wrong by more.
_OVERLAP = timedelta(minutes=5)
#: A reading may come from the future by this much, after the clock was set.
_MAX_FUTURE = timedelta(minutes=1)
#: Seconds that an answer waits for the file at most: for the first "no" after a "yes".
_MAX_WAIT = 0.05


@dataclass(frozen=True, slots=True)
class LastYes:
    """A tenant that was valid at `as_of`. Its item has only what `records.access_view` shows; the
    dates decide anew whether it is valid now."""

    item: Item
    as_of: datetime


class LastKnown:
    """Any number of threads may use one at the same time. No call raises an error.

    Args:
        hours: How long a "yes" holds. 0 switches everything off, and removes the file.
        workers: How many processes of this machine answer together.
    """

    def __init__(
        self,
        file: KnownFile,
        store: Store,
        clock: Callable[[], datetime],
        *,
        hours: int,
        workers: int = 1,
    ) -> None:
        self._file = file
        self._store = store
        self._clock = clock
        self._grace = timedelta(hours=hours)
        self._has_neighbours = workers > 1
        self._memory = Memory()
        self._looked_at = clock()
        self._file_is_usable = True
        self._times_made = 0
        self._reset_threads()
        _all.add(self)
        if not file.path.exists():
            return
        if hours:
            self._load()
        else:
            # It takes no "no" in from now on, so it must not be believed later.
            file.discard()

    def _reset_threads(self) -> None:
        self._memory.reset_lock()
        self._file_lock = threading.Lock()
        self._background = Background(self)

    @property
    def is_on(self) -> bool:
        return bool(self._grace)

    # ---- What was seen

    def saw_yes(self, sighting: Sighting, began: datetime) -> None:
        """A reading that began then found the tenant valid. Costs a look into a dictionary."""
        if not self.saw_yes_before(sighting, began):
            yes = Yes(sighting.version, began, sighting.row, began + RENEW)
            self._note({sighting.tenant_id: yes})

    def saw_yes_before(self, sighting: Sighting, began: datetime) -> bool:
        """Whether that is enough, because the same was seen a while ago. If not, nothing is noted.
        For threads that must not wait."""
        entry = self._memory.entries.get(sighting.tenant_id)
        if type(entry) is Yes and entry.row == sighting.row and began < entry.renew_at:
            if began > entry.at:  # noqa: PLR1730 - max() takes twice as long, at each request
                entry.at = began
            return True
        return not self._grace

    def saw_no(self, tenant_id: str, at: datetime, version: int = 0) -> None:
        """The tenant is there, and not valid. Returns when the file has it, or 50 ms later."""
        if self.saw_no_before(tenant_id, at, version):
            return
        entry = self._memory.entries.get(tenant_id)
        is_repeated = type(entry) is No and entry.version == version
        self.forget({tenant_id: version}, at, is_urgent=not is_repeated)

    def saw_no_before(self, tenant_id: str, at: datetime, version: int) -> bool:
        """As `saw_yes_before`."""
        entry = self._memory.entries.get(tenant_id)
        if type(entry) is No and entry.version == version and at < entry.at + _REPEAT_NO:
            return True
        return not self._grace

    def saw_none(self, tenant_id: str, at: datetime) -> None:
        """There is no such tenant. As `saw_no` if one was known."""
        if self._memory.is_yes(tenant_id):
            self.saw_no(tenant_id, at)
        else:
            self.note_missing(tenant_id, at)

    def note_missing(self, tenant_id: str, at: datetime) -> None:
        """As `saw_none`, if none was known. For threads that must not wait."""
        if self._grace:
            self._memory.note_missing(tenant_id, at)
            self._background.wake()

    def forget(self, versions: Mapping[str, int], at: datetime, *, is_urgent: bool = True) -> None:
        """Nothing that was read before is known any more. Returns when the file has it, or 50 ms
        later.

        Args:
            versions: Tenant -> the version up to which this holds; 0: all that were read before.
        """
        if not self._grace:
            return
        self._note({tenant_id: No(version, at) for tenant_id, version in versions.items()})
        if is_urgent and self._file_is_usable:
            self._background.wait_until_done(_MAX_WAIT)

    def _note(self, entries: Mapping[str, Entry]) -> None:
        self._memory.note(entries)
        self._background.wake()

    # ---- What is known

    def is_yes(self, tenant_id: str) -> bool:
        """Whether a "yes" is in memory, however old."""
        return self._memory.is_yes(tenant_id)

    def last_yes(self, tenant_id: str, now: datetime) -> LastYes | None:
        """The tenant as it was when it was last valid; `None` if nothing is known."""
        if not self._grace:
            return None
        is_shared = self._read_file()
        entry = self._memory.entries.get(tenant_id)
        if type(entry) is not Yes or (self._has_neighbours and not is_shared):
            # Without the file, nobody knows what the other workers have decided.
            return None
        age = now - entry.at
        if age > self._grace or age < -_MAX_FUTURE:
            return None
        return LastYes(item_of_row(entry.row), entry.at)

    def _read_file(self) -> bool:
        """Whether memory now has what the other workers of this machine have seen."""
        if not self._file_is_usable or not self._file_lock.acquire(timeout=_MAX_WAIT):
            return False
        try:
            if not self._file.path.exists():
                # Nobody has anything to say yet.
                return True
            self._merge(self._file.changed_rows())
        except KnownFileError as error:
            self._note_trouble(error)
            return False
        finally:
            self._file_lock.release()
        return True

    def _merge(self, rows: Sequence[Known]) -> None:
        """If the file is another one than before, a worker has thrown the old one away, perhaps
        because it could not take a "no" in."""
        made, self._times_made = self._times_made, self._file.times_made
        if self._has_neighbours and made not in (0, self._times_made):
            self._memory.forget_yeses()
        self._memory.merge(rows)

    # ---- In the background

    def _load(self) -> None:
        """What the portal knew before it was started again."""
        # If nobody can say when it last looked, it looks for all that may still count.
        self._looked_at = self._clock() - self._grace
        with self._file_lock:
            try:
                self._merge(self._file.changed_rows(WRITE_SECONDS))
                looked_at = self._file.looked_at(WRITE_SECONDS)
            except KnownFileError as error:
                self._note_trouble(error)
                is_something_known = isinstance(error, KnownFileBusyError)
            else:
                is_something_known = bool(self._memory.entries)
                if looked_at:
                    self._looked_at = instant_of(looked_at)
        if is_something_known:
            self._background.start(look_now=True)

    def flush(self) -> bool:
        """Write what is new into the file, and read what others have written. Whether it worked."""
        with self._file_lock:
            while self._flush():
                if not self._memory.has_news:
                    return True
        return False

    def _flush(self, looked_at: int = 0) -> bool:
        news = self._memory.take_news()
        if not (news.rows or looked_at or self._file.path.exists()):
            return True
        try:
            if news.rows or news.missing or looked_at:
                self._file.write(
                    news.rows,
                    only_known=news.missing_rows(),
                    oldest=milliseconds(self._clock() - self._grace),
                    looked_at=looked_at,
                )
            self._merge(self._file.changed_rows(WRITE_SECONDS))
        except KnownFileError as error:
            self._memory.give_back(news)
            if news.has_no and not isinstance(error, KnownFileBusyError):
                # What it says is older than a "no" that it could not take in.
                self._file.discard()
            self._note_trouble(error)
            return False
        if not self._file_is_usable:
            logger.info("%s can be used again.", self._file.path)
            self._file_is_usable = True
        return True

    def look(self) -> None:
        """Ask the store what others have suspended or ended lately. Costs one query."""
        if not self.flush() and self._has_neighbours:
            return
        now = self._clock()
        since = max(self._looked_at, now - self._grace) - _OVERLAP
        try:
            ended = ended_since(self._store, since)
        except StoreError as error:
            # It is asked again in a minute, for all of the time that was missed.
            logger.debug("Nobody knows what others have ended: %s", type(error).__name__)
            return
        gone: dict[str, Entry] = {}
        for tenant_id, at in ended.items():
            entry = self._memory.entries.get(tenant_id)
            if type(entry) is Yes and entry.at <= at + _OVERLAP:
                gone[tenant_id] = No(entry.version, entry.at)
        self._note(gone)
        if self._times_made:
            self._looked_at = now
        # Else nobody has read the file yet: what was known before may have ended meanwhile.
        with self._file_lock:
            self._flush(looked_at=milliseconds(now))

    def _note_trouble(self, error: KnownFileError) -> None:
        if self._file_is_usable and not isinstance(error, KnownFileBusyError):
            logger.warning(
                "%s cannot be used: %s. While the store cannot be asked, less is known.",
                self._file.path,
                error,
            )
            self._file_is_usable = False


def open_last_known(settings: Settings, store: Store, clock: Callable[[], datetime]) -> LastKnown:
    """What the portal knows, with the file in the data folder."""
    return LastKnown(
        KnownFile(settings.data_dir, make_folder=not settings.data_dir_is_made),
        store,
        clock,
        hours=settings.validate_grace_hours,
        workers=settings.workers,
    )


_all: "weakref.WeakSet[LastKnown]" = weakref.WeakSet()


def _reset_after_fork() -> None:
    for last_known in list(_all):
        last_known._file.forget_after_fork()
        last_known._reset_threads()


os.register_at_fork(after_in_child=_reset_after_fork)
