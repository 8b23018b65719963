"""The examples in the document. A test sends each request and gets each answer, in this order."""

from typing import Any

NEW_TENANT: dict[str, Any] = {
    "accountId": "86810",
    "companyId": "104348",
    "accountName": "Meyer Group",
    "companyName": "Meyer Field Service",
    "cluster": "eu",
    "contactCompanyName": "Meyer Elevators",
    "contactFullName": "Kim Meyer",
    "contactEmailAddress": "kim@meyer.example",
    "contactPhone": "+49 30 901820",
    "clientId": "fsm-client",
    "clientSecret": "the secret of this client",
}
PENDING_ID = "pending-4f7k2m9q1x8z3c6v5b0n2a7s4d"
TENANT_ID = "86810_104348"
IMPORT_ID = "import-mzf7fzhmmmhia2kys7n6rdnbwj"

_PUBLIC: dict[str, Any] = {
    "tenantId": PENDING_ID,
    "accountId": "86810",
    "accountName": "Meyer Group",
    "companyId": "104348",
    "companyName": "Meyer Field Service",
    "cluster": "eu",
    "clientId": "fsm-client",
    "isActive": False,
    "contactCompanyName": "Meyer Elevators",
    "contactFullName": "",
    "contactPhone": "",
    "contactEmailAddress": "",
}
SIGN_UP: dict[str, Any] = {
    "success": True,
    "tenant": _PUBLIC,
    "message": "Your request was received. This tenant is waiting for approval.",
}
#: After staff have activated the sign-up.
TENANT: dict[str, Any] = {
    **_PUBLIC,
    "tenantId": TENANT_ID,
    "isActive": True,
    "contactFullName": "Kim Meyer",
    "contactPhone": "+4930901820",
    "contactEmailAddress": "kim@meyer.example",
    "validFrom": "2026-11-23T00:00:00.000Z",
    "validTo": "2027-11-22T23:59:59.999Z",
    "status": "active",
    "access": "valid",
    "pendingId": PENDING_ID,
    "createdAt": "2026-11-23T10:00:00.000Z",
    "updatedAt": "2026-11-23T10:00:00.000Z",
}
VALID: dict[str, Any] = {
    "isValid": True,
    "tenant": {
        **_PUBLIC,
        "tenantId": TENANT_ID,
        "isActive": True,
        "validFrom": "2026-11-23T00:00:00.000Z",
        "validTo": "2027-11-22T23:59:59.999Z",
    },
    "validFrom": "2026-11-23T00:00:00.000Z",
    "validTo": "2027-11-22T23:59:59.999Z",
    "serverTime": "2026-11-23T10:00:00.000Z",
}
CHANGE: dict[str, Any] = {"validTo": "2028-11-22T23:59:59.999Z"}
CHANGED: dict[str, Any] = {
    "success": True,
    "message": "The tenant is changed.",
    "tenant": {
        **TENANT,
        "validTo": "2028-11-22T23:59:59.999Z",
        "updatedAt": "2026-11-23T10:01:00.000Z",
    },
}
TENANTS: dict[str, Any] = {
    "tenants": [
        {
            "tenantId": TENANT_ID,
            "status": "active",
            "access": "valid",
            "isActive": True,
            "accountId": "86810",
            "companyId": "104348",
            "contactCompanyName": "Meyer Elevators",
            "validFrom": "2026-11-23T00:00:00.000Z",
            "validTo": "2028-11-22T23:59:59.999Z",
            "createdAt": "2026-11-23T10:00:00.000Z",
            "changedAt": "2026-11-23T10:01:00.000Z",
        }
    ]
}
EVENTS: dict[str, Any] = {
    "events": [
        {
            "at": "2026-11-23T10:01:00.000Z",
            "by": "nightly job (token)",
            "verb": "set_validity",
            "changes": [
                {
                    "field": "validTo",
                    "old": "2027-11-22T23:59:59.999Z",
                    "new": "2028-11-22T23:59:59.999Z",
                }
            ],
            "requestId": "1f0c5b8a2d9e4763",
        }
    ],
    "nextCursor": "WyJhcGkgZXZlbnRzIl0.3q2-7wAAAAA",
}
FILE: list[dict[str, Any]] = [
    {
        "accountId": "86811",
        "companyId": "104349",
        "accountName": "Huber Group",
        "companyName": "Huber Service",
        "cluster": "eu",
        "contactCompanyName": "Huber AG",
        "contactFullName": "Toni Huber",
        "contactEmailAddress": "toni@huber.example",
        "clientId": "fsm-client",
        "clientSecret": "the secret of this client",
        "isActive": True,
        "validFrom": "2026-01-01T00:00:00.000Z",
        "validTo": "2027-12-31T23:59:59.999Z",
    }
]
