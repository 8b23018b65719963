"""Reads of single items, for what is made of them: an answer, say.

What was made of an item may be kept, but it never outlives what it was made of:

    file store   it counts as long as the item in the file is the same. Every read looks.
    others       it counts for the seconds that were asked for, none if nobody asked. Then reads of
                 the same item that wait at the same time share one.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from portal.stores.contract import (
    Change,
    Count,
    Item,
    Remove,
    Store,
)
from portal.stores.kept.shared_reads import SharedReads
from portal.stores.schema import KEY
from portal.stores.wrapper import StoreWrapper

_T = TypeVar("_T")
_T_co = TypeVar("_T_co", covariant=True)


class KeptReads(Protocol[_T_co]):
    """Any number of threads may use one at the same time."""

    def first(self, item_ids: Sequence[str]) -> _T_co:
        """What is made of the first of these items that is there, or what stands for none.

        It is as the latest acknowledged write left it, or older by no more than the seconds that
        were asked for. May raise the errors that any call to a store may raise.
        """

    def first_at_once(self, item_ids: Sequence[str]) -> _T_co | None:
        """The same, for a thread that must not wait: None if the answer would take a lock, a disk
        or a network."""


class WatchedStore(StoreWrapper):
    """Says which items this process has changed, or may have changed."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.watchers: list[Callable[[Sequence[str]], object]] = []

    def write(self, changes: Sequence[Change]) -> None:
        try:
            super().write(changes)
        finally:
            # Also after an error: the write may have succeeded.
            ids = [_id_of(change) for change in changes]
            for watcher in self.watchers:
                watcher(ids)


def kept_reads(
    store: Store, make: Callable[[Item], _T], *, absent: _T, seconds: float = 0
) -> KeptReads[_T]:
    """Reads of `store` for what `make` makes of an item.

    Args:
        absent: Stands for what is made of no item.
        seconds: How old an answer may be; not used by the file store, which knows what is new.
    """
    watched: WatchedStore | None = None
    # A wrapper that has its own way of reading stays.
    while isinstance(store, StoreWrapper) and (
        store.only_looks or type(store).get is StoreWrapper.get
    ):
        watched = store if isinstance(store, WatchedStore) else watched
        store = store.inner
    # The class has to say so: a stand-in may pass on whatever it does not know itself.
    own = getattr(type(store), "kept_reads", None)
    if own is not None:
        reads: KeptReads[_T] = own(store, make, absent)
        return reads
    shared = SharedReads(store.get, make, absent, seconds=seconds)
    if watched is not None:
        watched.watchers.append(shared.forget)
    return shared


def _id_of(change: Change) -> str:
    return change.item_id if isinstance(change, Remove | Count) else str(change.item[KEY])
