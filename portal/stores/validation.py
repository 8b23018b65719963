"""What every store asks of the changes and the items that it is given, before it acts."""

from collections.abc import Sequence

import orjson

from portal.stores.contract import MAX_CHANGES, Change, Item, Remove
from portal.stores.schema import INDEXES, KEY

_KEY_NAMES = {KEY} | {name for index in INDEXES for name in (index.partition, index.sort)}


def items_after(changes: Sequence[Change]) -> dict[str, Item | None]:
    """What each id will hold (`None`: nothing), in the order of the changes.

    The items are copies that the caller cannot change. `ValueError` for what no store takes.
    """
    if not 1 <= len(changes) <= MAX_CHANGES:
        raise ValueError(f"a write takes between 1 and {MAX_CHANGES} changes")
    results: dict[str, Item | None] = {}
    for change in changes:
        if isinstance(change, Remove):
            results[change.item_id] = None
        else:
            item = _validated(change.item)
            results[str(item[KEY])] = item
    if len(results) != len(changes):
        raise ValueError("a write changes each item once")
    return results


def check_limit(limit: int) -> None:
    if limit < 1:
        raise ValueError("at least one row")


def _validated(item: Item) -> Item:
    for name, value in item.items():
        if type(value) not in (str, int, bool):
            raise ValueError(f"{name}: text, whole numbers and booleans only")
        if name in _KEY_NAMES and (type(value) is not str or not value):
            raise ValueError(f"{name}: a key is a text, and not empty")
    if KEY not in item:
        raise ValueError(f"{KEY} is missing")
    copy = dict(item)
    try:
        orjson.dumps(copy)
    except TypeError as error:
        raise ValueError(f"not to be written as JSON: {error}") from error
    return copy
