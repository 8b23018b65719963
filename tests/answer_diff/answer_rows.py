"""Rows of tenants and their instants, as the answer diff compares them."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from portal.stores.contract import Item
from portal.timestamps import format_timestamp
from tests.conftest import START

BERLIN = ZoneInfo("Europe/Berlin")
UTC_ZONE = ZoneInfo("UTC")


def instant(text: str) -> datetime:
    """`2027-01-01` is its first instant; a longer text is read as it is."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def row(number: int = 1, /, **changed: Any) -> Item:
    """A tenant that is active from 2026 to the end of 2027. `changed`: a field is left out by
    `None`."""
    fields: dict[str, Any] = {
        "tenantId": f"86810_{number}",
        "accountId": "86810",
        "companyId": str(number),
        "companyName": "Muster GmbH",
        "contactFullName": "Jörg Weiß",
        "contactEmailAddress": "joerg@muster.example",
        "cluster": "eu",
        "status": "active",
        "isActive": True,
        "validFrom": "2026-01-01T00:00:00.000Z",
        "validTo": "2027-12-31T23:59:59.999Z",
        "updatedAt": format_timestamp(START),
        "version": 1,
    } | changed
    return {name: value for name, value in fields.items() if value is not None}
