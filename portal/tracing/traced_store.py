"""Calls to the store as spans: which operation, and what became of it. No key and no value."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from portal.stores import ObservedStore, Store

Span = Callable[[str], AbstractContextManager[None]]


class TracedStore(ObservedStore):
    """
    Args:
        span: A span around a call, by its name.
    """

    def __init__(self, store: Store, span: Span) -> None:
        super().__init__(store)
        self._span = span

    def around(self, operation: str) -> AbstractContextManager[None]:
        return self._span(operation)
