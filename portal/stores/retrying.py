"""Retries calls while the store is busy, for long runs of an operator.

A table in on-demand mode refuses calls for some seconds until it has grown to the load. Pages
do not wait that long; commands do.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from portal.stores.contract import (
    Add,
    BusyError,
    Change,
    Cursor,
    Item,
    ItemExistsError,
    Page,
    Segment,
    Store,
)
from portal.stores.schema import Index

_T = TypeVar("_T")
_WHOLE = Segment()

#: Attempts of one call, the first one included. The pauses between them add up to 13 seconds.
TRIES = 8

Pause = Callable[[float], object]


def retry_while_busy(call: Callable[[], _T], pause: Pause = time.sleep) -> _T:
    """The result of `call`, which is retried while the store is busy.

    The first pause is 0.1 seconds; each further one is twice as long as the one before.

    Args:
        pause: Waits for that many seconds.

    Raises:
        BusyError: The store was still busy after `TRIES` attempts.
    """
    for tries in range(TRIES - 1):
        try:
            return call()
        except BusyError:
            pause(0.1 * 2**tries)
    return call()


class RetryingStore:
    """A `Store` that retries the calls to another one while that is busy.

    Only `BusyError` is retried, since then nothing was written. A write whose outcome is unknown
    is not: the caller has to look first.
    """

    def __init__(self, store: Store, *, pause: Pause = time.sleep) -> None:
        self._store = store
        self._pause = pause

    def get(self, item_id: str) -> Item:
        return self._retry(partial(self._store.get, item_id))

    def write(self, changes: Sequence[Change]) -> None:
        tries = 0

        def attempt() -> None:
            nonlocal tries
            tries += 1
            try:
                self.write_once(changes)
            except ItemExistsError as error:
                # An earlier attempt may have succeeded after all; then nothing is wrong.
                if tries == 1 or not _adds_exactly(changes, error.item):
                    raise

        self._retry(attempt)

    def write_once(self, changes: Sequence[Change]) -> None:
        """One attempt of `write`."""
        self._store.write(changes)

    def query(
        self,
        index: Index,
        partition: str,
        *,
        between: tuple[str, str] | None = None,
        after: Cursor | None = None,
        limit: int = 50,
        newest_first: bool = False,
    ) -> Page:
        return self._retry(
            partial(
                self._store.query,
                index,
                partition,
                between=between,
                after=after,
                limit=limit,
                newest_first=newest_first,
            )
        )

    def count(
        self, index: Index, partition: str, *, cap: int, between: tuple[str, str] | None = None
    ) -> int:
        return self._retry(partial(self._store.count, index, partition, cap=cap, between=between))

    def scan(
        self, segment: Segment = _WHOLE, *, after: str | None = None, limit: int = 1000
    ) -> Page:
        return self._retry(partial(self._store.scan, segment, after=after, limit=limit))

    def describe(self) -> str:
        return self._store.describe()

    def check(self) -> None:
        self._retry(self._store.check)

    def close(self) -> None:
        self._store.close()

    def _retry(self, call: Callable[[], _T]) -> _T:
        return retry_while_busy(call, self._pause)


def _adds_exactly(changes: Sequence[Change], existing: Item) -> bool:
    adds = [dict(change.item) for change in changes if isinstance(change, Add)]
    return len(changes) == 1 and adds == [dict(existing)]
