"""A row as the tenant that it becomes."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from portal.contact_fields import CONTACT_FIELDS, ContactField, FieldKind
from portal.imports.model import FieldValue, PlanRow
from portal.imports.planning import moves_window
from portal.tenants import AuditInfo, Client, Contact, Decision, Ids, Status, Tenant, Validity, Verb
from portal.timestamps import parse_timestamp


def new_tenant(row: PlanRow, audit: AuditInfo) -> Tenant:
    """Active only if the file says so. Dates are the file's own."""
    values = row.values
    return Tenant(
        id=row.tenant_id,
        status=Status.ACTIVE if values.get("isActive") is True else Status.SUSPENDED,
        version=1,
        contact=_contact(row, _NOBODY),
        ids=_ids(values, None),
        validity=_validity(values),
        client=_client(row, Client(), audit),
        created_at=_instant(values, "createdAt") or audit.at,
        updated_at=_instant(values, "updatedAt") or audit.at,
        decision=Decision(verb=Verb.IMPORT, by=audit.by, at=audit.at),
    )


def changed_tenant(row: PlanRow, before: Tenant, audit: AuditInfo) -> Tenant:
    """`before` with what the file has."""
    values = row.values
    status = before.status
    if "isActive" in values and values["isActive"] is not before.is_active:
        status = Status.ACTIVE if values["isActive"] is True else Status.SUSPENDED
    updated = _instant(values, "updatedAt")
    is_newer = updated and (before.updated_at is None or updated > before.updated_at)
    return before.imported(
        audit,
        status=status,
        # Why it was suspended is over with that.
        reason=before.reason if status is before.status else "",
        contact=_contact(row, before.contact),
        ids=_ids(values, before.ids),
        # Also if it is written otherwise, as that of the old application is.
        validity=_validity(values) if moves_window(row.changes) else before.validity,
        client=_client(row, before.client, audit),
        updated_at=updated if is_newer else audit.at,
    )


_NOBODY = Contact()
Values = Mapping[str, FieldValue]


def _text(values: Values, name: str, otherwise: str) -> str:
    return str(values.get(name, otherwise))


def _contact(row: PlanRow, before: Contact) -> Contact:
    """What the file says; a field that it lacks stays as it is."""
    new: dict[str, str] = {}
    for field in CONTACT_FIELDS:
        if field.attribute not in row.values:
            continue
        if field.kind is FieldKind.PHONE:
            new |= _phone(field, row, before)
        else:
            new[field.name] = str(row.values[field.attribute])
    return replace(before, **new)


def _phone(field: ContactField, row: PlanRow, before: Contact) -> dict[str, str]:
    """A number comes with its parts. The typed text of the store stays with a number that stays,
    if the file says nothing of it."""
    number, typed, extension = field.parts
    names = (field.parts[number], field.parts[extension])
    stays = not any(change.field in names for change in row.changes)
    typed_before = getattr(before, typed) if stays else ""
    return {
        number: _text(row.values, field.parts[number], ""),
        typed: _text(row.values, field.parts[typed], typed_before),
        extension: _text(row.values, field.parts[extension], ""),
    }


def _ids(values: Values, before: Ids | None) -> Ids:
    return Ids(
        account_id=_text(values, "accountId", ""),
        company_id=_text(values, "companyId", ""),
        account_name=_text(values, "accountName", before.account_name if before else ""),
        company_name=_text(values, "companyName", before.company_name if before else ""),
        cluster=_text(values, "cluster", before.cluster if before else ""),
    )


def _validity(values: Values) -> Validity:
    return Validity(
        valid_from=_instant(values, "validFrom"),
        valid_to=_instant(values, "validTo"),
        open_ended=values.get("openEnded") is True,
    )


def _client(row: PlanRow, before: Client, audit: AuditInfo) -> Client:
    return Client(
        id=_text(row.values, "clientId", before.id),
        sealed_secret=row.sealed_secret or before.sealed_secret,
        secret_set_at=audit.at if row.sealed_secret else before.secret_set_at,
    )


def _instant(values: Values, name: str) -> datetime | None:
    text = values.get(name)
    return parse_timestamp(text) if isinstance(text, str) else None
