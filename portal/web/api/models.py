"""The requests and answers of the API as models. msgspec checks requests by them, and makes the
schemas of the OpenAPI document of them.

A model knows types and lengths. What a text means is read by the readers that forms use, see
`fields`.
"""

from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from portal.contact_fields import EMAIL_LENGTH, PHONE_LENGTH
from portal.contact_readers import NAME_LENGTH
from portal.tenants import CLUSTER_LENGTH, SECRET_LENGTH, AccessStatus, Gap, Status


def _text(description: str, *, most: int, least: int = 0, **schema: Any) -> Meta:
    return Meta(
        description=description,
        min_length=least or None,
        max_length=most,
        extra_json_schema=schema or None,
    )


# ---- Texts of requests

#: The longest cluster that is read: people paste the address of a page.
_PASTED_LENGTH: Final = 400
_INSTANT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d([.,]\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)$"
_HOST = r"[A-Za-z0-9-]{1,20}"
_CLUSTER = rf"^\s*({_HOST}|([Hh][Tt][Tt][Pp][Ss]?://)?{_HOST}\.[Ff][Ss][Mm]\.[Cc][Ll][Oo][Uu][Dd]\.[Ss][Aa][Pp]([/?#].*)?)\s*$"

NewId = Annotated[
    str, _text("1 to 40 letters and digits.", most=40, least=1, pattern="^[A-Za-z0-9]{1,40}$")
]
Name = Annotated[str, _text("One line of text.", most=NAME_LENGTH, format="line")]
RequiredName = Annotated[
    str, _text("One line of text, with a visible character.", most=NAME_LENGTH, least=1,
               format="line")
]  # fmt: skip
Email = Annotated[str, _text("One plain address.", most=EMAIL_LENGTH, least=1, format="email")]
Phone = Annotated[
    str,
    _text(
        "With the country code. A number without one is kept as it is.",
        most=PHONE_LENGTH,
        format="phone",
    ),
]
ClusterText = Annotated[
    str,
    _text(
        "A host label, like `eu`, or a host that begins with one, like `eu.fsm.cloud.sap`: of that,"
        " the label is kept.",
        most=_PASTED_LENGTH,
        least=1,
        pattern=_CLUSTER,
    ),
]
SecretText = Annotated[
    str,
    _text(
        "Sealed at once, and in no answer.",
        most=SECRET_LENGTH,
        least=1,
        format="secret",
        writeOnly=True,
    ),
]
InstantText = Annotated[
    str,
    _text(
        "ISO 8601 with date, time and offset, like `2027-12-31T22:59:59.999Z`.",
        most=40,
        format="date-time",
        pattern=_INSTANT,
    ),
]


