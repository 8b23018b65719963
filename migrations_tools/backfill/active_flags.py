"""What `isActive` of a row of the old application says, by the same reading as an import's."""

from typing import Any

from portal.records import ADOPT_ANSWER
from portal.stores import Item, other_types
from portal.tenants import ActiveFlag, read_active

ACTIVE = "isActive"
_MAX_SHOWN = 40


def active_flag(row: Item) -> ActiveFlag:
    return read_active(_value(row))


def shown_value(row: Item) -> str:
    """What the row has in place of true or false, shortened. A list or a map may hold anything, so
    only its type is said."""
    value = _value(row)
    text = next(iter(value)) if isinstance(value, dict) and value else str(value)
    return text[:_MAX_SHOWN]


def with_readable_flag(row: Item) -> Item:
    """The row with true or false in place of the text of it.

    A row with a status is the portal's, which decides by the status. A row that an operator has
    answered stays as it was when they did.
    """
    flag = active_flag(row)
    if not flag.is_text or "status" in row or ADOPT_ANSWER in row:
        return row
    return {**row, ACTIVE: flag is ActiveFlag.TRUE_TEXT}


def _value(row: Item) -> Any:
    if ACTIVE in row:
        return row[ACTIVE]
    other = other_types(row).get(ACTIVE)
    if other is None:
        return ...
    if "NULL" in other:
        return None
    return other.get("N", other)
