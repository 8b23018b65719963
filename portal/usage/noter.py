"""What one process has seen of the use of tenants, and the thread that writes it.

Whoever answers a request only looks into a set. The first time that a day shows something of a
tenant, a note is put into a queue; a thread writes what is in it once a minute, and before the
process ends. If another process has written the same, nothing is written. While the store cannot
be written, notes stay in the queue. A process that is killed loses those of a minute.
"""

import logging
import os
import random
import threading
import weakref
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from portal.settings import Settings
from portal.stores import (
    Store,
    StoreError,
    clear_deadline,
    set_deadline,
)
from portal.tenants import first_instant
from portal.usage.note_writer import NoteWriter
from portal.usage.notes import LetIn, Note, Opened, Refused
from portal.usage.unknown_ids import UnknownIds

logger = logging.getLogger(__name__)

#: Seconds between two looks of the thread at what is to be written.
FLUSH_SECONDS = 60.0
#: The item of unknown ids is large, so it is written less often.
_UNKNOWN_EVERY = timedelta(minutes=10)
#: Seconds that one write may wait for the store, and all of those before a process ends.
_DEADLINE = 30.0
_LAST_DEADLINE = 3.0
#: The file store writes many notes at once, since each write waits for the disk. A transaction of
#: DynamoDB would cost twice as much as single writes.
_TOGETHER_IN_FILE = 25
#: Seconds between two writes: so a morning's burst takes the table 50 writes a second.
_PAUSE_OF_TABLE = 0.02
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


