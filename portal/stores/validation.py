"""Checks the arguments of a call, the same way for every store."""

from collections.abc import Sequence

import orjson

from portal.stores.contract import MAX_CHANGES, Change, Item, Remove
from portal.stores.schema import INDEXES, KEY

_KEY_NAMES = {KEY} | {name for index in INDEXES for name in (index.partition, index.sort)}


def items_after(changes: Sequence[Change]) -> dict[str, Item | None]:
    """The item of each id after the changes (`None`: removed), in the order of the changes.

    The items are copies, so that the caller can no longer change them.

    Raises:
        ValueError: Too few or too many changes, two changes to one id, or an item that no table
            can hold.
    """
    if not 1 <= len(changes) <= MAX_CHANGES:
        raise ValueError(f"a write needs 1 to {MAX_CHANGES} changes")
    results: dict[str, Item | None] = {}
    for change in changes:
        if isinstance(change, Remove):
            results[change.item_id] = None
        else:
            item = _validated(change.item)
            results[str(item[KEY])] = item
    if len(results) != len(changes):
        raise ValueError("a write may change each item only once")
    return results


def check_limit(limit: int) -> None:
    """`ValueError` below 1."""
    if limit < 1:
        raise ValueError("the limit must be at least 1")


def _validated(item: Item) -> Item:
    for name, value in item.items():
        if type(value) not in (str, int, bool):
            raise ValueError(f"{name}: only text, whole numbers and booleans are allowed")
        if name in _KEY_NAMES and (type(value) is not str or not value):
            raise ValueError(f"{name}: a key must be a text that is not empty")
    if KEY not in item:
        raise ValueError(f"{KEY} is missing")
    copy = dict(item)
    try:
        orjson.dumps(copy)
    except TypeError as error:
        raise ValueError(f"cannot be written as JSON: {error}") from error
    return copy
