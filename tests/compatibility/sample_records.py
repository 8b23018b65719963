"""Records to import, and rows of the old application. All of them are made up, the secrets too."""

import json
from typing import Any


def made_up_secret(tenant_id: str) -> str:
    return f"made-up secret of {tenant_id}"


def record(tenant_id: str, company: str, **changed: Any) -> dict[str, Any]:
    """A tenant as the old application stored it in a browser. `None` omits a field."""
    account, _, company_id = tenant_id.partition("_")
    made = {
        "accountId": account,
        "accountName": f"{company} Group",
        "companyId": company_id,
        "companyName": company,
        "cluster": "eu",
        "contactCompanyName": company,
        "contactFullName": "Robin Sample",
        "contactPhone": "+49 30 901820",
        "contactEmailAddress": f"robin{account}@example.com",
        "clientId": f"made-up-client-{account}",
        "clientSecret": made_up_secret(tenant_id),
        "validFrom": "2025-01-01T00:00:00.000Z",
        "validTo": "2026-01-31T22:59:59.999Z",
        "isActive": True,
        "createdAt": "2025-01-02T08:00:00.000Z",
        "updatedAt": "2025-01-03T08:00:00.000Z",
    }
    return {name: value for name, value in (made | changed).items() if value is not None}


def dump(*records: dict[str, Any], **others: str) -> str:
    """A localStorage dump. `others` are keys of other programs."""
    keys = {
        f"fsm_tenant_{each['accountId']}_{each['companyId']}": json.dumps(each) for each in records
    }
    return json.dumps(others | keys)


def lines(*records: dict[str, Any]) -> str:
    return "".join(f"{json.dumps(each)}\n" for each in records)


def record_50001() -> dict[str, Any]:
    return record("50001_1", "Early Lifts", contactPhone="030 / 90 18 20")


def record_60001(**changed: Any) -> dict[str, Any]:
    return record("60001_1", "Scripted Doors", **changed)


def records_of_half() -> list[dict[str, Any]]:
    """The import that 1.0 leaves half applied: four new rows and one update."""
    return [
        record("73001_1", "Half One"),
        record("73001_2", "Half Two", clientSecret=None, isActive=False),
        record("73001_3", "Half Three"),
        record("73001_4", "Half Four", validFrom=None, validTo=None, openEnded=True,
               clientSecret=None),
        record_60001(contactFullName="Toni Sample", updatedAt="2025-05-29T08:00:00.000Z",
                     clientSecret=None),
    ]  # fmt: skip


def records_of_plan() -> list[dict[str, Any]]:
    """The import that 1.0 leaves as a plan: one row of each kind."""
    return [
        record("74001_1", "Planned Older", updatedAt="2025-01-01T08:00:00.000Z"),
        record("74001_1", "Planned Ltd"),
        record_50001() | {"validTo": "2026-12-31T22:59:59.999Z"},
        record("74001_2", "=Wrong & Sons", contactEmailAddress="nobody at example.com"),
        record("70001_1", "Late Lifts", validTo="2027-12-31T22:59:59.999Z", clientSecret=None),
        record("71001_1", "Stopped One"),
    ]


# ---- Rows of the old application

Attributes = dict[str, dict[str, Any]]


def old_row(account: str, company: str, more: Attributes) -> Attributes:
    """A row as the old application writes it: no status, no version, a plaintext secret, and
    attributes of types that the portal does not use. In DynamoDB's attribute-value form."""
    row: Attributes = {
        "tenantId": {"S": f"{account}_1"},
        "accountId": {"S": account},
        "accountName": {"S": f"{company} Group"},
        "companyId": {"S": "1"},
        "companyName": {"S": company},
        "cluster": {"S": "eu"},
        "contactCompanyName": {"S": company},
        "contactFullName": {"S": "Olli Old"},
        "contactEmailAddress": {"S": f"olli{account}@example.com"},
        "clientId": {"S": f"made-up-client-{account}"},
        "clientSecret": {"S": made_up_secret(f"{account}_1")},
        "isActive": {"BOOL": True},
        "createdAt": {"S": "2024-05-01T08:00:00.000Z"},
        "updatedAt": {"S": "2024-05-02T08:00:00.000Z"},
        "gsi1pk": {"S": f"ACCOUNT#{account}"},
        "gsi1sk": {"S": f"TENANT#{account}_1"},
    }
    return row | more


OLD_ROWS = (
    old_row(
        "90001",
        "Old And Dated",
        {
            "contactPhone": {"NULL": True},
            "validFrom": {"S": "2025-01-01T00:00:00.000Z"},
            "validTo": {"S": "2025-12-31T23:59:59.999Z"},
            "tags": {"L": [{"S": "pilot"}, {"N": "7"}, {"M": {"deep": {"BOOL": True}}}]},
            "share": {"N": "0.25"},
            "stamp": {"B": b"\0made up"},
        },
    ),
    old_row(
        "90002",
        "Old And Open",
        {
            "contactPhone": {"S": "+4930901820"},
            "settings": {"M": {"colour": {"S": "red"}, "none": {"NULL": True}}},
            "regions": {"SS": ["north", "south"]},
            "logins": {"N": "12"},
        },
    ),
    old_row("90003", "Old And Off", {"isActive": {"BOOL": False}, "validTo": {"S": "soon"}}),
)
