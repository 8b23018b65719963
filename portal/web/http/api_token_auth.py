"""API tokens: `Authorization: Bearer …`. A token that is sent anywhere else is refused."""

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

#: Query parameters that other APIs use for keys.
_KEY_PARAMETERS = frozenset({"key", "api_key", "apikey", "token", "access_token", "authorization"})


def authorize_token(scope: Scope) -> Response | None:
    """The response that refuses a call without a valid token for `scope`; None: it may enter."""
    if _key_in_url():
        return json_error(
            400, "key_in_url", "Send the token in the Authorization header, never in the address."
            " Revoke this one: addresses are logged in many places."
        )  # fmt: skip
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    try:
        g.token = verify_token(store(), text.strip() if kind.lower() == "bearer" else "", now())
    except InvalidTokenError:
        response = json_error(
            401, "unauthorized", "Send a valid token: Authorization: Bearer <token>."
        )
        response.headers["WWW-Authenticate"] = "Bearer"
        return response
    if scope.value not in g.token.scopes:
        return json_error(403, "forbidden", f"This token is not for {scope.value}.")
    return _count_call(g.token)


def _count_call(token: Token) -> Response | None:
    try:
        rate_limit = count_call(store(), token.kid, now())
    except RateLimitError as error:
        seconds = _seconds_until_reset(error.allowance)
        minutes = ceil(seconds / 60)
        wait = "1 minute" if minutes == 1 else f"{minutes} minutes"
        response = json_error(429, "too_many_requests", f"Too many requests. Try again in {wait}.")
        response.headers["Retry-After"] = str(seconds)
        return _add_rate_limit_headers(response, error.allowance)
    after_this_request(lambda response: _add_rate_limit_headers(response, rate_limit))
    return None


def _add_rate_limit_headers(response: Response, rate_limit: RateLimitStatus) -> Response:
    """As draft-ietf-httpapi-ratelimit-headers-09 defines them."""
    response.headers["RateLimit-Policy"] = f'"hour";q={rate_limit.per_hour};w=3600'
    seconds = _seconds_until_reset(rate_limit)
    response.headers["RateLimit"] = f'"hour";r={rate_limit.left};t={seconds}'
    return response


def _seconds_until_reset(rate_limit: RateLimitStatus) -> int:
    return ceil((rate_limit.again_at - now()).total_seconds())


def audit_of_token() -> AuditInfo:
    """For a change by the program that the token belongs to."""
    token = cast(Token, g.token)
    return AuditInfo(
        by=f"{token.name} (token)",
        who=f"token-{token.kid}",
        at=now(),
        request_id=logs.request_id.get(),
    )


def json_error(code: int, error: str, message: str) -> Response:
    response = jsonify(error=error, message=message)
    response.status_code = code
    return response


def _key_in_url() -> bool:
    return any(
        name.lower() in _KEY_PARAMETERS or TOKEN_PATTERN.search(name) or TOKEN_PATTERN.search(value)
        for name, value in request.args.items(multi=True)
    )
