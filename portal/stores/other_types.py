"""Attributes of a type that items do not have, and versions that are none.

Other programs may store lists, maps, sets, bytes, nulls and fractions. DynamoDB's store keeps them
in one text attribute of the item, `REST`, which the file store keeps as any other text.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from portal.stores.contract import Item, Value

REST = "attributesOfOtherTypes"

_OTHER_TYPES = frozenset({"N", "B", "L", "M", "SS", "NS", "BS", "NULL"})


def other_types(item: Item) -> dict[str, Mapping[str, Any]]:
    """Attributes of other types by their name, in the form of DynamoDB's exports.

    None if `REST` was not written by a store: then it is a text.
    """
    rest = item.get(REST)
    if not isinstance(rest, str):
        return {}
    try:
        values = json.loads(rest)
        return {name: value for name, value in values.items() if value.keys() <= _OTHER_TYPES}
    except (ValueError, AttributeError):
        return {}


def without_other_types(item: Item, names: Iterable[str]) -> Item:
    """The item without these attributes, as far as they are of other types."""
    rest = other_types(item)
    left = {name: value for name, value in rest.items() if name not in set(names)}
    if len(left) == len(rest):
        return item
    others = {name: value for name, value in item.items() if name != REST}
    return {**others, REST: encode_other_types(left)} if left else others


def encode_other_types(values: Mapping[str, Mapping[str, Any]]) -> str:
    """The text of `REST`. Sorted, since an unchanged item must be equal to itself."""
    return json.dumps(values, sort_keys=True, ensure_ascii=False)


def version_of(item: Item) -> int | None:
    """The version of an item; `None` if it has none, or something else in its place."""
    version = item.get("version")
    return version if type(version) is int else None


def stored_version(item: Item) -> Value | Mapping[str, Any] | None:
    """What stands in the place of the version, whatever it is."""
    version = item.get("version")
    return version if version is not None else other_types(item).get("version")
