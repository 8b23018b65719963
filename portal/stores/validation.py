"""Checks the arguments of a call, the same way for every store."""

from collections.abc import Sequence

import orjson

from portal.stores.contract import (
    MAX_CHANGES,
    MAX_ID_BYTES,
    MAX_ITEM_BYTES,
    MAX_NUMBER,
    MAX_PARTITION_BYTES,
    MAX_SORT_BYTES,
    MAX_WRITE_BYTES,
    MIN_NUMBER,
    NOTHING_SAVED,
    Change,
    Count,
    Item,
    ItemTooLargeError,
    Remove,
    Value,
)
from portal.stores.schema import INDEXES, KEY

#: The most bytes of each key.
_KEY_BYTES = {
    **{index.partition: MAX_PARTITION_BYTES for index in INDEXES},
    **{index.sort: MAX_SORT_BYTES for index in INDEXES},
    KEY: MAX_ID_BYTES,
}


def items_after(changes: Sequence[Change]) -> dict[str, Item | None]:
    """The item of each id after the changes (`None`: removed), in the order of the changes.

    The items are copies, so that the caller can no longer change them. What a `Count` counts
    depends on the stored item: here its item has only what it sets, see `counted`.

    Raises:
        ItemTooLargeError: A key, an item or all items together exceed DynamoDB's limits.
        ValueError: Too few or too many changes, two changes to one id, or an item that no table
            can hold.
    """
    if not 1 <= len(changes) <= MAX_CHANGES:
        raise ValueError(f"a write needs 1 to {MAX_CHANGES} changes")
    results: dict[str, Item | None] = {}
    json_size = 0
    for change in changes:
        if isinstance(change, Remove):
            results[change.item_id] = None
        elif isinstance(change, Count):
            results[change.item_id] = _validated_count(change)
        else:
            item, item_size = _validated(change.item)
            results[str(item[KEY])] = item
            json_size += item_size
    # The JSON of an item is never smaller than the item.
    if json_size > MAX_WRITE_BYTES and sum(map(_size, results.values())) > MAX_WRITE_BYTES:
        raise _too_large("The items of a write have more than 4 MB together")
    if len(results) != len(changes):
        raise ValueError("a write may change each item only once")
    return results


def reached_limits(count: Count, current: Item | None) -> tuple[str, ...]:
    """The names of the numbers that cannot be counted up, given the `current` item."""
    return tuple(
        name
        for name, limit in count.limits.items()
        if not _is_below((current or {}).get(name, 0), limit)
    )


def counted(count: Count, new: Item, current: Item | None) -> Item:
    """The item after a count that is allowed. `new`: the item as `items_after` has it."""
    item = {**new, **(current or {})}
    return item | {name: int(item.get(name, 0)) + 1 for name in count.limits}


def check_limit(limit: int) -> None:
    """`ValueError` below 1."""
    if limit < 1:
        raise ValueError("the limit must be at least 1")


def _is_below(value: Value, limit: int) -> bool:
    return type(value) is int and value < limit


def _validated_count(count: Count) -> Item:
    item, _size_of_json = _validated({**count.attributes, KEY: count.item_id})
    if not count.limits or min(count.limits.values()) < 1:
        raise ValueError("a count needs limits, and each must be at least 1")
    if count.limits.keys() & (_KEY_BYTES.keys() | item.keys()):
        raise ValueError("a count cannot count a key or an attribute that it sets")
    return item


def _validated(item: Item) -> tuple[Item, int]:
    """A copy of the item, and the bytes of its JSON."""
    for name, value in item.items():
        if type(value) is str:
            most = _KEY_BYTES.get(name)
            # A character has at most four bytes.
            if most is not None and not 0 < len(value) <= most // 4:
                _check_key(name, value, most)
        elif name in _KEY_BYTES:
            raise ValueError(f"{name}: a key must be a text that is not empty")
        elif type(value) is int:
            if not MIN_NUMBER <= value <= MAX_NUMBER:
                raise ValueError(f"{name}: a number must have 64 bits or fewer")
        elif type(value) is not bool:
            raise ValueError(f"{name}: only text, whole numbers and booleans are allowed")
    if KEY not in item:
        raise ValueError(f"{KEY} is missing")
    copy = dict(item)
    try:
        json_size = len(orjson.dumps(copy))
    except TypeError as error:
        raise ValueError(f"cannot be written as JSON: {error}") from error
    if json_size > MAX_ITEM_BYTES and _size(copy) > MAX_ITEM_BYTES:
        raise _too_large("An item has more than 400 KB")
    return copy, json_size


def _check_key(name: str, value: str, most: int) -> None:
    if not value:
        raise ValueError(f"{name}: a key must be a text that is not empty")
    if len(value.encode(errors="replace")) > most:
        raise _too_large(f"The key {name} has more than {most:,} bytes")


def _size(item: Item | None) -> int:
    """The bytes of an item as DynamoDB counts them; 0 for one that is removed."""
    return sum(len(name.encode()) + _value_size(value) for name, value in (item or {}).items())


def _value_size(value: Value) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, bool):
        return 1
    # Two digits in a byte, one byte for the exponent, and one for a minus.
    return len(str(abs(value)).rstrip("0")) // 2 + 2 + (value < 0)


def _too_large(problem: str) -> ItemTooLargeError:
    return ItemTooLargeError(
        reason=f"{problem}. That is DynamoDB's limit, and holds for both stores. {NOTHING_SAVED}",
        remedy="Shorten the texts, or write fewer items at once.",
    )
