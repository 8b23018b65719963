"""Retries: for pages, which have little time, and for long runs of an operator, which have some.

A table in on-demand mode refuses calls for some seconds until it has grown to the load. Pages
do not wait that long: `retry_attempts` limits the attempts of their calls, which
`dynamodb.client` repeats as `dynamodb.retry_policy` says. Commands wait, by `RetryingStore`.
"""

import time
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from functools import partial, wraps
from typing import Concatenate, ParamSpec, TypeVar

from portal.stores.contract import Add, BusyError, Change, Item, ItemExistsError, Store
from portal.stores.wrapper import StoreWrapper

_T = TypeVar("_T")
_P = ParamSpec("_P")

#: Attempts of one call to a store, the first one included. Staff wait a little longer than
#: customers and programs, which get their answer after the second attempt.
STAFF_ATTEMPTS = 3
PUBLIC_ATTEMPTS = 2
retry_attempts: ContextVar[int] = ContextVar("attempts", default=STAFF_ATTEMPTS)

#: Attempts of `retry_while_busy`. The pauses between them add up to 13 seconds.
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


def _retried(
    method: Callable[Concatenate[StoreWrapper, _P], _T],
) -> Callable[Concatenate["RetryingStore", _P], _T]:
    """The method, retried while the store is busy."""

    @wraps(method)
    def retried(self: "RetryingStore", /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        return self._retry(partial(method, self, *args, **kwargs))

    return retried


class RetryingStore(StoreWrapper):
    """A `Store` that retries the calls to another one while that is busy.

    Only `BusyError` is retried, since then nothing was written. A write whose outcome is unknown
    is not: the caller has to look first.
    """

    def __init__(self, store: Store, *, pause: Pause = time.sleep) -> None:
        super().__init__(store)
        self._pause = pause

    get = _retried(StoreWrapper.get)
    get_many = _retried(StoreWrapper.get_many)
    query = _retried(StoreWrapper.query)
    count = _retried(StoreWrapper.count)
    scan = _retried(StoreWrapper.scan)
    check = _retried(StoreWrapper.check)

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
        super().write(changes)

    def _retry(self, call: Callable[[], _T]) -> _T:
        """`retry_while_busy` with the pauses of this store."""
        return retry_while_busy(call, self._pause)


def _adds_exactly(changes: Sequence[Change], existing: Item) -> bool:
    adds = [dict(change.item) for change in changes if isinstance(change, Add)]
    return len(changes) == 1 and adds == [dict(existing)]
