"""Part of an index as the key condition of DynamoDB's `Query`."""

from collections.abc import Mapping
from typing import Any

from portal.stores.contract import Cursor
from portal.stores.schema import KEY, Index

Parameters = Mapping[str, Any]

#: Bytes of UTF-8. DynamoDB allows no longer keys.
_MAX_KEY_BYTES = 2048
#: Sorts before every id, since no id is empty.
_FIRST_ID = "\0"


class KeyCondition:
    """The rows of one partition between two sort keys.

    DynamoDB refuses empty keys, bounds in the wrong order and cursors outside the bounds. Here
    they mean what the contract says: usually that there are no rows.
    """

    def __init__(self, index: Index, partition: str, between: tuple[str, str] | None) -> None:
        self._index = index
        self._partition = partition
        self._low: str = between[0] if between else ""
        self._high: str | None = between[1] if between else None
        self.is_empty = not is_key(partition) or self._bounds_are_reversed()

    def _bounds_are_reversed(self) -> bool:
        return self._high is not None and (not self._high or self._high < self._low)

    def start(self, after: Cursor, newest_first: bool) -> Parameters:
        """The parameters that continue after a cursor, whose row may have been deleted.

        Sets `is_empty` if no row can follow.
        """
        sort, item_id = after
        if newest_first and self._high is not None and sort > self._high:
            return {}
        if newest_first and (not sort or sort < self._low):
            self.is_empty = True
            return {}
        if not newest_first and (not sort or sort < self._low):
            return {}
        if not newest_first and self._high is not None and sort > self._high:
            self.is_empty = True
            return {}
        if not newest_first and not item_id:
            self._low = max(self._low, sort)
            return {}
        key = {
            self._index.partition: self._partition,
            self._index.sort: sort,
            KEY: item_id or _FIRST_ID,
        }
        return {"ExclusiveStartKey": {name: {"S": text} for name, text in key.items()}}

    def parameters(self) -> Parameters:
        """The parameters of `Query` for index, partition and bounds."""
        condition, names = "#p = :p", {"#p": self._index.partition}
        values = {":p": self._partition}
        if self._low or self._high is not None:
            names["#s"] = self._index.sort
        if self._low:
            values[":l"] = self._low
        if self._high is not None:
            values[":h"] = self._high
        condition += _BOUND_EXPRESSIONS[bool(self._low), self._high is not None]
        return {
            "IndexName": self._index.name,
            "KeyConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": {name: {"S": text} for name, text in values.items()},
        }


#: By whether there is a lower bound, and whether there is an upper bound.
_BOUND_EXPRESSIONS = {
    (False, False): "",
    (True, False): " AND #s >= :l",
    (False, True): " AND #s <= :h",
    (True, True): " AND #s BETWEEN :l AND :h",
}


def is_key(text: str) -> bool:
    """Whether DynamoDB allows the text as a key of an item or of a partition."""
    try:
        return 0 < len(text.encode()) <= _MAX_KEY_BYTES
    except UnicodeEncodeError:
        return False
