"""What a store does, whichever it is.

A store knows items, conditions and indexes, and no tenants. An item is flat: text,
whole numbers and booleans under attribute names, as DynamoDB's `S`, `N` and `BOOL` hold
them; an attribute without a value is absent, never null. Every store passes
`tests/stores/test_contract.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from portal.stores.schema import Index

Value = str | int | bool
Item = Mapping[str, Value]

#: Where a page ended: the sort key and the `tenantId` of the last row that was shown.
Cursor = tuple[str, str]

#: Together, as one `write`: DynamoDB takes no more in a transaction.
MAX_CHANGES = 100


@dataclass(frozen=True, slots=True)
class Add:
    """Put `item`, whose `tenantId` must be new."""

    item: Item


@dataclass(frozen=True, slots=True)
class Replace:
    """Put `item` in place of the one with its `tenantId`, whose `version` must be `expected`.

    `None` expects an item without a version: one that the old application wrote. With `read`,
    the item as it was read, its `updatedAt` must still be that one's, too: the old application
    changes items without touching their version.
    """

    item: Item
    expected: int | None
    read: Item | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove the item, whose `version` must be `expected` (as in `Replace`)."""

    item_id: str
    expected: int | None


Change = Add | Replace | Remove


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in the order of the index, each with the attributes that the index carries.

    `after` continues behind the last row, and is `None` exactly when no row is left.
    """

    items: Sequence[Item]
    after: Cursor | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """One of `of` disjoint parts of the table, `number` counting from 0."""

    number: int = 0
    of: int = 1


class StoreError(Exception):
    """Something that a store may answer with. Its text names no values of attributes."""

    def __str__(self) -> str:
        # Not Exception's own text, which would show the item in every traceback.
        return repr(self)


@dataclass(eq=False, kw_only=True)
class ItemNotFoundError(StoreError):
    """No item has this id."""

    item_id: str


@dataclass(eq=False, kw_only=True)
class ItemExistsError(StoreError):
    """`Add` met an item with its id: `item` is that one, whole, as it is now."""

    item_id: str
    item: Item = field(repr=False)


@dataclass(eq=False, kw_only=True)
class VersionConflictError(StoreError):
    """The item has another version than was expected, or is gone (`None`)."""

    item_id: str
    item: Item | None = field(repr=False)


@dataclass(eq=False, kw_only=True)
class BusyError(StoreError):
    """Nothing was written; the same call may go through in a moment."""

    reason: str


@dataclass(eq=False, kw_only=True)
class UnavailableError(StoreError):
    """The store cannot answer: `reason` says why, `remedy` what an operator does about it.

    Nothing of the failed `write` was acknowledged, and nothing of it will be visible
    later unless a power cut or a lost connection left it `outcome_unknown` (the text says so, too).
    """

    reason: str
    remedy: str
    outcome_unknown: bool = field(default=False, repr=False)


class CorruptStoreError(UnavailableError):
    """What is stored is not what was written. Nothing was overwritten."""


class Store(Protocol):
    """Errors, of every call: `BusyError`, `UnavailableError`. Others are named with the call."""

    def get(self, item_id: str) -> Item:
        """The whole item, as the latest acknowledged write left it. `ItemNotFoundError`."""

    def write(self, changes: Sequence[Change]) -> None:
        """All of `changes` or none; durable when this returns.

        Between one and `MAX_CHANGES` changes, each to another id (else `ValueError`).
        The first refused one in their order decides the error: `ItemExistsError` (an
        `Add`), `VersionConflictError` (a `Replace` or `Remove`).
        """

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
        """The next `limit` rows of one partition, by sort key as UTF-8 bytes, then `tenantId`.

        `between` bounds the sort key, both ends included. `after` need not exist any more.
        """

    def count(
        self, index: Index, partition: str, *, cap: int, between: tuple[str, str] | None = None
    ) -> int:
        """How many rows the partition has, counted no further than `cap`."""

    def scan(
        self, segment: Segment = Segment(), *, after: str | None = None, limit: int = 1000
    ) -> Page:
        """Whole items, in no promised order, for operators; `after`: the last page's `after[1]`."""

    def describe(self) -> str:
        """Which store this is and where, in one line without secrets."""

    def check(self) -> None:
        """Raise `UnavailableError` if the store would refuse a write now. Writes nothing."""

    def close(self) -> None:
        """Give back what is held open; the store is not used afterwards."""


class StoreMetrics(Protocol):
    """What calls to a store cost, counted since this process started."""

    def totals(self) -> tuple[float, float, int]:
        """Read units, write units, and calls."""

    def to_prometheus(self) -> str:
        """In the text format of Prometheus."""


@runtime_checkable
class MeteredStore(Protocol):
    """A store whose calls are measured."""

    metrics: StoreMetrics


# ---- All of it, page after page, for whoever needs no place in it


def iter_query(
    store: Store,
    index: Index,
    partition: str,
    *,
    between: tuple[str, str] | None = None,
    newest_first: bool = False,
) -> Iterator[Item]:
    """As `Store.query` answers them, with its errors at each page."""
    after: Cursor | None = None
    while True:
        page = store.query(
            index, partition, between=between, after=after, newest_first=newest_first
        )
        yield from page.items
        after = page.after
        if after is None:
            return


def iter_scan(store: Store) -> Iterator[Item]:
    """As `Store.scan` answers them, with its errors at each page."""
    after: str | None = None
    while True:
        page = store.scan(Segment(), after=after)
        yield from page.items
        if page.after is None:
            return
        after = page.after[1]
