"""What one process knows of tenants, and what of it is not in the file yet.

A reading counts from the moment before it began, a "no" from the moment after it. So whoever reads
while somebody else decides never brings a "yes" back.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from portal.grace.known_file import MAX_IDS, Known
from portal.grace.readings import (
    Entry,
    No,
    Yes,
    counts_from,
    instant_of,
    is_newer,
    milliseconds,
)

#: How much older than in memory a "yes" may be in the file: it is not written at each request.
RENEW = timedelta(minutes=5)
#: Rows that are handled while requests wait: it takes some milliseconds.
_AT_ONCE = 1000
#: Unknown ids that are kept until the next write of the file, for each of which a "yes" of another
#: worker may be on its way. People who count through ids do not fill the memory.
_MAX_MISSING = 10_000


@dataclass(frozen=True, slots=True)
class News:
    """What is to be written next. `missing`: each "no" about an id that nobody here knew."""

    rows: Sequence[Known] = ()
    missing: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def has_no(self) -> bool:
        return bool(self.missing) or any(row.row is None for row in self.rows)

    def missing_rows(self) -> list[Known]:
        return [Known(each, 0, milliseconds(at), None) for each, at in self.missing.items()]


class Memory:
    """Any number of threads may use one at the same time.

    Attributes:
        entries: Only to look into. The order is that of age.
    """

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self._new_noes: set[str] = set()
        self._new_yeses: set[str] = set()
        self._missing: dict[str, datetime] = {}
        self.reset_lock()

    def reset_lock(self) -> None:
        """In a child of the process: nobody there will release what its parent held."""
        self._lock = threading.Lock()

    def is_yes(self, tenant_id: str) -> bool:
        return type(self.entries.get(tenant_id)) is Yes

    # ---- What this process has seen

    def note(self, entries: Mapping[str, Entry]) -> None:
        with self._lock:
            for tenant_id, entry in entries.items():
                if self._take(tenant_id, entry):
                    (self._new_yeses if type(entry) is Yes else self._new_noes).add(tenant_id)

    def note_missing(self, tenant_id: str, at: datetime) -> None:
        """For an id that is not known here. Takes no lock, since each such request comes here."""
        if len(self._missing) < _MAX_MISSING:
            self._missing[tenant_id] = at

    def _take(self, tenant_id: str, new: Entry) -> bool:
        """Whether it is news. The lock is held."""
        old = self.entries.get(tenant_id)
        if old is not None:
            if not is_newer(new, old):
                return False
            new.at = counts_from(new, old)
        # The dictionary's order is that of age.
        self.entries.pop(tenant_id, None)
        self.entries[tenant_id] = new
        if len(self.entries) > MAX_IDS:
            del self.entries[next(iter(self.entries))]
        return True

    # ---- What is in the file

    def merge(self, rows: Sequence[Known]) -> None:
        """Rows that another process has written."""
        for first in range(0, len(rows), _AT_ONCE):
            with self._lock:
                for row in rows[first : first + _AT_ONCE]:
                    if row.tenant_id in self.entries or len(self.entries) < MAX_IDS:
                        # Otherwise it had to make room here.
                        self._take(row.tenant_id, _entry_of(row))

    def forget_yeses(self) -> None:
        with self._lock:
            self.entries = {
                tenant_id: entry for tenant_id, entry in self.entries.items() if type(entry) is No
            }

    @property
    def has_news(self) -> bool:
        return bool(self._new_yeses or self._new_noes)

    def take_news(self) -> News:
        """What to write next: every "no", and some of the others. Requests wait for the lock."""
        with self._lock:
            taken, self._new_noes = self._new_noes, set()
            while self._new_yeses and len(taken) < _AT_ONCE:
                taken.add(self._new_yeses.pop())
            # One by one: who notes another one takes no lock.
            missing = dict(self._missing.popitem() for _ in range(len(self._missing)))
            entries = self.entries
            return News(
                [_row_of(each, entries[each]) for each in taken if each in entries], missing
            )

    def give_back(self, news: News) -> None:
        """It could not be written, so it is still to be."""
        with self._lock:
            for row in news.rows:
                (self._new_yeses if row.row else self._new_noes).add(row.tenant_id)
            for tenant_id, at in news.missing.items():
                if len(self._missing) < _MAX_MISSING:
                    # If it was asked for again meanwhile, it counts from then.
                    self._missing.setdefault(tenant_id, at)


def _row_of(tenant_id: str, entry: Entry) -> Known:
    return Known(tenant_id, entry.version, milliseconds(entry.at), entry.row)


def _entry_of(row: Known) -> Entry:
    at = instant_of(row.at)
    return No(row.version, at) if row.row is None else Yes(row.version, at, row.row, at + RENEW)
