"""Items as DynamoDB writes them, and back.

Text, whole numbers and booleans are `S`, `N` and `BOOL`. Anything else that another program
left in an item (lists, maps, sets, bytes, nulls, fractions) travels under one attribute,
`REST`, as the JSON that DynamoDB's own exports have. Nobody looks inside: whoever changes the
item carries it along as it carries every attribute that it does not know, the file store
holds it as the text that it is, and writing the item puts each where it was.
"""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

from portal.stores.contract import Item, Value

#: One value as boto3's low-level client has it: its type, and what it holds.
AttributeValue = Mapping[str, Any]

REST = "attributesOfOtherTypes"

_OTHER_TYPES = frozenset({"N", "B", "L", "M", "SS", "NS", "BS", "NULL"})

#: As many digits as every reader of JSON takes; longer ones are kept untouched.
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")


def to_attributes(item: Item) -> dict[str, AttributeValue]:
    values = {name: to_attribute(value) for name, value in item.items()}
    rest = _decode_rest(item.get(REST))
    if rest:
        del values[REST]
    # What the item itself says of an attribute is newer.
    return rest | values


def _decode_rest(rest: Value | None) -> dict[str, AttributeValue]:
    """Nothing, if it is a text that this module never wrote: then it stays one."""
    try:
        values = json.loads(rest) if isinstance(rest, str) else {}
        return {
            name: _from_json(value)
            for name, value in values.items()
            if value.keys() <= _OTHER_TYPES
        }
    except (ValueError, AttributeError):
        return {}


def to_attribute(value: Value) -> AttributeValue:
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bool):
        return {"BOOL": value}
    return {"N": str(value)}


def from_attributes(attributes: Mapping[str, AttributeValue]) -> Item:
    item: dict[str, Value] = {}
    rest: dict[str, AttributeValue] = {}
    for name, attribute in attributes.items():
        ((kind, value),) = attribute.items()
        if kind in ("S", "BOOL"):
            item[name] = value
        elif kind == "N" and _WHOLE_NUMBER.fullmatch(value):
            item[name] = int(value)
        else:
            rest[name] = attribute
    if rest:
        # Sets have no order of their own, and an item that was not changed must look the same.
        encodable = {name: _to_json(rest[name]) for name in sorted(rest)}
        item[REST] = json.dumps(encodable, sort_keys=True, ensure_ascii=False)
    return item


def _to_json(attribute: AttributeValue) -> AttributeValue:
    ((kind, value),) = attribute.items()
    match kind:
        case "B":
            value = base64.b64encode(value).decode()
        case "BS":
            value = sorted(base64.b64encode(each).decode() for each in value)
        case "SS" | "NS":
            value = sorted(value)
        case "L":
            value = [_to_json(each) for each in value]
        case "M":
            value = {name: _to_json(each) for name, each in value.items()}
    return {kind: value}


def _from_json(attribute: AttributeValue) -> AttributeValue:
    ((kind, value),) = attribute.items()
    match kind:
        case "B":
            value = base64.b64decode(value)
        case "BS":
            value = [base64.b64decode(each) for each in value]
        case "L":
            value = [_from_json(each) for each in value]
        case "M":
            value = {name: _from_json(each) for name, each in value.items()}
    return {kind: value}
