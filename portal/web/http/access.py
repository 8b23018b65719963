"""Who may enter which route. One table says so; a route that is not in it is closed."""

import logging
from typing import Final, Literal

from flask import Response, g, redirect, request, session, url_for
from werkzeug.exceptions import Forbidden

from portal.auth import (
    NotSignedInError,
    Person,
    Role,
    Scope,
    person_of_session,
)
from portal.web.http.api_token_auth import authorize_token
from portal.web.http.context import now, store
from portal.web.http.htmx import asked_by_htmx

logger = logging.getLogger(__name__)

ANYONE: Final = "anyone"

#: Endpoint -> who may enter. tests/web/http/test_access.py compares this with the URL map.
ROUTE_ACCESS: dict[str, Role | Scope | Literal["anyone"]] = {
    "static": ANYONE,
    "health": ANYONE,
    "metrics": ANYONE,
    "customer.index": ANYONE,
    "customer.sign_up": ANYONE,
    "customer.check_field": ANYONE,
    "status.show": ANYONE,
    "status.change": ANYONE,
    "status.withdraw": ANYONE,
    "api.validate": ANYONE,
    "api.imports": Scope.IMPORTS_WRITE,
    "staff.sign_in": ANYONE,
    "staff.use_link": ANYONE,
    "staff.sign_out": ANYONE,
    "staff.home": Role.VIEWER,
    "staff.tenants": Role.VIEWER,
    "staff.tenant": Role.VIEWER,
    "decisions.renew": Role.APPROVER,
    "decisions.note": Role.APPROVER,
    "imports.index": Role.ADMIN,
    "imports.show": Role.ADMIN,
    "imports.apply": Role.ADMIN,
    "imports.discard": Role.ADMIN,
    "imports.report_csv": Role.ADMIN,
    "imports.report_json": Role.ADMIN,
}

SESSION_TOKEN = "sid"  # noqa: S105 - a name, not a token


def allow(endpoint: str, role: Role) -> None:
    """Adds a route whose table says who may enter: the verbs of staff. Once, as it is defined."""
    if endpoint in ROUTE_ACCESS:
        raise ValueError(f"{endpoint} is in the table already")
    ROUTE_ACCESS[endpoint] = role


def is_api(endpoint: str | None) -> bool:
    """Whether programs call it. They send no forms and have none of our cookies."""
    return endpoint is not None and endpoint.startswith("api.")


def is_staff_route(endpoint: str | None) -> bool:
    return endpoint is not None and isinstance(ROUTE_ACCESS.get(endpoint), Role)


def authorize() -> Response | None:
    """Let in those whom the table names, and send others to sign in.

    Returns:
        A response that sends to the sign-in page or refuses an API token, or None: may enter.

    Raises:
        Forbidden: The role is too low, or the route is not in the table.
    """
    endpoint = request.endpoint
    if endpoint is None:
        # No such page, or not by this method. The error page shows staff their usual header.
        if request.path.startswith("/staff/"):
            g.person = _signed_in()
        return None
    entry = ROUTE_ACCESS.get(endpoint)
    if entry == ANYONE:
        return None
    if entry is None:
        raise Forbidden("no entry")
    if isinstance(entry, Scope):
        return authorize_token(entry)
    g.person = _signed_in()
    if g.person is None:
        return _send_to_sign_in()
    if g.person.role < entry:
        logger.warning("Refused at %s: role %s.", endpoint, g.person.role.name.lower())
        # The error page says to a viewer that they may look, see errors.py.
        raise Forbidden("view" if g.person.role is Role.VIEWER else "role")
    return None


def _signed_in() -> Person | None:
    token = session.get(SESSION_TOKEN)
    if not isinstance(token, str):
        return None
    try:
        return person_of_session(store(), token, now())
    except NotSignedInError:
        return None


def _send_to_sign_in() -> Response:
    return_to = request.full_path.rstrip("?") if request.method == "GET" else None
    if asked_by_htmx():
        return Response(status=401, headers={"HX-Redirect": url_for("staff.sign_in")})
    response = redirect(url_for("staff.sign_in", next=return_to), 303)
    assert isinstance(response, Response)  # noqa: S101 - werkzeug's annotation is wider
    return response
