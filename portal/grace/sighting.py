"""A tenant as it is remembered: what its answer needs, and no secret, contact or name of staff."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import orjson

from portal import records
from portal.stores import KEY, Item, version_of


@dataclass(frozen=True, slots=True)
class Sighting:
    """A tenant that a reading found valid. It may be kept as long as the item is the same."""

    tenant_id: str
    version: int
    """0 for an item that only the old application has written."""
    row: bytes

    @classmethod
    def of(cls, item: Item) -> "Sighting":
        # orjson leaves room behind its text, ten times as much as this is long. A copy has none.
        row = bytes(memoryview(orjson.dumps(records.access_view(item))))
        return cls(str(item[KEY]), version_of(item) or 0, row)


def item_of_row(row: bytes) -> Item:
    return cast(Mapping[str, str | int | bool], orjson.loads(row))
