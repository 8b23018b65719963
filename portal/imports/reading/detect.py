"""What a value of a file is recognised as."""

from typing import Any

from portal.imports.model import KEY_PREFIX, KNOWN_FIELDS


def is_tenant(value: Any) -> bool:
    if isinstance(value, str):
        return any(f'"{name}' in value.replace("\\", "") for name in ("accountId", "companyId"))
    return isinstance(value, dict) and not KNOWN_FIELDS.isdisjoint(value)


def is_line(value: Any) -> bool:
    return pair_in(value) is not None or (is_tenant(value) and not is_dump(value))


def is_dump(value: Any) -> bool:
    return isinstance(value, dict) and any(key.startswith(KEY_PREFIX) for key in value)


def pair_in(value: Any) -> tuple[str, Any] | None:
    """`{key, value}`, `{name, value}` or `[key, value]`. A tenant may have fields of these names,
    too, beside its own."""
    if isinstance(value, dict) and "value" in value and KNOWN_FIELDS.isdisjoint(value):
        key = value.get("key", value.get("name"))
        return (key, value["value"]) if isinstance(key, str) else None
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str):
        return value[0], value[1]
    return None
