"""Who may enter which route. One table says so; a route that is not in it is closed."""

import re
from typing import Final, Literal
from urllib.parse import quote

from flask import Response, g, redirect, request, url_for
from werkzeug.exceptions import Forbidden

from portal.auth import (
    NotSignedInError,
    Person,
    Role,
    Scope,
    SecurityAct,
    claim_check,
    end_session,
    keep_to_account,
    use_session,
)
from portal.oidc import ProviderError, ProviderProblem
from portal.stores import ItemNotFoundError
from portal.web.http.api_token_auth import authorize_token, refuse_key_in_url
from portal.web.http.context import (
    now,
    request_context,
    services,
    settings,
    source,
    store,
    this_request,
)
from portal.web.http.htmx import asked_by_htmx
from portal.web.http.signed_links import safe_next

ANYONE: Final = "anyone"
#: Anyone, too; and the view tells more to a program with a token.
OPEN_CALL: Final = "open call"

#: Endpoint -> who may enter. tests/web/http/test_access.py compares this with the URL map.
ROUTE_ACCESS: dict[str, Role | Scope | Literal["anyone", "open call"]] = {
    "static": ANYONE,
    "health": ANYONE,
    "health_live": ANYONE,
    "health_ready": ANYONE,
    "metrics": ANYONE,
    "site.choose_language": ANYONE,
    "site.robots": ANYONE,
    "site.security_contact": ANYONE,
    "site.favicon": ANYONE,
    "customer.index": ANYONE,
    "customer.sign_up": ANYONE,
    "customer.check_field": ANYONE,
    "customer.challenge": ANYONE,
    "lost_link.ask": ANYONE,
    "status.show": ANYONE,
    "status.change": ANYONE,
    "status.withdraw": ANYONE,
    "address.confirm": ANYONE,
    "address.send_link": ANYONE,
    "reminders.end": ANYONE,
    "question.answer": ANYONE,
    "status.end_link": ANYONE,
    "follow_up.ask_again": ANYONE,
    "refusal.show": ANYONE,
    "shell.page": ANYONE,
    "shell.sign_up": ANYONE,
    "shell.state": ANYONE,
    "shell.app_config": ANYONE,
    "api.validate": OPEN_CALL,
    "api.appointments": ANYONE,
    "api.appointment": ANYONE,
    "api.new_tenant": OPEN_CALL,
    "api.tenant": Scope.TENANTS_READ,
    "api.change_tenant": Scope.TENANTS_WRITE,
    "api.tenants": Scope.TENANTS_READ,
    "api.events": Scope.TENANTS_READ,
    # Who reports shows it by a signature.
    "api.ses_report": ANYONE,
    "api.imports": Scope.IMPORTS_WRITE,
    "api.undo_import": Scope.IMPORTS_WRITE,
    "openapi.openapi": ANYONE,
    "openapi.page": ANYONE,
    "staff.sign_in": ANYONE,
    "staff.use_link": ANYONE,
    "staff.cut_link": ANYONE,
    "staff.begin_at_provider": ANYONE,
    "staff.back_from_provider": ANYONE,
    "staff.sign_out": ANYONE,
    "staff.session": Role.VIEWER,
    "staff.me": Role.VIEWER,
    "staff.home": Role.VIEWER,
    "staff.tenants": Role.VIEWER,
    "staff.tenant": Role.VIEWER,
    "staff.proofs": Role.VIEWER,
    # Of the person who asks, so everybody may.
    "staff.views": Role.VIEWER,
    "staff.save_view": Role.VIEWER,
    "staff.rename_view": Role.VIEWER,
    "staff.remove_view": Role.VIEWER,
    # Personal details leave the portal with it.
    "staff.tenants_csv": Role.APPROVER,
    "staff.report": Role.ADMIN,
    "staff.report_csv": Role.ADMIN,
    "staff.presence": Role.VIEWER,
    "staff.doubtful": Role.APPROVER,
    "staff.clear_doubtful": Role.APPROVER,
    "staff.security": Role.ADMIN,
    "staff.people": Role.ADMIN,
    "staff.person": Role.ADMIN,
    "staff.change_role": Role.ADMIN,
    "staff.end_access": Role.ADMIN,
    "staff.give_access": Role.ADMIN,
    "staff.end_session": Role.ADMIN,
    "staff.background": Role.ADMIN,
    "staff.tokens": Role.ADMIN,
    "staff.revoke_token": Role.ADMIN,
    "staff.webhooks": Role.ADMIN,
    "staff.webhook": Role.ADMIN,
    "staff.webhook_on": Role.ADMIN,
    "staff.webhook_off": Role.ADMIN,
    "staff.webhook_rotate": Role.ADMIN,
    "staff.webhook_end_secret": Role.ADMIN,
    "staff.webhook_secret": Role.ADMIN,
    "staff.webhook_test": Role.ADMIN,
    "staff.webhook_replay": Role.ADMIN,
    "staff.webhook_replay_all": Role.ADMIN,
    "staff.webhook_remove": Role.ADMIN,
    "decisions.undo": Role.APPROVER,
    "decisions.undo_renew": Role.APPROVER,
    "decisions.note": Role.APPROVER,
    "decisions.assign": Role.APPROVER,
    "decisions.send_again": Role.APPROVER,
    "imports.index": Role.ADMIN,
    "imports.show": Role.ADMIN,
    "imports.apply": Role.ADMIN,
    "imports.discard": Role.ADMIN,
    "imports.undo": Role.ADMIN,
    "imports.report_csv": Role.ADMIN,
    "imports.report_json": Role.ADMIN,
}

