"""Exports tenants in a form that can be imported again: a JSON object each, without the secret."""

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
    """`None` if the item is no tenant, or a tenant without its final key."""
    if not records.is_tenant(item) or "_" not in str(item[KEY]):
        return None
    tenant = records.tenant_of(item)
    if tenant.ids is None:
        return None
    exported: dict[str, Any] = {
        "tenantId": tenant.id,
        "accountId": tenant.ids.account_id,
        "companyId": tenant.ids.company_id,
    }
    exported |= {name: item[name] for name in _TEXTS if isinstance(item.get(name), str)}
    if tenant.validity.open_ended and not (tenant.validity.valid_from and tenant.validity.valid_to):
        exported["openEnded"] = True
    return exported | {"isActive": tenant.status is Status.ACTIVE}


def reimport_problem(exported: dict[str, Any], depth: int) -> str:
    """Why an exported tenant could not be imported again; empty if it could."""
    entry = validate_entry(Entry("", exported, 1, 1), depth)
    return "; ".join(f"{reason.field}: {reason.text}" for reason in entry.reasons)
