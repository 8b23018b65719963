"""The contract of a store: items, conditions, indexes, pages and errors.

A store knows items and no tenants. An item is flat: text, whole numbers and booleans under
attribute names, as DynamoDB's `S`, `N` and `BOOL` hold them. An attribute without a value is
absent, never null.

Item, Value, Cursor            what is stored, and where a page ended
Add, Replace, Remove, Count    the changes of a write, each with its condition
Page, Segment                  what reading returns, and a part of the table
StoreError and its subclasses  what a call may raise
Store                          the calls, and what each one promises
StoreMetrics, MeteredStore     what the calls cost

`tests/stores/test_contract.py` checks every promise on every store.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from portal.stores.schema import Index

if TYPE_CHECKING:
    from portal.metrics import Recorder

Value = str | int | bool
Item = Mapping[str, Value]

#: Sort key and `tenantId` of the last row of a page.
Cursor = tuple[str, str]

#: The most changes that one `write` takes: DynamoDB's limit for a transaction.
MAX_CHANGES = 100

# DynamoDB's limits. They hold for every store, so that what one of them accepted can be copied to
# the other. Bytes of UTF-8; in the size of an item, the names of its attributes count as well.
MAX_ID_BYTES = MAX_PARTITION_BYTES = 2048
MAX_SORT_BYTES = 1024
MAX_ITEM_BYTES = 400 * 1024
MAX_WRITE_BYTES = 4 * 1024 * 1024

#: Whole numbers that JSON parsers read exactly. DynamoDB has more digits.
MIN_NUMBER, MAX_NUMBER = -(2**63), 2**63 - 1


# ---- Changes


@dataclass(frozen=True, slots=True)
class Add:
    """Store `item`. Condition: no item has its `tenantId`."""

    item: Item


@dataclass(frozen=True, slots=True)
class Replace:
    """Store `item` in place of the one with the same `tenantId`.

    Condition: the stored item has version `expected`; `None` stands for an item without a
    version, which the old application wrote, or with something else in its place: then `read` must
    have the same there. If `read` is given, the item as the caller read it,
    the stored item must also have the `updatedAt` of `read`: the old application changes items
    without changing their version.
    """

    item: Item
    expected: int | None
    read: Item | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Remove:
    """Delete the item. Condition: it has version `expected`, as in `Replace`."""

    item_id: str
    expected: int | None


@dataclass(frozen=True, slots=True)
class Count:
    """Add 1 to whole numbers of an item, all of them or none. The item is made if it is not there.

    Condition: each number that `limits` names is below its limit; one that is absent counts as 0,
    and one that is no whole number as too high. The item keeps its other attributes, its
    `version` too, and gets those of `attributes` that it lacks. Any number of writers may count at
    the same time: none makes another one fail, and none is counted twice or lost.
    """

    item_id: str
    limits: Mapping[str, int]
    attributes: Item = field(default_factory=dict)


Change = Add | Replace | Remove | Count


# ---- What reading returns


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in the order of the index, with the attributes that the index projects.

    `after` is the cursor for the next page. It is `None` exactly when there are no more rows.
    """

    items: Sequence[Item]
    after: Cursor | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """One of `of` disjoint parts of the table, `number` counted from 0."""

    number: int = 0
    of: int = 1


# ---- Errors

#: What a failed write says of its outcome, as a sentence at the end of `reason`.
NOTHING_SAVED = "Nothing was saved."
OUTCOME_UNKNOWN = "It is not certain whether it was saved: look again before repeating it."


class StoreError(Exception):
    """Base of all errors of a store. Its text never holds values of attributes."""

    absent: Sequence[str] = ()
    """Ids of which the same call had found out that no item has them, before it failed."""

    def __str__(self) -> str:
        # Exception's own text would show the item in every traceback.
        return repr(self)


@dataclass(eq=False, kw_only=True)
class ItemNotFoundError(StoreError):
    """No item has this id."""

    item_id: str


@dataclass(eq=False, kw_only=True)
class ItemExistsError(StoreError):
    """The condition of an `Add` failed. `item` is the stored item, with all its attributes."""

    item_id: str
    item: Item = field(repr=False)


