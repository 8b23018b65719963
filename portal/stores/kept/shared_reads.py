"""Reads of single items that several threads share, and that may count for some seconds."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from portal.stores.contract import BusyError, Item, ItemNotFoundError, StoreError
from portal.stores.waiting import remaining_seconds

_T = TypeVar("_T")

#: Seconds that a thread waits for the read of another one, without a deadline of its own.
_WAIT_SECONDS = 30.0
#: Items of which something is kept.
_MAX_KEPT = 10_000


class _Flight(Generic[_T]):
    """A read that several threads wait for. The first of them reads."""

    def __init__(self, before: "_Flight[_T] | None") -> None:
        self.before = before
        self.has_begun = False
        self.ended = threading.Event()
        #: The threads that will get its value.
        self.threads = 1
        self.value: _T | None = None
        #: The item is not there. Other errors are the reader's own: it may have had little time.
        self.is_absent = False


class SharedReads(Generic[_T]):
    """Threads that wait for the same item at the same time share one read.

    A read that began before a thread asked may have missed a write that was acknowledged between
    the two. So who comes while a read is under way waits for its end, and then for the next one,
    which all who came meanwhile share. Nobody waits for more than two reads.
    """

    def __init__(
        self,
        read: Callable[[str], Item],
        make: Callable[[Item], _T],
        absent: _T,
        *,
        seconds: float = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._make = make
        self._absent = absent
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        #: The newest read of each item: it is under way, or waits for the one before it.
        self._flights: dict[str, _Flight[_T]] = {}
        #: Until when it counts, and what was made of the item. The oldest come first.
        self._kept: OrderedDict[str, tuple[float, _T]] = OrderedDict()
        self._writes = 0

    def first(self, item_ids: Sequence[str]) -> _T:
        for number, item_id in enumerate(item_ids):
            try:
                return self._get(item_id)
            except ItemNotFoundError:
                continue
            except StoreError as error:
                error.absent = item_ids[:number]
                raise
        return self._absent

    def first_at_once(self, item_ids: Sequence[str]) -> _T | None:
        # What is not there is not kept, so only the first item can be known.
        return self._kept_value(item_ids[0])

    def _get(self, item_id: str) -> _T:
        kept = self._kept_value(item_id)
        if kept is not None:
            return kept
        with self._lock:
            flight = self._flights.get(item_id)
            leads = flight is None or flight.has_begun
            if flight is None or leads:
                flight = self._flights[item_id] = _Flight(flight)
            else:
                flight.threads += 1
        if leads:
            return self._lead(item_id, flight)
        _wait_for(flight)
        if flight.is_absent:
            raise ItemNotFoundError(item_id=item_id)
        # Where the one that read failed, each of the others tries for itself, with its own time.
        return self._make(self._read(item_id)) if flight.value is None else flight.value

    def _kept_value(self, item_id: str) -> _T | None:
        kept = self._kept.get(item_id)
        return kept[1] if kept is not None and self._clock() < kept[0] else None

    def waiting(self, item_id: str) -> int:
        """How many threads wait for a read of this item that has not begun."""
        with self._lock:
            flight = self._flights.get(item_id)
            return 0 if flight is None or flight.has_begun else flight.threads

    def forget(self, item_ids: Sequence[str]) -> None:
        """Keep nothing of items that this process has just changed."""
        with self._lock:
            self._writes += 1
            for item_id in item_ids:
                self._kept.pop(item_id, None)

    def _lead(self, item_id: str, flight: _Flight[_T]) -> _T:
        try:
            if flight.before is not None:
                _wait_for(flight.before)
                flight.before = None
            with self._lock:
                flight.has_begun = True
                began, writes = self._clock(), self._writes
            flight.value = value = self._make(self._read(item_id))
        except ItemNotFoundError:
            flight.is_absent = True
            raise
        else:
            self._keep(item_id, value, began, writes)
            return value
        finally:
            with self._lock:
                if self._flights.get(item_id) is flight:
                    del self._flights[item_id]
            flight.ended.set()

    def _keep(self, item_id: str, value: _T, began: float, writes: int) -> None:
        if not self._seconds:
            return
        with self._lock:
            if writes != self._writes:
                # This process wrote meanwhile, perhaps this very item.
                return
            kept = self._kept
            kept[item_id] = began + self._seconds, value
            kept.move_to_end(item_id)
            while len(kept) > _MAX_KEPT or next(iter(kept.values()))[0] <= began:
                kept.popitem(last=False)


def _wait_for(flight: _Flight[_T]) -> None:
    if not flight.ended.wait(remaining_seconds(_WAIT_SECONDS)):
        raise BusyError(reason="The read of another request takes too long.")
