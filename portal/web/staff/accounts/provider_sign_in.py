"""Sign in at a provider of OpenID Connect: the way there, and the way back.

Both are plain requests for a page. Nothing is stored before the provider has vouched for somebody:
until then the browser's session alone knows of it.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from flask import make_response, redirect, render_template, request, session
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from portal.auth import NoAccessError, SecurityAct, start_account_session
from portal.oidc import ProviderError, ProviderProblem, UnfinishedSignIn
from portal.timestamps import format_timestamp, parse_timestamp
from portal.web.http import (
    RETRY_AFTER,
    SESSION_TOKEN,
    next_page,
    now,
    services,
    settings,
    source,
    store,
    url_for,
)
from portal.web.i18n import _
from portal.web.staff.accounts.devices import device_of

if TYPE_CHECKING:
    from portal.oidc import OpenIdProvider

#: Where the session keeps what has begun.
_UNFINISHED = "oidc"
#: Several tabs. More would make the cookie too large, and then nobody could sign in any more.
_MAX_UNFINISHED = 3
#: Somebody may have to set up a second factor first.
_UNFINISHED_LIFE = timedelta(minutes=30)


def begin_at_provider() -> AnyResponse:
    """Send the browser to the provider."""
    provider = _provider()
    if "next" in request.args:
        session["next"] = next_page(request.args["next"])
    try:
        url, begun = provider.begin()
    except ProviderError as error:
        return _failed(error)
    entry = [begun.state, begun.nonce, begun.verifier, format_timestamp(now())]
    session[_UNFINISHED] = [*_unfinished(now()), entry][-_MAX_UNFINISHED:]
    return redirect(url, 303)


def back_from_provider() -> AnyResponse:
    """The browser is back, with a code or an error."""
    provider = _provider()
    entries = _unfinished(now())
    state = request.args.get("state", "")
    # Whatever comes of it, nobody comes back with the same state twice.
    session[_UNFINISHED] = [entry for entry in entries if entry[0] != state]
    unfinished = [
        UnfinishedSignIn(state=entry[0], nonce=entry[1], verifier=entry[2]) for entry in entries
    ]
    kept = timedelta(days=settings().security_log_days)
    try:
        account = provider.finish(unfinished, request.args.to_dict(flat=False), now())
        token = start_account_session(
            store(),
            account,
            now(),
            source(),
            events_kept=kept,
            device=device_of(request.user_agent.string),
        )
    except ProviderError as error:
        return _failed(error)
    except NoAccessError:
        return _no_access()
    target = next_page(session.get("next", ""), url_for("staff.home"))
    session.clear()
    session[SESSION_TOKEN] = token
    return redirect(target, 303)


def _provider() -> "OpenIdProvider":
    provider = services().provider
    if provider is None:
        raise NotFound
    return provider


def _unfinished(at: datetime) -> list[list[str]]:
    """What has begun in this browser and is not too old, the oldest first."""
    return [
        entry
        for entry in session.get(_UNFINISHED, [])
        if (begun := parse_timestamp(entry[3])) and begun <= at <= begun + _UNFINISHED_LIFE
    ]


def _failed(error: ProviderError) -> AnyResponse:
    """One page for every failure. What it was, the log says."""
    services().refusals.of_stranger(
        SecurityAct.PROVIDER_REFUSED, source(), problem=error.problem.value, detail=error.detail
    )
    is_down = error.problem in (ProviderProblem.UNREACHABLE, ProviderProblem.BUSY)
    response = _page(
        _("The sign-in did not work."),
        _("You are not signed in, and nothing was changed. Try again in a moment."),
        _("If it happens again, ask whoever runs this portal."),
        status=503 if is_down else 400,
    )
    if is_down:
        response.headers["Retry-After"] = RETRY_AFTER
    return response


def _no_access() -> AnyResponse:
    services().refusals.of_stranger(SecurityAct.PROVIDER_REFUSED, source(), problem="no_role")
    return _page(
        _("You may not use this portal."),
        _("Your organization knows you, but your account has no role in this portal."),
        _("If you need one, ask whoever runs this portal. Then sign in again."),
        status=403,
    )


def _page(heading: str, *sentences: str, status: int) -> AnyResponse:
    page = render_template(
        "staff/sign_in.html",
        heading=heading,
        sentences=sentences,
        link=(url_for("staff.begin_at_provider"), _("Try again")),
    )
    return make_response(page, status)
