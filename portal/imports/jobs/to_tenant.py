"""A row as the tenant that it becomes."""

from collections.abc import Mapping
from datetime import datetime

from portal.imports.model import PlanRow, Value
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


_NOBODY = Contact(company="", name="", email="")
_NUMBER = ("contactPhone", "contactPhoneExtension")
Values = Mapping[str, Value]


def _text(values: Values, name: str, otherwise: str) -> str:
    return str(values.get(name, otherwise))


def _contact(row: PlanRow, before: Contact) -> Contact:
    values = row.values
    has_phone = "contactPhone" in values
    return Contact(
        company=_text(values, "contactCompanyName", before.company),
        name=_text(values, "contactFullName", before.name),
        email=_text(values, "contactEmailAddress", before.email),
        phone=_text(values, "contactPhone", before.phone),
        # These belong to the number.
        phone_typed=_phone_typed(row, before.phone_typed) if has_phone else before.phone_typed,
        phone_extension=_text(values, "contactPhoneExtension", "")
        if has_phone
        else before.phone_extension,
    )


def _phone_typed(row: PlanRow, before: str) -> str:
    """It stays with a number that stays, if the file says nothing of it."""
    stays = before and not any(change.field in _NUMBER for change in row.changes)
    return _text(row.values, "contactPhoneTyped", before if stays else "")


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
        sealed_secret=row.sealed or before.sealed_secret,
        secret_set_at=audit.at if row.sealed else before.secret_set_at,
    )


def _instant(values: Values, name: str) -> datetime | None:
    text = values.get(name)
    return parse_timestamp(text) if isinstance(text, str) else None
