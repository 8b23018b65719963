"""Converts items to DynamoDB's attribute values and back.

Text, whole numbers and booleans are `S`, `N` and `BOOL`. Other programs may store other types:
lists, maps, sets, bytes, nulls, fractions. An item holds all of those in one text attribute,
`REST`, as JSON in the form of DynamoDB's own exports. The portal treats it as an attribute that
it does not know: it passes it on unread, and the file store stores it as text. Writing the item
to DynamoDB restores the original attributes.
"""

import base64
import re
from collections.abc import Mapping
from typing import Any

from portal.stores.contract import MAX_NUMBER, MIN_NUMBER, Item, Value
from portal.stores.other_types import REST, encode_other_types, other_types

#: One value in the form of boto3's low-level client: `{type: content}`.
AttributeValue = Mapping[str, Any]

#: Longer numbers stay unconverted, and so do those that the contract does not allow.
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,19}")


def to_attributes(item: Item) -> dict[str, AttributeValue]:
    """The attribute values of an item, with those that `REST` holds."""
    values = {name: to_attribute(value) for name, value in item.items()}
    rest = {name: attribute_from_json(value) for name, value in other_types(item).items()}
    if rest:
        del values[REST]
    # If both have an attribute, the one of the item itself is newer.
    return rest | values


def to_attribute(value: Value) -> AttributeValue:
    """The attribute value of one value."""
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bool):
        return {"BOOL": value}
    return {"N": str(value)}


def from_attributes(attributes: Mapping[str, AttributeValue]) -> Item:
    """The item with these attribute values; those of other types become `REST`."""
    item: dict[str, Value] = {}
    rest: dict[str, AttributeValue] = {}
    for name, attribute in attributes.items():
        # Nearly all of them. A value is never None.
        text = attribute.get("S")
        if text is not None:
            item[name] = text
            continue
        ((kind, value),) = attribute.items()
        if kind == "BOOL":
            item[name] = value
        elif (
            kind == "N"
            and _WHOLE_NUMBER.fullmatch(value)
            and MIN_NUMBER <= int(value) <= MAX_NUMBER
        ):
            item[name] = int(value)
        else:
            rest[name] = attribute
    if rest:
        # Sets have no order, see `attribute_to_json`.
        item[REST] = encode_other_types(
            {name: attribute_to_json(value) for name, value in rest.items()}
        )
    return item


def attribute_to_json(attribute: AttributeValue) -> AttributeValue:
    """The same as JSON holds it, in the form of DynamoDB's own exports: bytes in base64. Sets have
    no order, so they are sorted."""
    ((kind, value),) = attribute.items()
    match kind:
        case "B":
            value = base64.b64encode(value).decode()
        case "BS":
            value = sorted(base64.b64encode(each).decode() for each in value)
        case "SS" | "NS":
            value = sorted(value)
        case "L":
            value = [attribute_to_json(each) for each in value]
        case "M":
            value = {name: attribute_to_json(each) for name, each in value.items()}
    return {kind: value}


def attribute_from_json(attribute: AttributeValue) -> AttributeValue:
    """The attribute that `attribute_to_json` made this of. `ValueError` if it is none."""
    ((kind, value),) = attribute.items()
    match kind:
        case "B":
            value = base64.b64decode(value)
        case "BS":
            value = [base64.b64decode(each) for each in value]
        case "L":
            value = [attribute_from_json(each) for each in value]
        case "M":
            value = {name: attribute_from_json(each) for name, each in value.items()}
    return {kind: value}