#: The header of a request that a page makes by itself: static/session.js adds it. Nobody uses the
#: session by it.
AUTOMATIC = "Portal-Automatic"
#: What a provider says when it does not vouch for somebody any more. All else is its own trouble.
_ENDED = (ProviderProblem.ENDED, ProviderProblem.USERINFO, ProviderProblem.EMAIL_NOT_VERIFIED)
SESSION_TOKEN = "sid"  # noqa: S105 - a name, not a token


def allow(endpoint: str, role: Role) -> None:
    """Adds a route whose table says who may enter: the verbs of staff. Once, as it is defined."""
    if endpoint in ROUTE_ACCESS:
        raise ValueError(f"{endpoint} is in the table already")
    ROUTE_ACCESS[endpoint] = role


def is_api(endpoint: str | None) -> bool:
    """Whether programs call it. They send no forms and have none of our cookies."""
    return endpoint is not None and endpoint.startswith("api.")


def is_api_path(path: str) -> bool:
    """Whether this is an address of the API, also one that there is not: its errors are JSON."""
    return path == "/api" or path.startswith("/api/")


def is_staff_route(endpoint: str | None) -> bool:
    return endpoint is not None and isinstance(ROUTE_ACCESS.get(endpoint), Role)


def authorize() -> Response | None:
    """Let in those whom the table names, and send others to sign in.

    Returns:
        A response that sends to the sign-in page, or None: may enter.

    Raises:
        Forbidden: The role is too low, or the route is not in the table.
        RefusedTokenError: The API token is missing, wrong, for something else, or in the address.
    """
    asked = this_request()
    endpoint = asked.endpoint
    if endpoint is None:
        # No such page, or not by this method. The error page shows staff their usual header.
        if asked.path.startswith("/staff/"):
            g.person = _signed_in()
        return None
    entry = ROUTE_ACCESS.get(endpoint)
    if entry == ANYONE:
        return None
    if entry is None:
        raise Forbidden("no entry")
    is_automatic = getattr(asked.url_rule, "provide_automatic_options", False)
    if asked.method == "OPTIONS" and is_automatic:
        # Says which methods there are, and no view runs. A browser asks so before it sends a token.
        return None
    if entry == OPEN_CALL:
        # Before a view reads the arguments: its answer must not be about anything else.
        refuse_key_in_url()
        return None
    if isinstance(entry, Scope):
        authorize_token(entry)
        return None
    user = g.person = _signed_in()
    if user is None:
        return _send_to_sign_in()
    if user.role < entry:
        refusals = services().refusals
        refusals.of_known(store(), SecurityAct.ROLE_REFUSED, source(), now(), _route())
        # The error page says to a viewer that they may look, see errors.py: but not on pages that
        # only administrators may open at all.
        may_view = user.role is Role.VIEWER and entry is Role.APPROVER
        raise Forbidden("view" if may_view else "role")
    return None


def _route() -> str:
    """`POST /staff/tenants/…/activate`: the method, and the address without what differs."""
    return f"{request.method} {re.sub('<[^>]*>', '…', str(request.url_rule))}"


def _signed_in() -> Person | None:
    asked = request_context()
    token = asked.session.get(SESSION_TOKEN)
    if not isinstance(token, str):
        return None
    is_automatic = asked.request.headers.get(AUTOMATIC) == "true"
    try:
        used = use_session(store(), token, now(), is_automatic=is_automatic)
        if used.is_to_be_checked:
            _check_role(token)
    except (NotSignedInError, ItemNotFoundError):
        return None
    g.session = used
    return used.person


def _check_role(token: str) -> None:
    """Ask the provider, once a minute for each session, whether the person still has the role.
    While it does not answer, the session goes on.

    Raises:
        NotSignedInError: It has ended.
        ItemNotFoundError: It has ended just now.
    """
    provider = services().provider
    access = claim_check(store(), token, now()) if provider else None
    if provider is None or access is None:
        return
    try:
        keep_to_account(store(), provider.ask_again(access), now())
    except ProviderError as error:
        refusals = services().refusals
        refusals.of_stranger(
            SecurityAct.PROVIDER_REFUSED, source(), problem=error.problem.value, detail=error.detail
        )
        if error.problem in _ENDED:
            end_session(store(), token, now(), source())
            raise NotSignedInError from error


def _send_to_sign_in() -> Response:
    url = url_for("staff.sign_in", next=next_page(_return_to()) or None)
    if asked_by_htmx():
        return Response(status=401, headers={"HX-Redirect": url})
    response = redirect(url, 303)
    assert isinstance(response, Response)  # noqa: S101 - werkzeug's annotation is wider
    return response


def _return_to() -> str:
    """The address to open after the sign-in: this one, or the page from which a form was sent."""
    if request.method in ("GET", "HEAD"):
        query = request.query_string.decode("ascii", "replace")
        return own_address() + (f"?{query}" if query else "")
    return referring_page()


def own_address() -> str:
    """The path of this request as a link has it: with the prefix of the portal."""
    return request.script_root + quote(request.path)


def next_page(target: str, default: str = "") -> str:
    """`target` if it is an address of this portal, below its own path; else `default`."""
    return safe_next(target, default, request.script_root)


def referring_page() -> str:
    """The page of ours from which the request was sent, as path and query; empty if unknown."""
    page = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    # Behind a proxy that is not counted, the request looks like http though the page is https.
    for root in (request.host_url, f"{settings().origin}/"):
        if page.startswith(root):
            return f"/{page.removeprefix(root)}".partition("#")[0]
    return ""
