"""Who may come in: people of staff, and programs.

staff        people, their roles, one-time sign-in links and sessions
api_tokens   tokens of programs, with scopes and a rate limit
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
from portal.auth.staff import (
    NotSignedInError,
    Person,
    Role,
    check_sign_in_link,
    disable_person,
    end_session,
    make_sign_in_link,
    person_of_session,
    start_session,
)

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
