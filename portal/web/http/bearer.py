"""Who calls with a token: `Authorization: Bearer …`, and nowhere else."""

from math import ceil
from typing import cast

from flask import Response, after_this_request, g, jsonify, request

from portal import logs
from portal.auth import (
    TOKEN_PATTERN,
    InvalidTokenError,
    RateLimitError,
    RateLimitStatus,
    Scope,
    Token,
    count_call,
    verify_token,
)
from portal.tenants import AuditInfo
from portal.web.http.context import now, store

#: Where people put a key who have seen another interface.
_KEY_PARAMETERS = frozenset({"key", "api_key", "apikey", "token", "access_token", "authorization"})


def authorize_token(scope: Scope) -> Response | None:
    """What a call without a good token for this is answered; `None`: it may enter."""
    if _key_in_url():
        return json_error(
            400, "key_in_url", "Send the token in the Authorization header, never in the address."
            " Revoke this one: addresses are logged in many places."
        )  # fmt: skip
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    try:
        g.token = verify_token(store(), text.strip() if kind.lower() == "bearer" else "", now())
    except InvalidTokenError:
        answer = json_error(
            401, "unauthorized", "Send a valid token: Authorization: Bearer <token>."
        )
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer
    if scope.value not in g.token.scopes:
        return json_error(403, "forbidden", f"This token is not for {scope.value}.")
    return _one_call_more(g.token)


def _one_call_more(token: Token) -> Response | None:
    try:
        allowance = count_call(store(), token.kid, now())
    except RateLimitError as error:
        seconds = _seconds_until_again(error.allowance)
        minutes = ceil(seconds / 60)
        wait = "1 minute" if minutes == 1 else f"{minutes} minutes"
        answer = json_error(429, "too_many_requests", f"Too many requests. Try again in {wait}.")
        answer.headers["Retry-After"] = str(seconds)
        return _with_rate_limit_fields(answer, error.allowance)
    after_this_request(lambda answer: _with_rate_limit_fields(answer, allowance))
    return None


def _with_rate_limit_fields(answer: Response, allowance: RateLimitStatus) -> Response:
    """With the fields of draft-ietf-httpapi-ratelimit-headers-09."""
    answer.headers["RateLimit-Policy"] = f'"hour";q={allowance.per_hour};w=3600'
    seconds = _seconds_until_again(allowance)
    answer.headers["RateLimit"] = f'"hour";r={allowance.left};t={seconds}'
    return answer


def _seconds_until_again(allowance: RateLimitStatus) -> int:
    return ceil((allowance.again_at - now()).total_seconds())


def audit_of_token() -> AuditInfo:
    """A change by the program whose token it is."""
    token = cast(Token, g.token)
    return AuditInfo(
        by=f"{token.name} (token)",
        who=f"token-{token.kid}",
        at=now(),
        request_id=logs.request_id.get(),
    )


def json_error(code: int, error: str, message: str) -> Response:
    answer = jsonify(error=error, message=message)
    answer.status_code = code
    return answer


def _key_in_url() -> bool:
    return any(
        name.lower() in _KEY_PARAMETERS or TOKEN_PATTERN.search(name) or TOKEN_PATTERN.search(value)
        for name, value in request.args.items(multi=True)
    )
