"""The machine interface: what the downstream application asks at every start."""

from collections.abc import Mapping
from datetime import datetime

import orjson
from flask import Blueprint, Response, jsonify, request

from portal import records
from portal.stores import Item, ItemNotFoundError
from portal.tenants import AccessStatus, Ids, access_status, is_id
from portal.timestamps import format_timestamp
from portal.web.http import now, settings, store

bp = Blueprint("api", __name__, url_prefix="/api")

_PARAMETERS = frozenset({"accountId", "companyId"})

#: AccessStatus -> error, reason, and a sentence that the old client shows to people.
_ANSWERS = {
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
_OPEN = frozenset({AccessStatus.VALID, AccessStatus.EXPIRING})
_NOT_FOUND = "This tenant is not known. Please ask for access."


@bp.get("/validate")
def validate() -> Response:
    """Whether a tenant may use the application. The main item decides, read consistently;
    only when it is not there, a claim is asked for: one read by key each."""
    given = request.args
    if not given.keys() <= _PARAMETERS:
        return _refused("unknown_parameter", "Send accountId and companyId only.")
    account_id, company_id = given.get("accountId", ""), given.get("companyId", "")
    missing = [name for name in ("accountId", "companyId") if not given.get(name)]
    if missing:
        message = f"Missing required parameters: {', '.join(missing)}"
        return _refused("missing_parameters", message)
    if not is_id(account_id) or not is_id(company_id) or _repeated():
        return _refused("invalid_id", "Send accountId and companyId as letters and digits.")
    ids = Ids(account_id=account_id, company_id=company_id)
    moment = now()
    try:
        item = store().get(ids.tenant_id)
    except ItemNotFoundError:
        return _answer_without_tenant(ids, moment)
    return _answer(item, moment)


def _repeated() -> bool:
    # Both are there, and nothing else: a third pair is one of them again.
    return request.query_string.count(b"=") > len(_PARAMETERS)


def _answer_without_tenant(ids: Ids, moment: datetime) -> Response:
    try:
        store().get(records.claim_id(ids))
    except ItemNotFoundError:
        return _json({"isValid": False, "error": "NOT_FOUND", "message": _NOT_FOUND}, moment)
    error, reason, message = _ANSWERS[AccessStatus.PENDING]
    told = {"isValid": False, "error": error, "reason": reason, "message": message}
    return _json(told, moment)


def _answer(item: Item, moment: datetime) -> Response:
    validity = records.validity_of(item)
    stands = access_status(records.status_of(item), validity, moment)
    told: dict[str, object] = {"isValid": stands in _OPEN}
    if stands not in _OPEN:
        error, reason, message = _ANSWERS[stands]
        told |= {"error": error, "message": message}
        if reason:
            told["reason"] = reason
    if stands is AccessStatus.EXPIRING:
        told["warning"] = "EXPIRING"
    if stands in _OPEN or stands is AccessStatus.EXPIRED:
        told["tenant"] = records.public_view(item)
    if validity.valid_from:
        told["validFrom"] = format_timestamp(validity.valid_from)
    if validity.valid_to:
        told["validTo"] = format_timestamp(validity.valid_to)
    return _json(told, moment)


def _json(answer: Mapping[str, object], moment: datetime) -> Response:
    answer = {**answer, "serverTime": format_timestamp(moment)}
    return Response(orjson.dumps(answer), content_type="application/json")


def _refused(error: str, message: str) -> Response:
    answer = jsonify(error=error, message=message)
    answer.status_code = 400
    return answer


@bp.after_request
def allow_origins(answer: Response) -> Response:
    """CORS: the origins that were set, and no others."""
    allowed = settings().api_allowed_origins
    if not allowed:
        return answer
    answer.headers.add("Vary", "Origin")
    origin = request.headers.get("Origin", "")
    if origin in allowed:
        answer.headers["Access-Control-Allow-Origin"] = origin
        if request.method == "OPTIONS":
            answer.headers["Access-Control-Allow-Methods"] = "GET, OPTIONS"
            # Only for the sake of a header does a browser ask before a GET at all.
            answer.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
            answer.headers["Access-Control-Max-Age"] = "600"
    return answer
