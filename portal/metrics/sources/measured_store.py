"""A store that counts: how long its calls take, and what is saved by them.

It counts what a write has saved, once it is saved. So it does not matter which page, program or
command wrote it.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from portal import records
from portal.figures import DECISIONS
from portal.metrics import Recorder, names
from portal.stores import (
    GSI2,
    KEY,
    Add,
    BusyError,
    Change,
    ItemExistsError,
    ItemNotFoundError,
    LimitReachedError,
    MeteredStore,
    ObservedStore,
    Store,
    StoreError,
    VersionConflictError,
)

#: Where a new sign-up is listed -> what became of it.
_OUTCOMES = {records.ASIDE: "doubtful", records.WAITING: "waiting_for_address"}


def measured(store: Store, recorder: Recorder) -> Store:
    """The same store, which counts; the very same if nobody asked for metrics. A store that
    measures its own calls tells the recorder of them."""
    if not recorder.is_on:
        return store
    recorder.start_at_zero(names.SIGN_UPS, [("queue",), *((each,) for each in _OUTCOMES.values())])
    recorder.start_at_zero(names.DECISIONS, [(each,) for each in sorted(DECISIONS)])
    has_own = isinstance(store, MeteredStore)
    if isinstance(store, MeteredStore):
        store.metrics.report_to(recorder)
    return MeasuredStore(store, recorder, counts_calls=not has_own)


class MeasuredStore(ObservedStore):
    """
    Args:
        counts_calls: Whether the calls are measured, or only what they save.
    """

    def __init__(self, store: Store, recorder: Recorder, *, counts_calls: bool) -> None:
        super().__init__(store)
        self._recorder = recorder
        self._counts_calls = counts_calls

    def write(self, changes: Sequence[Change]) -> None:
        super().write(changes)
        for change in changes:
            self._count_saved(change)

    @contextmanager
    def around(self, operation: str) -> Iterator[None]:
        if not self._counts_calls:
            yield
            return
        began = time.perf_counter()
        outcome = "unexpected"
        try:
            yield
            outcome = "ok"
        except ItemNotFoundError:
            # An answer like any other, as at DynamoDB.
            outcome = "ok"
            raise
        except StoreError as error:
            outcome = _outcome_of(error)
            raise
        finally:
            self._recorder.count(names.STORE_CALLS, operation, outcome)
            self._recorder.observe(names.STORE_SECONDS, time.perf_counter() - began, operation)

    def _count_saved(self, change: Change) -> None:
        if not isinstance(change, Add):
            return
        item = change.item
        item_id = str(item[KEY])
        if records.item_kind(item_id) == "event":
            if item.get("verb") in DECISIONS:
                self._recorder.count(names.DECISIONS, str(item["verb"]))
        elif records.reference_of(item_id) and item.get("version") == 1:
            outcome = _OUTCOMES.get(str(item.get(GSI2.partition)), "queue")
            self._recorder.count(names.SIGN_UPS, outcome)


def _outcome_of(error: StoreError) -> str:
    match error:
        case ItemExistsError() | VersionConflictError():
            return "refused"
        case LimitReachedError():
            return "limited"
        case BusyError():
            return "busy"
        case _:
            return "unavailable"
