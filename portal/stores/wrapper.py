"""The base classes of stores that stand in front of another one."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import wraps
from typing import ClassVar, Concatenate, ParamSpec, TypeVar

from portal.stores.contract import Change, Cursor, Item, Page, Segment, Store
from portal.stores.schema import Index

_WHOLE = Segment()
_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class StoreWrapper:
    """A `Store` that passes every call on to `inner`. Subclasses override what they change. What
    they do not is that of the store behind: no call takes time in a wrapper that does nothing.

    Attributes:
        only_looks: A subclass that has a `get` of its own, and returns what that of `inner`
            returns, says so here. Then what is read by other ways is the same, too.
    """

    only_looks: ClassVar[bool] = False

    def __init__(self, store: Store) -> None:
        self.inner = store
        for name in _CALLS:
            if getattr(type(self), name) is getattr(StoreWrapper, name):
                setattr(self, name, getattr(store, name))

    def get(self, item_id: str) -> Item:
        return self.inner.get(item_id)

    def get_many(self, item_ids: Sequence[str]) -> Mapping[str, Item]:
        return self.inner.get_many(item_ids)

    def write(self, changes: Sequence[Change]) -> None:
        self.inner.write(changes)

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
        return self.inner.query(
            index,
            partition,
            between=between,
            after=after,
            limit=limit,
            newest_first=newest_first,
        )

    def count(
        self, index: Index, partition: str, *, cap: int, between: tuple[str, str] | None = None
    ) -> int:
        return self.inner.count(index, partition, cap=cap, between=between)

    def scan(
        self, segment: Segment = _WHOLE, *, after: str | None = None, limit: int = 1000
    ) -> Page:
        return self.inner.scan(segment, after=after, limit=limit)

    def describe(self) -> str:
        return self.inner.describe()

    def check(self) -> None:
        self.inner.check()

    def close(self) -> None:
        self.inner.close()


#: Every call of the contract.
_CALLS = tuple(
    name for name in vars(StoreWrapper) if not name.startswith("_") and name in vars(Store)
)


def _observed(
    call: Callable[Concatenate["ObservedStore", _Arguments], _Result],
) -> Callable[Concatenate["ObservedStore", _Arguments], _Result]:
    """The call, made inside of `around`."""
    operation = call.__name__

    @wraps(call)
    def observed(
        store: "ObservedStore", /, *args: _Arguments.args, **options: _Arguments.kwargs
    ) -> _Result:
        with store.around(operation):
            return call(store, *args, **options)

    return observed


class ObservedStore(StoreWrapper, ABC):
    """A store whose calls somebody observes: each of them is made inside of `around`. It returns
    what `inner` returns, so `GET /api/validate` may read past it."""

    only_looks: ClassVar[bool] = True

    @abstractmethod
    def around(self, operation: str) -> AbstractContextManager[None]:
        """What surrounds a call, by the name of its method. It lets errors through."""

    get = _observed(StoreWrapper.get)
    get_many = _observed(StoreWrapper.get_many)
    write = _observed(StoreWrapper.write)
    query = _observed(StoreWrapper.query)
    count = _observed(StoreWrapper.count)
    scan = _observed(StoreWrapper.scan)
    check = _observed(StoreWrapper.check)
