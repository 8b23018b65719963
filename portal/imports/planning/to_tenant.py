"""The tenant that a row becomes: what applying a plan writes, and what the plan compares."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from portal import records
from portal.contact_fields import CONTACT_FIELDS, FieldKind, fields_of_kind
from portal.imports.model import FieldValue, PlanRow
from portal.imports.planning.diff import changes_validity
from portal.stores import Item
from portal.tenants import AuditInfo, Client, Contact, Decision, Ids, Status, Tenant, Validity, Verb
from portal.timestamps import parse_timestamp

_Values = Mapping[str, FieldValue]

#: Attribute of `Contact`, attribute of the item: of each field with one text, and of the parts of
#: each phone.
_TEXTS = [
    (field.name, field.attribute) for field in CONTACT_FIELDS if field.kind is not FieldKind.PHONE
]
_PHONES = [tuple(field.parts.items()) for field in fields_of_kind(FieldKind.PHONE)]
_NO_CONTACT = Contact()


def new_tenant(row: PlanRow, audit: AuditInfo) -> Tenant:
    """Active only if the file says so. The times are those of the file."""
    values = row.values
    return Tenant(
        id=row.tenant_id,
        status=new_status(values),
        version=1,
        contact=Contact(**_contact_values(row, _NO_CONTACT)),
        ids=_ids(values, None),
        validity=new_validity(values),
        client=_client(row, Client(), audit),
        created_at=_instant(values, "createdAt") or audit.at,
        updated_at=_instant(values, "updatedAt") or audit.at,
        decision=Decision(verb=Verb.IMPORT, by=audit.by, at=audit.at),
    )


def new_status(values: _Values) -> Status:
    """The status of a new tenant: active only if the file says so."""
    return Status.ACTIVE if values.get("isActive") is True else Status.SUSPENDED


def new_validity(values: _Values) -> Validity:
    """The validity that the file says."""
    return Validity(
        valid_from=_instant(values, "validFrom"),
        valid_to=_instant(values, "validTo"),
        open_ended=values.get("openEnded") is True,
    )


def changed_access(row: PlanRow, status: Status, validity: Validity) -> tuple[Status, Validity]:
    """Status and validity of a stored tenant after the row."""
    values = row.values
    if "isActive" in values and values["isActive"] is not (status is Status.ACTIVE):
        status = new_status(values)
    # Without a change it stays, even if the old application wrote it in another way.
    return status, new_validity(values) if changes_validity(row.changes) else validity


def changed_tenant(row: PlanRow, before: Tenant, audit: AuditInfo) -> Tenant:
    """`before` with the values of the file; a field that the file lacks stays."""
    values = row.values
    status, validity = changed_access(row, before.status, before.validity)
    updated = _instant(values, "updatedAt")
    is_newer = updated and (before.updated_at is None or updated > before.updated_at)
    return before.imported(
        audit,
        status=status,
        # The reason of a suspension ends with it.
        reason=before.reason if status is before.status else "",
        contact=replace(before.contact, **_contact_values(row, before.contact)),
        ids=_ids(values, before.ids),
        validity=validity,
        client=_client(row, before.client, audit),
        updated_at=updated if is_newer else audit.at,
    )


def changed_item(row: PlanRow, before: Item, audit: AuditInfo) -> tuple[Tenant, Item]:
    """The stored item with the values of the file: as a tenant, and as its item."""
    tenant = changed_tenant(row, records.tenant_of(before), audit)
    changed = {change.field for change in row.changes}
    # A changed field is not carried over. A date that cannot be parsed would stay otherwise.
    carried_over = {name: value for name, value in before.items() if name not in changed}
    return tenant, records.item_of(tenant, carried_over)


def _text(values: _Values, name: str, default: str) -> str:
    return str(values.get(name, default))


def _contact_values(row: PlanRow, before: Contact) -> dict[str, str]:
    values = row.values
    new = {name: str(values[attribute]) for name, attribute in _TEXTS if attribute in values}
    for parts in _PHONES:
        if parts[0][1] in values:
            new |= _phone(parts, row, before)
    return new


def _phone(parts: Sequence[tuple[str, str]], row: PlanRow, before: Contact) -> dict[str, str]:
    """A number replaces all its parts. Only if number and extension stay, and the file has no
    typed text, does the stored typed text stay as well."""
    (number, number_name), (typed, typed_name), (extension, extension_name) = parts
    is_unchanged = not any(change.field in (number_name, extension_name) for change in row.changes)
    typed_before = getattr(before, typed) if is_unchanged else ""
    return {
        number: _text(row.values, number_name, ""),
        typed: _text(row.values, typed_name, typed_before),
        extension: _text(row.values, extension_name, ""),
    }


def _ids(values: _Values, before: Ids | None) -> Ids:
    return Ids(
        account_id=_text(values, "accountId", ""),
        company_id=_text(values, "companyId", ""),
        account_name=_text(values, "accountName", before.account_name if before else ""),
        company_name=_text(values, "companyName", before.company_name if before else ""),
        cluster=_text(values, "cluster", before.cluster if before else ""),
    )


def _client(row: PlanRow, before: Client, audit: AuditInfo) -> Client:
    return Client(
        id=_text(row.values, "clientId", before.id),
        sealed_secret=row.sealed_secret or before.sealed_secret,
        secret_set_at=audit.at if row.sealed_secret else before.secret_set_at,
    )


def _instant(values: _Values, name: str) -> datetime | None:
    text = values.get(name)
    return parse_timestamp(text) if isinstance(text, str) else None
