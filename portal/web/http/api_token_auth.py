"""API tokens: `Authorization: Bearer …`. A token that is sent anywhere else is refused.

The challenges in `WWW-Authenticate` are those of RFC 6750, the fields about the calls that are left
those of draft-ietf-httpapi-ratelimit-headers-10.
"""

from dataclasses import replace
from math import ceil
from typing import cast

from flask import Response, after_this_request, g, jsonify, request
from werkzeug.exceptions import HTTPException

from portal import logs
from portal.auth import (
    TOKEN_PATTERN,
    InvalidTokenError,
    RateLimitError,
    RateLimitStatus,
    Scope,
    SecurityAct,
    Token,
    count_call,
    verify_token,
)
from portal.tenants import AuditInfo
from portal.timestamps import seconds_until
from portal.web.http.client_networks import client_network
from portal.web.http.context import now, services, source, store

#: Query parameters that other APIs use for keys.
_KEY_PARAMETERS = frozenset({"key", "api_key", "apikey", "token", "access_token", "authorization"})


class RefusedTokenError(HTTPException):
    """The token of this call was refused. Answered as it is."""

    def __init__(self, response: Response) -> None:
        super().__init__(response=response)
        self.code = response.status_code


def authorize_token(scope: Scope) -> None:
    """Let in a call that needs a token for `scope`, and count it.

    Raises:
        RefusedTokenError: It has none, or not such a one, or all calls of this hour are used up.
    """
    refuse_key_in_url()
    text = _sent_token()
    if text is None:
        services().refusals.of_stranger(SecurityAct.TOKEN_REFUSED, source())
        raise RefusedTokenError(_unauthorized("Bearer"))
    _let_in(text, scope)


def authorize_open_call(scope: Scope) -> Token | None:
    """For a call that everybody may make, and that tells more to a program with a token.

    Returns:
        The token, which is good and is for `scope`; None if the call has no token.

    Raises:
        RefusedTokenError: The token is wrong, or not for `scope`, or its calls are used up. Whoever
            sends one relies on it, and must not take the short answer for the whole one.
    """
    text = _sent_token()
    return None if text is None else _let_in(text, scope)


def _sent_token() -> str | None:
    """The text behind `Bearer`, which may be empty: then it is a wrong token. None if nobody sent
    one. Other schemes are not for us: a proxy in front may have asked for a password."""
    sent = request.headers.get("Authorization", "")
    kind, _, text = sent.partition(" ")
    if not kind.isascii():
        # No scheme is called so. It may be what the server makes of a header that it cannot read.
        return sent
    return text.strip() if kind.lower() == "bearer" else None


def _let_in(text: str, scope: Scope) -> Token:
    token = g.token = _verified(text)
    if scope.value not in token.scopes:
        refusals = services().refusals
        by_token = replace(source(), by=token.name, who=f"token-{token.kid}")
        refusals.of_known(store(), SecurityAct.SCOPE_REFUSED, by_token, now(), scope.value)
        response = json_error(403, "forbidden", f"This token is not for {scope.value}.")
        challenge = f'Bearer error="insufficient_scope", scope="{scope.value}"'
        response.headers["WWW-Authenticate"] = challenge
        raise RefusedTokenError(response)
    _count_call(token)
    return token


def _verified(text: str) -> Token:
    """The good token that this text is. Whoever sends many wrong ones waits, and nobody else: not
    even a program in the same network, whose token is good."""
    limit, network = services().limits.wrong_tokens, client_network()
    wait = limit.seconds_left(network, now())
    if wait and services().known_tokens.is_surely_wrong(store(), text, now()):
        raise RefusedTokenError(_too_many_wrong_tokens(wait))
    try:
        return verify_token(store(), text, now())
    except InvalidTokenError as error:
        services().refusals.of_stranger(SecurityAct.TOKEN_REFUSED, source())
        wait = limit.seconds_to_wait(network, now())
        if wait:
            raise RefusedTokenError(_too_many_wrong_tokens(wait)) from error
        raise RefusedTokenError(_unauthorized('Bearer error="invalid_token"')) from error


def _unauthorized(challenge: str) -> Response:
    response = json_error(401, "unauthorized", "Send a valid token: Authorization: Bearer <token>.")
    response.headers["WWW-Authenticate"] = challenge
    return response


def _too_many_wrong_tokens(seconds: int) -> Response:
    message = f"Too many wrong tokens from this network. Check the token. {_try_again_in(seconds)}"
    response = json_error(429, "too_many_requests", message)
    response.headers["Retry-After"] = str(seconds)
    return response


def _count_call(token: Token) -> None:
    try:
        rate_limit = count_call(store(), token.kid, now())
    except RateLimitError as error:
        seconds = _seconds_until_reset(error.allowance)
        message = f"Too many requests. {_try_again_in(seconds)}"
        response = json_error(429, "too_many_requests", message)
        response.headers["Retry-After"] = str(seconds)
        raise RefusedTokenError(_add_rate_limit_headers(response, error.allowance)) from error
    after_this_request(lambda response: _add_rate_limit_headers(response, rate_limit))


def _try_again_in(seconds: int) -> str:
    minutes = ceil(seconds / 60)
    return f"Try again in {'1 minute' if minutes == 1 else f'{minutes} minutes'}."


def _add_rate_limit_headers(response: Response, rate_limit: RateLimitStatus) -> Response:
    response.headers["RateLimit-Policy"] = f'"hour";q={rate_limit.per_hour};w=3600'
    seconds = _seconds_until_reset(rate_limit)
    response.headers["RateLimit"] = f'"hour";r={rate_limit.left};t={seconds}'
    return response


def _seconds_until_reset(rate_limit: RateLimitStatus) -> int:
    return seconds_until(rate_limit.again_at, now())


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


def refuse_key_in_url() -> None:
    """Refuse an address that holds a token, or anything under the name of a key.

    Raises:
        RefusedTokenError: It does.
    """
    for name, value in request.args.items(multi=True):
        is_named = name.lower() in _KEY_PARAMETERS
        if is_named or TOKEN_PATTERN.search(name) or TOKEN_PATTERN.search(value):
            services().refusals.of_stranger(SecurityAct.TOKEN_REFUSED, source())
            raise RefusedTokenError(
                json_error(
                    400, "key_in_url", "Send the token in the Authorization header, never in the"
                    " address. Revoke this one: addresses are logged in many places."
                )
            )  # fmt: skip
