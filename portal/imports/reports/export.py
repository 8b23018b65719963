"""Tenants as what can be imported again: one JSON object for each, without its secret."""

from typing import Any

from portal import records
from portal.contact_fields import CONTACT_ATTRIBUTES
from portal.imports.model import Entry
from portal.imports.validation import validate_entry
from portal.stores import KEY, Item
from portal.tenants import Status

_TEXTS = (
    "accountName", "companyName", "cluster", *CONTACT_ATTRIBUTES.values(),
    "clientId", "validFrom", "validTo", "createdAt", "updatedAt",
)  # fmt: skip


def export_tenant(item: Item) -> dict[str, Any] | None:
    """The tenant under its final key; `None` for what has none, or is no tenant."""
    if not records.is_tenant(item) or "_" not in str(item[KEY]):
        return None
    tenant = records.tenant_of(item)
    if tenant.ids is None:
        return None
    told: dict[str, Any] = {
        "tenantId": tenant.id,
        "accountId": tenant.ids.account_id,
        "companyId": tenant.ids.company_id,
    }
    told |= {name: item[name] for name in _TEXTS if isinstance(item.get(name), str)}
    if tenant.validity.open_ended and not (tenant.validity.valid_from and tenant.validity.valid_to):
        told["openEnded"] = True
    return told | {"isActive": tenant.status is Status.ACTIVE}


def reimport_problem(told: dict[str, Any], depth: int) -> str:
    """Why this could not be imported again as it is; empty if it could."""
    checked = validate_entry(Entry("", told, 1, 1), depth)
    return "; ".join(f"{each.field}: {each.text}" for each in checked.reasons)
