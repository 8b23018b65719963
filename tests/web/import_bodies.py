"""Bodies of `POST /api/imports`, and what its report counts."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

URL = "/api/imports"
DAY = timedelta(days=1)
COUNTS = dict.fromkeys(("new", "same", "update", "conflict", "duplicate", "invalid"), 0)


def tenant(number: int, **values: Any) -> dict[str, Any]:
    """A tenant as the old application stores it."""
    return {
        "accountId": "86810", "companyId": str(number), "accountName": "Meyer Group",
        "companyName": "Meyer GmbH", "cluster": "eu", "contactCompanyName": "Meyer GmbH",
        "contactFullName": "Max Meyer", "contactEmailAddress": f"max{number}@meyer.example",
        "clientId": "fsm", "clientSecret": "s3cr3t-canary", "isActive": True,
        "validFrom": "2026-01-01T00:00:00.000Z", "validTo": "2027-06-30T21:59:59.999Z",
        "createdAt": "2025-01-01T00:00:00.000Z", "updatedAt": "2025-01-01T00:00:00.000Z",
        **values,
    }  # fmt: skip


def body_of(*rows: Mapping[str, Any]) -> bytes:
    return json.dumps(rows).encode()
