"""Who may come in: people of staff, and programs.

people         people of staff and their roles
sign_in_links  links that sign one person in, once
sessions       sessions that such a link starts
credentials    what links and sessions have in common: a hash of a token, and an end
api_tokens     tokens of programs, with scopes and a rate limit
"""

from portal.auth.api_tokens import (
    CALLS_PER_HOUR,
    TOKEN_NAME_LENGTH,
    TOKEN_PATTERN,
    InvalidTokenError,
    RateLimitError,
    RateLimitStatus,
    Scope,
    Token,
    count_call,
    create_api_token,
    list_api_tokens,
    revoke_api_token,
    verify_token,
)
from portal.auth.credentials import NotSignedInError
from portal.auth.people import Person, Role, disable_person
from portal.auth.sessions import end_session, person_of_session, start_session
from portal.auth.sign_in_links import check_sign_in_link, make_sign_in_link

__all__ = [
    "CALLS_PER_HOUR",
    "TOKEN_NAME_LENGTH",
    "TOKEN_PATTERN",
    "InvalidTokenError",
    "NotSignedInError",
    "Person",
    "RateLimitError",
    "RateLimitStatus",
    "Role",
    "Scope",
    "Token",
    "check_sign_in_link",
    "count_call",
    "create_api_token",
    "disable_person",
    "end_session",
    "list_api_tokens",
    "make_sign_in_link",
    "person_of_session",
    "revoke_api_token",
    "start_session",
    "verify_token",
]