class NewTenant(Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """What the application sends when its user asks for access."""

    account_id: NewId
    company_id: NewId
    account_name: RequiredName
    company_name: RequiredName
    cluster: ClusterText
    contact_company_name: RequiredName
    contact_full_name: RequiredName
    contact_email_address: Email
    client_id: RequiredName
    client_secret: SecretText
    contact_phone: Phone | None = None
    valid_from: Annotated[Any, Meta(description="Ignored: only staff give a licence.")] = None
    valid_to: Annotated[Any, Meta(description="Ignored: only staff give a licence.")] = None
    is_active: Annotated[Any, Meta(description="Ignored: only staff give a licence.")] = None


class TenantChange(Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """The fields that change. A field that is not sent stays as it is."""

    account_name: Name | UnsetType = UNSET
    company_name: Name | UnsetType = UNSET
    cluster: ClusterText | UnsetType = UNSET
    contact_company_name: RequiredName | UnsetType = UNSET
    contact_full_name: RequiredName | UnsetType = UNSET
    contact_email_address: Email | UnsetType = UNSET
    contact_phone: Phone | UnsetType = UNSET
    client_id: Name | UnsetType = UNSET
    valid_from: InstantText | UnsetType = UNSET
    valid_to: InstantText | UnsetType = UNSET
    is_active: (
        Annotated[bool, Meta(description="`false` suspends, `true` reinstates.")] | UnsetType
    ) = UNSET


# ---- Answers

Instant = Annotated[
    str,
    Meta(
        description="UTC, with milliseconds.",
        extra_json_schema={"format": "date-time"},
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
    ),
]
Cluster = Annotated[
    str,
    Meta(
        description="A host label; empty if the tenant has none.",
        pattern=rf"^[a-z0-9-]{{0,{CLUSTER_LENGTH}}}$",
    ),
]
Incomplete = Annotated[list[Gap], Meta(description="What the record of the old application lacks.")]
Personal = Annotated[str, Meta(description="Empty without a token.")]


class PublicTenant(Struct, rename="camel", kw_only=True):
    """A tenant as anybody may read it. The personal fields are always there, and empty."""

    tenant_id: str
    account_id: str
    account_name: Annotated[str, Meta(description="The id where the name is missing.")]
    company_id: str
    company_name: Annotated[str, Meta(description="The id where the name is missing.")]
    cluster: Cluster
    client_id: (
        Annotated[str, Meta(description="Of the OAuth client; left out if there is none.")]
        | UnsetType
    ) = UNSET
    is_active: bool
    contact_company_name: str
    contact_full_name: Personal
    contact_email_address: Personal
    contact_phone: Personal
    valid_from: Instant | UnsetType = UNSET
    valid_to: Instant | UnsetType = UNSET


class Tenant(PublicTenant, rename="camel", kw_only=True):
    """A tenant as a program with a token reads it: whole, but for its secret."""

    status: Status
    access: Annotated[AccessStatus, Meta(description="Whether it has access now, and why.")]
    contact_phone_extension: str | UnsetType = UNSET
    incomplete: Incomplete | UnsetType = UNSET
    personal_data_erased: (
        Annotated[bool, Meta(description="Whether retention has erased them; left out if not.")]
        | UnsetType
    ) = UNSET
    erased_at: (
        Annotated[Instant, Meta(description="Of a tenant whose licence had ended.")] | UnsetType
    ) = UNSET
    reason: Annotated[str, Meta(description="Why it is suspended or rejected.")] | UnsetType = UNSET
    created_at: Instant | UnsetType = UNSET
    updated_at: Instant | UnsetType = UNSET
    pending_id: Annotated[str, Meta(description="Its id before it was activated.")] | UnsetType = (
        UNSET
    )


class TenantAnswer(Struct):
    """One tenant."""

    tenant: Tenant


class SignUpAnswer(Struct):
    """The sign-up that was made."""

    success: bool
    tenant: PublicTenant
    message: str


class ChangeAnswer(Struct):
    """The tenant after the change."""

    success: bool
    tenant: Tenant
    message: str


class TenantRow(Struct, rename="camel", kw_only=True):
    """A tenant in a list: no person's details. `GET /api/tenant/{tenantId}` has all."""

    tenant_id: str
    status: Status
    access: AccessStatus
    is_active: bool
    account_id: str
    company_id: str
    contact_company_name: str
    incomplete: Incomplete | UnsetType = UNSET
    personal_data_erased: (
        Annotated[bool, Meta(description="As there, of a tenant whose licence had ended.")]
        | UnsetType
    ) = UNSET
    valid_from: Instant | UnsetType = UNSET
    valid_to: Instant | UnsetType = UNSET
    created_at: Instant | UnsetType = UNSET
    changed_at: Annotated[
        Instant | UnsetType, Meta(description="The latest decision of staff or a program.")
    ] = UNSET


class TenantPage(Struct, rename="camel"):
    """Some tenants. Without `nextCursor` they are the last."""

    tenants: list[TenantRow]
    next_cursor: str | UnsetType = UNSET


class FieldChange(Struct):
    """What a change did to one field. `old` and `new` are left out where they are personal or
    secret."""

    field: str
    old: str | UnsetType = UNSET
    new: str | UnsetType = UNSET


class Event(Struct, rename="camel", kw_only=True):
    """One change of a tenant."""

    at: Instant | UnsetType = UNSET
    by: Annotated[str, Meta(description="A member of staff, a token, or `customer`.")]
    verb: str
    changes: list[FieldChange]
    reason: str | UnsetType = UNSET
    request_id: str | UnsetType = UNSET


class EventPage(Struct, rename="camel"):
    """Some changes, the newest first. Without `nextCursor` they are the last."""

    events: list[Event]
    next_cursor: str | UnsetType = UNSET


class Refusal(StrEnum):
    """Why a tenant may not use the application, in the words of the old service."""

    NOT_FOUND = "NOT_FOUND"
    INACTIVE = "INACTIVE"
    EXPIRED = "EXPIRED"


class ValidateAnswer(Struct, rename="camel", kw_only=True):
    """Whether a tenant may use the application."""

    is_valid: bool
    server_time: Instant
    error: Refusal | UnsetType = UNSET
    reason: Annotated[str, Meta(description="Why; see the table of cases.")] | UnsetType = UNSET
    message: Annotated[str, Meta(description="A sentence for people.")] | UnsetType = UNSET
    warning: Annotated[str, Meta(description="`EXPIRING` in the last 30 days.")] | UnsetType = UNSET
    tenant: PublicTenant | UnsetType = UNSET
    valid_from: Instant | UnsetType = UNSET
    valid_to: Instant | UnsetType = UNSET
    stale: (
        Annotated[bool, Meta(description="The store cannot be asked; this was so at `asOf`.")]
        | UnsetType
    ) = UNSET
    as_of: Instant | UnsetType = UNSET


class ErrorAnswer(Struct, rename="camel"):
    """Why nothing was done."""

    error: Annotated[str, Meta(description="Short, the same for the same reason.")]
    message: (
        Annotated[str, Meta(description="A sentence for people. It may change.")] | UnsetType
    ) = UNSET
    field: Annotated[str, Meta(description="The field that is wrong.")] | UnsetType = UNSET
    missing_fields: list[str] | UnsetType = UNSET


class ConflictAnswer(Struct):
    """Why nothing was done, and the tenant as it is."""

    error: str
    message: str
    tenant: Tenant


def field_names(model: type[Struct], *, required: bool = False) -> list[str]:
    """The names of its fields in JSON; only those that must be there, if `required`."""
    fields = msgspec.structs.fields(model)
    return [each.encode_name for each in fields if each.required or not required]