@dataclass(eq=False, kw_only=True)
class VersionConflictError(StoreError):
    """The condition of a `Replace` or `Remove` failed. `item` is the stored item; `None`: gone."""

    item_id: str
    item: Item | None = field(repr=False)


@dataclass(eq=False, kw_only=True)
class LimitReachedError(StoreError):
    """The condition of a `Count` failed. `names`: which numbers have reached their limits."""

    item_id: str
    names: tuple[str, ...]


@dataclass(eq=False, kw_only=True)
class BusyError(StoreError):
    """The store is too busy. Nothing was written; the same call may succeed a moment later."""

    reason: str


@dataclass(eq=False, kw_only=True)
class UnavailableError(StoreError):
    """The store cannot answer. `reason` says what happened, `remedy` what an operator does.

    A `write` that raises this was not acknowledged, and will not become visible later. The
    exception is `outcome_unknown`, after a power cut or a lost answer: the write may have
    succeeded. `reason` then says so.
    """

    reason: str
    remedy: str
    outcome_unknown: bool = field(default=False, repr=False)


class ItemTooLargeError(UnavailableError):
    """A key, an item or a write is larger than the contract allows. Nothing was saved."""


class CorruptStoreError(UnavailableError):
    """The stored data differs from what was written. Nothing was overwritten."""


class NewerFormatError(UnavailableError):
    """A newer portal wrote the store, in a way that this one cannot read. Nothing was changed."""


# ---- The calls


class Store(Protocol):
    """A store. Any number of threads and processes may use one at the same time.

    Every call except `describe` and `close` may raise `BusyError` and `UnavailableError`
    besides the errors that its own docstring lists.
    """

    def get(self, item_id: str) -> Item:
        """The item with all its attributes, as the latest acknowledged write left it.

        Raises:
            ItemNotFoundError: No item has this id.
        """

    def get_many(self, item_ids: Sequence[str]) -> Mapping[str, Item]:
        """The items that are there, by their ids, each one as `get` would return it.

        They are not of one moment: others may write between the first and the last of them. On
        DynamoDB this is several times as fast as `get`, and costs twice its read units.

        Args:
            item_ids: Any number of ids; one may be there several times.
        """

    def write(self, changes: Sequence[Change]) -> None:
        """Apply all changes or none. They are durable when this returns.

        The first change, in their order, whose condition fails decides the error.

        Args:
            changes: 1 to `MAX_CHANGES` changes, each to a different id.

        Raises:
            ItemExistsError: The condition of an `Add` failed.
            VersionConflictError: The condition of a `Replace` or `Remove` failed.
            ItemTooLargeError: A key, an item or all items together exceed DynamoDB's limits.
            LimitReachedError: The condition of a `Count` failed.
            ValueError: Too few or too many changes, two changes to one id, an item that no table
                can hold, or a `Count` without a limit or with one below 1.
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
        """The next rows of one partition, sorted by the UTF-8 bytes of sort key and `tenantId`.

        On DynamoDB an index lags behind `write` by a moment; `get` does not.

        Args:
            between: Lowest and highest sort key, both included.
            after: Cursor of the previous page. Its row may have been deleted since.
            limit: The most rows to return, at least 1.
            newest_first: Descending order.
        """

    def count(
        self, index: Index, partition: str, *, cap: int, between: tuple[str, str] | None = None
    ) -> int:
        """The number of rows in the partition, at most `cap`: counting stops there."""

    def scan(
        self, segment: Segment = Segment(), *, after: str | None = None, limit: int = 1000
    ) -> Page:
        """The next items of a segment, with all attributes, in no promised order.

        For operators' commands; no page of the portal needs it.

        Args:
            after: The second part of the previous page's cursor, `page.after[1]`.
            limit: The most items to return, at least 1.
        """

    def describe(self) -> str:
        """The kind of the store and its location, in one line without secrets."""

    def check(self) -> None:
        """Find out whether the store would accept a write. Changes nothing.

        Raises:
            UnavailableError: It would not.
        """

    def close(self) -> None:
        """Close files and connections. The store must not be used afterwards."""


class StoreMetrics(Protocol):
    """Number, cost and duration of the calls to a store."""

    def report_to(self, recorder: "Recorder") -> None:
        """Count calls there from now on."""


@runtime_checkable
class MeteredStore(Protocol):
    """A store that measures its calls."""

    metrics: StoreMetrics
