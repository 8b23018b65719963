"""`GET /api/validate`: may a tenant use the application? The downstream application asks at every
start. Also here: CORS for the whole API."""

from collections.abc import Mapping
from datetime import datetime

import orjson
from flask import Blueprint, Response, request

from portal import records
from portal.stores import Item, ItemNotFoundError
from portal.tenants import AccessStatus, Ids, access_status, is_id
from portal.timestamps import format_timestamp
from portal.web.http import json_error, now, settings, store

bp = Blueprint("api", __name__, url_prefix="/api")

_PARAMETERS = frozenset({"accountId", "companyId"})

#: AccessStatus -> error, reason, and a message that the old client shows to people.
_REFUSALS = {
    AccessStatus.SUSPENDED: ("INACTIVE", "SUSPENDED", "This tenant is suspended."),
    AccessStatus.CLOSED: ("INACTIVE", None, "This tenant is not active."),
    AccessStatus.PENDING: ("INACTIVE", "PENDING", "This tenant is waiting for approval."),
    AccessStatus.WINDOW_MISSING: (
        "INACTIVE",
        "WINDOW_MISSING",
        "The validity of this tenant is missing. Please ask for it to be set.",
    ),
    AccessStatus.NOT_YET_VALID: ("INACTIVE", "NOT_YET_VALID", "This tenant is not valid yet."),
    AccessStatus.EXPIRED: ("EXPIRED", "EXPIRED", "The licence of this tenant has ended."),
}
_MAY_USE = frozenset({AccessStatus.VALID, AccessStatus.EXPIRING})
_NOT_FOUND = "This tenant is not known. Please ask for access."


@bp.get("/validate")
def validate() -> Response:
    """One consistent read of the tenant by its key. Only if there is none, a second one: whether a
    sign-up claims these ids."""
    args = request.args
    if not args.keys() <= _PARAMETERS:
        return json_error(400, "unknown_parameter", "Send accountId and companyId only.")
    account_id, company_id = args.get("accountId", ""), args.get("companyId", "")
    missing = [name for name in ("accountId", "companyId") if not args.get(name)]
    if missing:
        message = f"Missing required parameters: {', '.join(missing)}"
        return json_error(400, "missing_parameters", message)
    if not is_id(account_id) or not is_id(company_id) or _is_repeated():
        return json_error(400, "invalid_id", "Send accountId and companyId as letters and digits.")
    ids = Ids(account_id=account_id, company_id=company_id)
    server_time = now()
    try:
        item = store().get(ids.tenant_id)
    except ItemNotFoundError:
        return _response_without_tenant(ids, server_time)
    return _response_of_tenant(item, server_time)


def _is_repeated() -> bool:
    """Whether a parameter was sent twice. Both are there and no others, so a third `=` shows it."""
    return request.query_string.count(b"=") > len(_PARAMETERS)


def _response_without_tenant(ids: Ids, server_time: datetime) -> Response:
    try:
        store().get(records.claim_id(ids))
    except ItemNotFoundError:
        return _json({"isValid": False, "error": "NOT_FOUND", "message": _NOT_FOUND}, server_time)
    error, reason, message = _REFUSALS[AccessStatus.PENDING]
    body = {"isValid": False, "error": error, "reason": reason, "message": message}
    return _json(body, server_time)


def _response_of_tenant(item: Item, server_time: datetime) -> Response:
    validity = records.validity_of(item)
    access = access_status(records.status_of(item), validity, server_time)
    body: dict[str, object] = {"isValid": access in _MAY_USE}
    if access not in _MAY_USE:
        error, reason, message = _REFUSALS[access]
        body |= {"error": error, "message": message}
        if reason:
            body["reason"] = reason
    if access is AccessStatus.EXPIRING:
        body["warning"] = "EXPIRING"
    if access in _MAY_USE or access is AccessStatus.EXPIRED:
        body["tenant"] = records.public_view(item)
    if validity.valid_from:
        body["validFrom"] = format_timestamp(validity.valid_from)
    if validity.valid_to:
        body["validTo"] = format_timestamp(validity.valid_to)
    return _json(body, server_time)


def _json(body: Mapping[str, object], server_time: datetime) -> Response:
    body = {**body, "serverTime": format_timestamp(server_time)}
    return Response(orjson.dumps(body), content_type="application/json")


@bp.after_request
def add_cors_headers(response: Response) -> Response:
    """CORS: only for the origins in the settings."""
    allowed = settings().api_allowed_origins
    if not allowed:
        return response
    response.headers.add("Vary", "Origin")
    origin = request.headers.get("Origin", "")
    if origin in allowed:
        response.headers["Access-Control-Allow-Origin"] = origin
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Methods"] = "GET, OPTIONS"
            # A browser asks before a GET only if the GET has such a header.
            response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
            response.headers["Access-Control-Max-Age"] = "600"
    return response
