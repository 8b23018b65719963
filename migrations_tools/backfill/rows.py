"""The rows of a store, and a way to change one that leaves nobody's write behind."""

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

#: Rows that are read together.
PAGE = 100

#: `None`: the attribute is to go.
Changes = Mapping[str, Value | None]


class SkipReason(StrEnum):
    """Why a row has to stay as it is."""

    TOO_LARGE = "too-large"
    """DynamoDB takes no such row: a key would be too long, or the row larger than 400 KB."""
    TOO_LONG_TO_SEAL = "too-long-to-seal"
    """KMS seals no such secret: it has more than 4,096 bytes."""


class RowTooLargeError(Exception):
    """`SkipReason.TOO_LARGE`."""


class Rows(Protocol):
    """Of one store."""

    def page(self, segment: Segment, after: str | None) -> Page:
        """The next rows, as they are now."""

    def change(self, before: Item, changes: Changes) -> None:
        """Changes the row, if it still is what `before` says. `VersionConflictError`,
        `RowTooLargeError`."""


class StoredRows:
    """Of any store whose rows are all written by the portal: each write has its version."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def page(self, segment: Segment, after: str | None) -> Page:
        return self._store.scan(segment, after=after, limit=PAGE)

    def change(self, before: Item, changes: Changes) -> None:
        after = {name: value for name, value in before.items() if name not in changes}
        after |= {name: value for name, value in changes.items() if value is not None}
        version = before.get("version")
        expected = version if isinstance(version, int) else None
        self._store.write([Replace(after, expected)])
