"""Files to import: made row by row, and those that people handed in."""

import json
from pathlib import Path
from typing import Any

from portal.imports.streaming.decode import Limits

#: Files that people handed in.
EXPORTS = Path(__file__).parent.parent / "exports"
LIMITS = Limits(size=5_000_000, entries=10_000, depth=32, value=1_000_000)
SECRET = "s3cr3t-that-nobody-may-see"


def tenant(number: int = 1, /, **changed: Any) -> dict[str, Any]:
    """A tenant as the old application kept it. `changed`: a field is left out by `None`."""
    fields = {
        "accountId": "86810",
        "accountName": "Muster Haustechnik Gruppe",
        "companyId": str(number),
        "companyName": "Muster Haustechnik GmbH",
        "cluster": "eu",
        "contactCompanyName": "Muster Haustechnik GmbH",
        "contactFullName": "Jörg Weiß",
        "contactPhone": "+49 30 901820",
        "contactEmailAddress": "joerg.weiss@muster-haustechnik.example",
        "clientId": "000179d1",
        "clientSecret": SECRET,
        "validFrom": "2025-01-07T08:15:22.041Z",
        "validTo": "2027-01-21T08:15:22.041Z",
        "createdAt": "2025-01-07T08:15:22.041Z",
        "updatedAt": "2025-01-07T08:15:22.041Z",
        "isActive": True,
    } | changed
    return {name: value for name, value in fields.items() if value is not None}


def dump(*tenants: dict[str, Any], **other_keys: str) -> bytes:
    """`JSON.stringify(localStorage)`. `other_keys`: of other programs."""
    entries = {
        f"fsm_tenant_{each.get('accountId')}_{each.get('companyId')}": json.dumps(each)
        for each in tenants
    }
    return json.dumps(entries | other_keys).encode()


def storage_state(origins: dict[str, list[dict[str, Any]]], *, late: bool = False) -> bytes:
    """What browser automation saves. `late`: an origin is named after its entries, as by programs
    that sort keys."""
    listed = [
        {
            "origin": origin,
            "localStorage": [
                {"name": f"fsm_tenant_{each['accountId']}_{each['companyId']}",
                 "value": json.dumps(each)}
                for each in tenants
            ],
        }
        for origin, tenants in origins.items()
    ]  # fmt: skip
    return json.dumps({"cookies": [], "origins": listed}, sort_keys=late).encode()


def lines(*tenants: dict[str, Any]) -> bytes:
    """JSON Lines."""
    return "".join(json.dumps(each) + "\n" for each in tenants).encode()
