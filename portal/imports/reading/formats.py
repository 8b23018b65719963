"""The formats that an import reads, and what tells them apart: the beginning of a file, and the
keys of its values."""

import re
from enum import StrEnum
from typing import Any

from portal.imports.model import FAILED_KINDS, KEY_PREFIX, KNOWN_FIELDS, RowKind
from portal.imports.tables import is_deletion, is_schema, item_of


class FileFormat(StrEnum):
    DUMP = "localStorage dump"
    STORAGE_STATE = "storage state"
    PAIRS = "list of keys and values"
    TENANTS = "list of tenants"
    TENANTS_BY_KEY = "tenants by key"
    LINES = "JSON Lines"
    REPORT = "report"
    CHROMIUM = "Chromium profile"
    FIREFOX = "Firefox profile"
    WEBKIT = "WebKit profile"
    TABLE = "table items"


#: The first line of a report as CSV, whatever delimiter a spreadsheet saved it with.
CSV_HEADING = re.compile('"?row"?[,;\t]"?kind')
#: A first cell and a delimiter, or one word in a first line of several: no JSON begins so.
OTHER_CSV = re.compile(
    r"""(?:"[^"\r\n]*"|[^"\s\[\]{},;][^"\[\]{},;\r\n\t]*)[,;\t]|"?[A-Za-z]\w*"?\r?\n\s*\S"""
)
#: Keys of an object under which a list holds the entries. A dump has only texts as values.
ENTRY_LISTS = {
    "origins": FileFormat.STORAGE_STATE, "rows": FileFormat.REPORT, "tenants": FileFormat.TENANTS,
}  # fmt: skip
#: Keys beside such a list. They belong to the format, so they do not count as keys of other
#: programs. (All keys beside the rows of the portal's own report do.)
FRAME_KEYS = frozenset({
    "cookies", "importId", "at", "by", "policy", "allowed", "shapes", "counts",
    "ignoredKeys", "applied", "state", "store", "active", "places",
    "origin", "sessionStorage", "indexedDB",
})  # fmt: skip


def is_tenant(value: Any) -> bool:
    """Whether the value is a tenant, or the JSON text of one, encoded once or more."""
    if isinstance(value, str):
        return any(f'"{name}' in value.replace("\\", "") for name in ("accountId", "companyId"))
    return isinstance(value, dict) and not KNOWN_FIELDS.isdisjoint(value)


def is_dump(value: Any) -> bool:
    return isinstance(value, dict) and any(key.startswith(KEY_PREFIX) for key in value)


def is_json_line(value: Any) -> bool:
    """Whether the value is a line of JSON Lines: a tenant, a pair of key and value, or an item or
    the schema of a table."""
    return (
        pair_of(value) is not None
        or (is_tenant(value) and not is_dump(value))
        or item_of(value) is not None
        or is_schema(value)
        or (isinstance(value, dict) and is_deletion(value))
    )


def is_report_row(value: Any) -> bool:
    """Whether the value is a row of the portal's own report. Rows of other programs may be of a
    kind as well: a row of a report has a number and reasons, and a failed one has its values."""
    if not isinstance(value, dict) or value.get("kind") not in tuple(RowKind):
        return False
    if "row" in value and "reasons" in value:
        return True
    # People leave out of a row what they do not correct.
    return value["kind"] in tuple(FAILED_KINDS) and isinstance(value.get("values"), dict)


def pair_of(value: Any) -> tuple[str, Any] | None:
    """Key and value of `{key, value}`, `{name, value}` or `[key, value]`, else `None`. An object
    that has fields of a tenant as well is a tenant."""
    if isinstance(value, dict) and "value" in value and KNOWN_FIELDS.isdisjoint(value):
        key = value.get("key", value.get("name"))
        return (key, value["value"]) if isinstance(key, str) else None
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str):
        return value[0], value[1]
    return None
