"""Calls to the store as spans: which operation, and what became of it. No key and no value."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import ClassVar

from portal.stores import Change, Cursor, Index, Item, Page, Segment, Store, StoreWrapper

_WHOLE = Segment()

Span = Callable[[str], AbstractContextManager[None]]


class TracedStore(StoreWrapper):
    """
    Args:
        span: A span around a call, by its name.
    """

    # It returns what the other store returns, so `GET /api/validate` reads past it.
    only_looks: ClassVar[bool] = True

    def __init__(self, store: Store, span: Span) -> None:
        super().__init__(store)
        self._span = span

    def get(self, item_id: str) -> Item:
        with self._span("get"):
            return super().get(item_id)

    def write(self, changes: Sequence[Change]) -> None:
        with self._span("write"):
            super().write(changes)

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
        with self._span("query"):
            return super().query(
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
        with self._span("count"):
            return super().count(index, partition, cap=cap, between=between)

    def scan(
        self, segment: Segment = _WHOLE, *, after: str | None = None, limit: int = 1000
    ) -> Page:
        with self._span("scan"):
            return super().scan(segment, after=after, limit=limit)

    def check(self) -> None:
        with self._span("check"):
            super().check()
