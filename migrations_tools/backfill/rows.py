"""The rows of a store, and how one is changed without losing the write of another program."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Protocol

from portal.stores import (
    Add,
    Change,
    Item,
    ItemTooLargeError,
    Page,
    Replace,
    Segment,
    Store,
    Value,
    version_of,
)

#: Rows that are read with one call.
PAGE_SIZE = 100

#: Attribute name -> its new value; `None` removes the attribute.
Changes = Mapping[str, Value | None]
#: Called with a row as it is, and as it would become.
Compare = Callable[[Item, Item], object]


def changed_row(row: Item, changes: Changes) -> Item:
    """The row after the changes."""
    return {name: value for name, value in {**row, **changes}.items() if value is not None}


class SkipReason(StrEnum):
    """Why a row cannot be changed."""

    TOO_LARGE = "too-large"
    """A key would be too long, or the row larger than 400 KB: DynamoDB's limits."""
    TOO_LONG_TO_SEAL = "too-long-to-seal"
    """KMS refuses its client secret, which is longer than 4,096 bytes."""


class RowTooLargeError(Exception):
    """See `SkipReason.TOO_LARGE`."""


class Rows(Protocol):
    """The rows of one store."""

    def page(self, segment: Segment, after: str | None) -> Page:
        """The next rows behind the id `after`, as they are now."""

    def change(self, row: Item, changes: Changes) -> None:
        """Change the row if it still is as it was read.

        Raises:
            VersionConflictError: The row has changed since.
            RowTooLargeError: The changed row would exceed DynamoDB's limits.
        """


class RowsToAnswer(Protocol):
    """The rows of one store, for what an operator answers to single ones."""

    def get(self, row_id: str) -> Item:
        """The row as it is now.

        Raises:
            ItemNotFoundError: There is none.
        """

    def decide(self, row: Item, after: Item, event: Item) -> None:
        """Make the row `after`, and write the event, all or nothing, if the row still is as it was
        read.

        Raises:
            VersionConflictError: The row has changed since.
            RowTooLargeError: The row would exceed DynamoDB's limits.
        """


class RowsToAdopt(Rows, RowsToAnswer, Protocol):
    """The rows of one store, for all that `adopt` does."""


class StoredRows:
    """Rows that only the portal writes, in any store: each write has a version."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def page(self, segment: Segment, after: str | None) -> Page:
        return self._store.scan(segment, after=after, limit=PAGE_SIZE)

    def change(self, row: Item, changes: Changes) -> None:
        self._write(Replace(changed_row(row, changes), version_of(row), read=row))

    def get(self, row_id: str) -> Item:
        return self._store.get(row_id)

    def decide(self, row: Item, after: Item, event: Item) -> None:
        self._write(Replace(after, version_of(row), read=row), Add(event))

    def _write(self, *changes: Change) -> None:
        try:
            self._store.write(changes)
        except ItemTooLargeError as error:
            raise RowTooLargeError from error
