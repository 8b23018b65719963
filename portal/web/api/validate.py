"""The machine interface: what the downstream application asks at every start."""

from collections.abc import Mapping
from datetime import datetime

import orjson
from flask import Blueprint, Response, jsonify, request

from portal import records
from portal.stores.contract import Item, NotThereError
from portal.tenants import Ids, Standing, is_id, standing_of
from portal.timestamps import to_text
from portal.web.http.context import now, settings, store

bp = Blueprint("api", __name__, url_prefix="/api")

_PARAMETERS = frozenset({"accountId", "companyId"})

#: Standing -> error, reason, and a sentence that the old client shows to people.
_ANSWERS = {
    Standing.SUSPENDED: ("INACTIVE", "SUSPENDED", "This tenant is suspended."),
    Standing.CLOSED: ("INACTIVE", None, "This tenant is not active."),
    Standing.PENDING: ("INACTIVE", "PENDING", "This tenant is waiting for approval."),
    Standing.WINDOW_MISSING: (
        "INACTIVE",
        "WINDOW_MISSING",
        "The validity of this tenant is missing. Please ask for it to be set.",
    ),
    Standing.NOT_YET_VALID: ("INACTIVE", "NOT_YET_VALID", "This tenant is not valid yet."),
    Standing.EXPIRED: ("EXPIRED", "EXPIRED", "The licence of this tenant has ended."),
}
_OPEN = frozenset({Standing.VALID, Standing.EXPIRING})
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
    except NotThereError:
        return _answer_without_tenant(ids, moment)
    return _answer(item, moment)


def _repeated() -> bool:
    # Both are there, and nothing else: a third pair is one of them again.
    return request.query_string.count(b"=") > len(_PARAMETERS)


def _answer_without_tenant(ids: Ids, moment: datetime) -> Response:
    try:
        store().get(records.claim_id(ids))
    except NotThereError:
        return _told({"isValid": False, "error": "NOT_FOUND", "message": _NOT_FOUND}, moment)
    error, reason, message = _ANSWERS[Standing.PENDING]
    told = {"isValid": False, "error": error, "reason": reason, "message": message}
    return _told(told, moment)


def _answer(item: Item, moment: datetime) -> Response:
    validity = records.validity_of(item)
    stands = standing_of(records.status_of(item), validity, moment)
    told: dict[str, object] = {"isValid": stands in _OPEN}
    if stands not in _OPEN:
        error, reason, message = _ANSWERS[stands]
        told |= {"error": error, "message": message}
        if reason:
            told["reason"] = reason
    if stands is Standing.EXPIRING:
        told["warning"] = "EXPIRING"
    if stands in _OPEN or stands is Standing.EXPIRED:
        told["tenant"] = records.public_view(item)
    if validity.valid_from:
        told["validFrom"] = to_text(validity.valid_from)
    if validity.valid_to:
        told["validTo"] = to_text(validity.valid_to)
    return _told(told, moment)


def _told(answer: Mapping[str, object], moment: datetime) -> Response:
    answer = {**answer, "serverTime": to_text(moment)}
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
