"""`GET` and `PUT /api/tenant/<tenantId>`: one tenant, for a program with a token."""

from flask import Response, request
from msgspec import UNSET

from portal import onboarding, records
from portal.onboarding import StaleError, TenantChanges, UnknownTenantError
from portal.stores import Item
from portal.tenants import (
    BackwardWindowError,
    NotAllowedError,
    Status,
    Tenant,
    Verb,
)
from portal.web.api import fields
from portal.web.api.arguments import Parameters
from portal.web.api.json_body import read_body, refused_field
from portal.web.api.models import TenantChange
from portal.web.api.responses import tenant_answer
from portal.web.api.tenant_view import etag_of
from portal.web.api.validate import bp
from portal.web.http import audit_of_token, json_error, note_saved, store

NO_PARAMETERS = Parameters()
#: Longer texts, and texts that do not print, are no tenant's id, not of an old record either.
_MAX_ID_LENGTH = 200

_REFUSED = {
    Verb.SUSPEND: "Only an active tenant can be suspended.",
    Verb.REINSTATE: "Only a suspended tenant can be reinstated.",
    Verb.SET_VALIDITY: "Only an active or suspended tenant has a validity to set.",
    Verb.SET_CLIENT: "Only an active or suspended tenant has an OAuth client to set.",
    Verb.EDIT_NAMES: "Only an active or suspended tenant with ids has names and a cluster to set.",
    Verb.EDIT_CONTACT: "The contact of a closed sign-up cannot be changed.",
}


@bp.get("/tenant/<tenant_id>")
def tenant(tenant_id: str) -> Response:
    """The pending id of a sign-up that was activated leads to its tenant."""
    NO_PARAMETERS.read(request.environ.get("QUERY_STRING", ""))
    try:
        found, item = find_tenant(tenant_id)
    except UnknownTenantError:
        return unknown_tenant()
    return tenant_answer(item, found)


def find_tenant(tenant_id: str) -> tuple[Tenant, Item]:
    """The tenant and its item.

    Raises:
        UnknownTenantError: No tenant has this id.
    """
    if len(tenant_id) > _MAX_ID_LENGTH or not tenant_id.isprintable():
        raise UnknownTenantError(tenant_id)
    loaded = onboarding.load(store(), tenant_id)
    if records.is_final_id(tenant_id) and loaded.tenant.id != tenant_id:
        # The tenant has got other ids: programs look it up by these.
        raise UnknownTenantError(tenant_id)
    return loaded.tenant, loaded.item


def unknown_tenant() -> Response:
    return json_error(404, "not_found", "No tenant has this id.")


@bp.put("/tenant/<tenant_id>")
def change_tenant(tenant_id: str) -> Response:
    """With `If-Match`, only if the tenant is still the one that the program has read. Without it,
    a change of somebody else that comes in between is kept."""
    NO_PARAMETERS.read(request.environ.get("QUERY_STRING", ""))
    changes = _changes(read_body(TenantChange))
    try:
        # Before anything else: whether there is such a tenant.
        find_tenant(tenant_id)
        _, is_changed = onboarding.change_tenant(
            store(), tenant_id, changes, audit=audit_of_token(), is_expected=_is_expected
        )
        note_saved()
        found, item = find_tenant(tenant_id)
    except UnknownTenantError:
        return unknown_tenant()
    except StaleError:
        return _stale(tenant_id)
    except NotAllowedError as refused:
        return _conflict(tenant_id, 409, "conflict", _refusal(refused))
    except BackwardWindowError as error:
        if changes.valid_from and changes.valid_to:
            raise refused_field("validTo", "The end must not be before the start.") from error
        message = "The licence would end before it starts. Send both validFrom and validTo."
        return _conflict(tenant_id, 409, "conflict", message)
    message = "The tenant is changed." if is_changed else "Nothing has changed."
    return tenant_answer(item, found, success=True, message=message)


def _is_expected(item: Item) -> bool:
    return "If-Match" not in request.headers or request.if_match.contains(etag_of(item))


def _changes(body: TenantChange) -> TenantChanges:
    """What is asked for, read.

    Raises:
        RefusedBodyError: A value cannot be.
    """
    contact = {
        name: text
        for name, text in (
            ("contactCompanyName", body.contact_company_name),
            ("contactFullName", body.contact_full_name),
            ("contactEmailAddress", body.contact_email_address),
            ("contactPhone", body.contact_phone),
        )
        if text is not UNSET
    }
    names: dict[str, str] = {}
    if body.account_name is not UNSET:
        names["account_name"] = fields.name_of("accountName", body.account_name)
    if body.company_name is not UNSET:
        names["company_name"] = fields.name_of("companyName", body.company_name)
    if body.cluster is not UNSET:
        names["cluster"] = fields.cluster_of("cluster", body.cluster)
    return TenantChanges(
        contact=fields.contact_of(contact),
        names=names,
        client_id=None if body.client_id is UNSET else fields.name_of("clientId", body.client_id),
        valid_from=None
        if body.valid_from is UNSET
        else fields.instant_of("validFrom", body.valid_from),
        valid_to=None if body.valid_to is UNSET else fields.instant_of("validTo", body.valid_to),
        is_active=None if body.is_active is UNSET else body.is_active,
    )


def _refusal(refused: NotAllowedError) -> str:
    if refused.verb in (Verb.SUSPEND, Verb.REINSTATE) and refused.status is Status.PENDING:
        return "This sign-up is waiting for approval. Only staff can activate it."
    return _REFUSED[refused.verb]


def _stale(tenant_id: str) -> Response:
    if "If-Match" in request.headers:
        message = (
            "The tenant has changed since it was read. Nothing was saved. This is the tenant now:"
            " send the change again with its ETag if it is still wanted."
        )
        return _conflict(tenant_id, 412, "precondition_failed", message)
    message = "This sign-up has another id now. Nothing was saved. Send the change to that id."
    return _conflict(tenant_id, 409, "conflict", message)


def _conflict(tenant_id: str, status: int, error: str, message: str) -> Response:
    """Why nothing was saved, with the tenant as it is now."""
    try:
        found, item = find_tenant(tenant_id)
    except UnknownTenantError:
        return unknown_tenant()
    return tenant_answer(item, found, status, error=error, message=message)
