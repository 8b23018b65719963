"""Who calls with a token: `Authorization: Bearer …`, and nowhere else."""

from typing import cast

from flask import Response, g, jsonify, request

from portal import logs, tokens
from portal.tenants import Act
from portal.tokens import BadTokenError, Scope, Token
from portal.web.context import now, store

#: Where people put a key who have seen another interface.
_KEY_PARAMETERS = frozenset({"key", "api_key", "apikey", "token", "access_token", "authorization"})


def refusal(scope: Scope) -> Response | None:
    """What a call without a good token for this is answered; `None`: it may enter."""
    if _key_in_url():
        return refused(
            400, "key_in_url", "Send the token in the Authorization header, never in the address."
            " Revoke this one: addresses are logged in many places."
        )  # fmt: skip
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    try:
        g.token = tokens.opened(store(), text.strip() if kind.lower() == "bearer" else "", now())
    except BadTokenError:
        answer = refused(401, "unauthorized", "Send a valid token: Authorization: Bearer <token>.")
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer
    if scope.value not in g.token.scopes:
        return refused(403, "forbidden", f"This token is not for {scope.value}.")
    return None


def act() -> Act:
    """A change by the program whose token it is."""
    token = cast(Token, g.token)
    return Act(
        by=f"{token.name} (token)",
        who=f"token-{token.kid}",
        at=now(),
        request_id=logs.request_id.get(),
    )


def refused(code: int, error: str, message: str) -> Response:
    answer = jsonify(error=error, message=message)
    answer.status_code = code
    return answer


def _key_in_url() -> bool:
    return any(
        name.lower() in _KEY_PARAMETERS or tokens.TOKEN.search(name) or tokens.TOKEN.search(value)
        for name, value in request.args.items(multi=True)
    )
