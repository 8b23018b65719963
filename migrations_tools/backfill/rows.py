"""The rows of a store, and how one is changed without losing the write of another program."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

from portal.stores import (
    Item,
    Page,
    Replace,
    Segment,
    Store,
    Value,
)

#: Rows that are read with one call.
PAGE_SIZE = 100

#: Attribute name -> its new value; `None` removes the attribute.
Changes = Mapping[str, Value | None]


class SkipReason(StrEnum):
    """Why a row cannot be changed."""

    TOO_LARGE = "too-large"
    """DynamoDB refuses it: a key would be too long, or the row larger than 400 KB."""
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
            RowTooLargeError: DynamoDB refuses the changed row.
        """


class StoredRows:
    """Rows that only the portal writes, in any store: each write has a version."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def page(self, segment: Segment, after: str | None) -> Page:
        return self._store.scan(segment, after=after, limit=PAGE_SIZE)

    def change(self, row: Item, changes: Changes) -> None:
        changed = {name: value for name, value in row.items() if name not in changes}
        changed |= {name: value for name, value in changes.items() if value is not None}
        version = row.get("version")
        expected = version if isinstance(version, int) else None
        self._store.write([Replace(changed, expected)])
