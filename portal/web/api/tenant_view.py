"""A tenant as the API answers it to a program with a token: whole, and as a row of a list. What
anybody may read is `records.public_view`. Never its secret, index keys, version or the names of
staff."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from portal import records
from portal.stores import KEY, Item
from portal.tenants import Gap, Tenant, access_status
from portal.timestamps import format_timestamp


def whole_view(tenant: Tenant, now: datetime, gaps: Sequence[Gap] = ()) -> dict[str, object]:
    """What a program with a token reads. `gaps`: what the record of the old application lacks."""
    optional = {
        "contactPhoneExtension": tenant.contact.phone_extension,
        "reason": tenant.reason,
        "pendingId": tenant.pending_id,
    }
    return {
        **records.public_view(records.item_of(tenant), is_whole=True),
        "status": tenant.status.value,
        "access": access_status(tenant.status, tenant.validity, now).value,
        **{name: value for name, value in optional.items() if value},
        **_incomplete(gaps),
        **_erased(is_erased=tenant.erased),
        **_dates(
            createdAt=tenant.created_at,
            updatedAt=tenant.updated_at,
            erasedAt=tenant.erased_at if tenant.erased else None,
        ),
    }


def row_view(row: Item, now: datetime) -> dict[str, object]:
    """A tenant, or its row of an index, for a list: no person's details."""
    status, validity = records.status_of(row), records.validity_of(row)
    view: dict[str, object] = {
        "tenantId": str(row[KEY]),
        "status": status.value,
        "access": access_status(status, validity, now).value,
        "isActive": status.value == "active",
    }
    for name in ("accountId", "companyId", "contactCompanyName"):
        value = row.get(name)
        view[name] = value if isinstance(value, str) else ""
    # No index has the latest change, which may be no decision: the end of a link, say.
    changed_at = row.get("updatedAt") or row.get("decidedAt")
    dates = _dates(
        validFrom=validity.valid_from,
        validTo=validity.valid_to,
        createdAt=records.parse_optional_timestamp(row.get("createdAt")),
        changedAt=records.parse_optional_timestamp(changed_at),
    )
    erased = _erased(is_erased=records.is_ended_and_erased(row))
    return view | _incomplete(records.gaps_of_row(row)) | erased | dates


def etag_of(item: Item) -> str:
    """A tag that changes with everything that is stored of a tenant. The old application changes
    records without changing their version."""
    text = json.dumps(item, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _incomplete(gaps: Sequence[Gap]) -> dict[str, object]:
    return {"incomplete": [gap.value for gap in gaps]} if gaps else {}


def _erased(*, is_erased: bool) -> dict[str, object]:
    return {"personalDataErased": True} if is_erased else {}


def _dates(**instants: datetime | None) -> dict[str, object]:
    return {name: format_timestamp(instant) for name, instant in instants.items() if instant}


def changes_view(changes: Mapping[str, tuple[str, str]]) -> list[dict[str, str]]:
    """The fields of a change. Of personal and secret ones the history has the name alone."""
    return [
        {"field": name, "old": old, "new": new} if old or new else {"field": name}
        for name, (old, new) in changes.items()
    ]
