"""`GET /api/validate`: may a tenant use the application? The downstream application asks at every
start."""

from flask import Blueprint, Response, current_app, request

from portal.auth import Scope
from portal.web.api.validate_answer import ids_asked_for
from portal.web.api.validation import Validation, items_asked_for
from portal.web.http import authorize_open_call, client_network, now

bp = Blueprint("api", __name__, url_prefix="/api")

#: In the environment of a request: the error of what stands in front of Flask and asked before.
ERROR = "portal.validate_error"


@bp.get("/validate")
def validate() -> Response:
    ids = ids_asked_for(request.environ.get("QUERY_STRING", ""))
    error = request.environ.get(ERROR)
    if isinstance(error, Exception):
        # Nobody waits a second time for a store that does not answer.
        raise error
    validation: Validation = current_app.extensions["portal.validation"]
    items = None if ids is None else items_asked_for(ids)
    is_whole = authorize_open_call(Scope.TENANTS_READ) is not None
    answer = validation.answer(items, now(), client_network, is_whole=is_whole)
    headers = [("Content-Type", "application/json"), *answer.headers]
    return Response(answer.body, answer.status, headers)