class UsageNoter:
    """Any number of threads may note. No call raises an error or waits.

    Args:
        zone: Whose days are noted.
        is_on: Whether anything is noted.
        together: Notes that are written at once.
        pause: Seconds between two writes.
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        *,
        zone: ZoneInfo,
        is_on: bool = True,
        together: int = 1,
        pause: float = 0.0,
    ) -> None:
        self._writer = NoteWriter(store, zone)
        self._clock = clock
        self._zone = zone
        self.is_on = is_on
        self._together = together
        self._pause = pause
        self._day = _BEFORE_ALL.date()
        self._day_begins = self._day_ends = _BEFORE_ALL
        self._admitted: set[str] = set()
        self._refused: set[str] = set()
        self._opened: set[tuple[str, datetime | None]] = set()
        self._queue: deque[Note] = deque()
        self._unknown = UnknownIds()
        self._unknown_due = _BEFORE_ALL
        self._flushing = threading.Lock()
        self._ended = threading.Event()
        self._is_last = False
        self._runs = False
        _all.add(self)

    # ---- What was seen

    def gave_access(self, tenant_id: str, now: datetime) -> None:
        """The application of this tenant was let in."""
        if tenant_id in self._admitted and now < self._day_ends:
            return
        if self._is_noted(now):
            self._admitted.add(tenant_id)
            self._refused.discard(tenant_id)
            self._put(LetIn(tenant_id, self._day))

    def refused(self, tenant_id: str, now: datetime) -> None:
        """It asked, and its tenant has no access any more."""
        if tenant_id in self._refused and now < self._day_ends:
            return
        if self._is_noted(now):
            self._refused.add(tenant_id)
            self._admitted.discard(tenant_id)
            self._put(Refused(tenant_id, self._day))

    def asked_unknown(self, tenant_id: str) -> None:
        """Somebody asked for ids that no tenant has and no sign-up claims."""
        if self.is_on:
            self._unknown.count(tenant_id)
            if not self._runs:
                self._start()

    def opened(self, sign_up_id: str, decided_at: datetime | None, now: datetime) -> None:
        """Somebody opened the status page of this sign-up.

        Args:
            decided_at: When its tenant was changed last.
        """
        if self._is_noted(now) and (sign_up_id, decided_at) not in self._opened:
            self._opened.add((sign_up_id, decided_at))
            self._put(Opened(sign_up_id, now, decided_at, self._day_begins))

    def _is_noted(self, now: datetime) -> bool:
        """Whether something is noted. Begins the day of `now` if it is another one."""
        if self.is_on and now >= self._day_ends:
            day = now.astimezone(self._zone).date()
            self._admitted, self._refused, self._opened = set(), set(), set()
            self._day = day
            self._day_begins = first_instant(day, self._zone)
            # The last: whoever sees it sees the others.
            self._day_ends = first_instant(day + timedelta(days=1), self._zone)
        return self.is_on

    def _put(self, note: Note) -> None:
        self._queue.append(note)
        self._start()

    # ---- In the background

    def _start(self) -> None:
        """Start the thread, unless it runs in this process."""
        if self._runs or self._ended.is_set():
            return
        self._runs = True
        ended = self._ended
        owner = weakref.ref(self, lambda _: ended.set())
        threading.Thread(target=_run, args=(owner, ended), name="usage", daemon=True).start()

    def reset_after_fork(self) -> None:
        """The thread stays in the parent, and so does what it was about to write."""
        self._flushing = threading.Lock()
        self._ended = threading.Event()
        self._queue.clear()
        self._unknown = UnknownIds()
        self._runs = False

    def close(self) -> None:
        """Write what is left, within some seconds. Nothing is written afterwards."""
        self._ended.set()
        self.flush(is_last=True)

    def write_waiting(self) -> None:
        """Write what waits, within some seconds, before a process is frozen that may never wake up.

        Unknown ids wait for their ten minutes: what is counted of them is lost with such a process.
        """
        # Another thread that writes just now does it.
        if not self._queue or not self._flushing.acquire(blocking=False):
            return
        try:
            self._is_last = True
            set_deadline(seconds=_LAST_DEADLINE)
            self._write_notes()
        except StoreError as error:
            logger.debug("What was noted is not written yet: %s", type(error).__name__)
        finally:
            clear_deadline()
            self._flushing.release()

    def flush(self, *, is_last: bool = False) -> bool:
        """Write what was noted. Whether nothing is left.

        Args:
            is_last: The process ends: this takes a few seconds at most, and unknown ids are
                written, too, whenever they were written last.
        """
        with self._flushing:
            self._is_last = is_last
            set_deadline(seconds=_LAST_DEADLINE)
            try:
                self._write_notes()
                if self.is_on and (is_last or self._clock() >= self._unknown_due):
                    self._begin_write()
                    self._write_unknown()
                    self._unknown_due = self._clock() + _UNKNOWN_EVERY
            except StoreError as error:
                logger.debug("What was noted is not written yet: %s", type(error).__name__)
                return False
            finally:
                clear_deadline()
        return True

    def _begin_write(self) -> None:
        """A burst of a morning takes many minutes, but no single write does."""
        if not self._is_last:
            set_deadline(seconds=_DEADLINE)

    def _write_notes(self) -> None:
        while self._queue:
            self._begin_write()
            batch: list[Note] = []
            with suppress(IndexError):
                while len(batch) < self._together:
                    batch.append(self._queue.popleft())
            try:
                has_written = self._writer.write(batch)
            except StoreError:
                self._queue.extendleft(reversed(batch))
                raise
            if has_written and self._pause and not self._is_last:
                self._ended.wait(self._pause)

    def _write_unknown(self) -> None:
        counts = self._unknown.taken()
        is_written = False
        try:
            is_written = self._writer.add_unknown(counts, self._clock())
        finally:
            # Others may keep writing it. These were counted roughly anyway.
            if not is_written:
                self._unknown.give_back(counts)


def _run(owner: "weakref.ref[UsageNoter]", ended: threading.Event) -> None:
    # Not all processes at the same second.
    # Not the generator of all: this thread would take numbers from whoever has seeded that one.
    chance = random.SystemRandom()
    while not ended.wait(FLUSH_SECONDS * chance.uniform(0.8, 1.2)):
        noter = owner()
        if noter is None:
            return
        try:
            noter.flush()
        except Exception:
            # The thread has to go on. The log gets only the type and the place of the error.
            logger.exception("Something unexpected happened.")
        del noter


def open_noter(settings: Settings, store: Store, clock: Callable[[], datetime]) -> UsageNoter:
    """The noter of one process."""
    is_table = settings.store == "dynamodb"
    return UsageNoter(
        store,
        clock,
        zone=settings.time_zone,
        is_on=settings.note_use,
        together=1 if is_table else _TOGETHER_IN_FILE,
        pause=_PAUSE_OF_TABLE if is_table else 0.0,
    )


_all: "weakref.WeakSet[UsageNoter]" = weakref.WeakSet()


def _reset_after_fork() -> None:
    for noter in list(_all):
        noter.reset_after_fork()


os.register_at_fork(after_in_child=_reset_after_fork)
