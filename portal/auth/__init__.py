"""Who may come in: people of staff, and programs.

people         people of staff and their roles
sign_in_links  links that sign one person in, once
provider_sign_ins  sign-ins at a provider of OpenID Connect
sealed_tokens      what such a provider needs later, encrypted
sessions       sessions that a link or a provider starts
credentials    what links and sessions have in common: a hash of a token, and an end
api_tokens     tokens of programs, with scopes and an end
token_calls    the calls of a token in an hour, counted in the store
known_tokens   tells wrong tokens apart without the store, while many arrive
staff_list     who is on the list of staff, as admins see and change it
listed_sessions  the sessions of one person, as admins see and end them
security_log   what is kept of these acts, for admins and as lines of the log
until_done     an act that is done again after each conflict
"""

from portal.auth.api_tokens import (
    CALLS_PER_HOUR,
    DEFAULT_TOKEN_DAYS,
    IMPORTS_PER_HOUR,
    MAX_CALLS_PER_HOUR,
    MAX_TOKEN_DAYS,
    TOKEN_ID,
    TOKEN_NAME_LENGTH,
    TOKEN_PATTERN,
    InvalidTokenError,
    Scope,
    Token,
    TokenPage,
    api_token_page,
    create_api_token,
    find_api_token,
    list_api_tokens,
    new_token_id,
    revoke_api_token,
    verify_token,
)
from portal.auth.credentials import NotSignedInError
from portal.auth.known_tokens import KnownTokens
from portal.auth.listed_sessions import (
    SESSION_ID,
    ListedSession,
    end_session_of,
    is_session_of_token,
    sessions_of,
)
from portal.auth.people import Person, Role, active_person, disable_person, id_of_address
from portal.auth.provider_sign_ins import (
    Account,
    NoAccessError,
    keep_to_account,
    start_account_session,
)
from portal.auth.security_log import (
    SECURITY_EVENTS,
    Refusals,
    SecurityAct,
    SecurityEvent,
    Source,
    log_act,
    remove_expired_events,
    security_event,
    security_event_of,
)
from portal.auth.sessions import (
    AccessToken,
    Session,
    claim_check,
    end_session,
    person_of_session,
    start_session,
    use_session,
)
from portal.auth.sign_in_links import (
    check_sign_in_link,
    make_link_by_mail,
    make_sign_in_link,
    new_link_secret,
)
from portal.auth.staff_list import (
    PERSON_ID,
    ListedPerson,
    OnTheListError,
    PeoplePage,
    disabled_people,
    end_access,
    find_person,
    give_access,
    index_people,
    invite,
    people_of,
    people_page,
    people_who_decide,
    set_role,
)
from portal.auth.token_calls import RateLimitError, RateLimitStatus, count_call
from portal.auth.until_done import until_done

__all__ = [
    "CALLS_PER_HOUR", "DEFAULT_TOKEN_DAYS", "IMPORTS_PER_HOUR", "MAX_CALLS_PER_HOUR",
    "MAX_TOKEN_DAYS", "PERSON_ID", "SECURITY_EVENTS", "SESSION_ID", "TOKEN_ID", "TOKEN_NAME_LENGTH",
    "TOKEN_PATTERN", "AccessToken", "Account", "InvalidTokenError", "KnownTokens", "ListedPerson",
    "ListedSession", "NoAccessError", "NotSignedInError", "OnTheListError", "PeoplePage", "Person",
    "RateLimitError", "RateLimitStatus", "Refusals", "Role", "Scope", "SecurityAct",
    "SecurityEvent", "Session", "Source", "Token", "TokenPage", "active_person", "api_token_page",
    "check_sign_in_link", "claim_check", "count_call", "create_api_token", "disable_person",
    "disabled_people", "end_access", "end_session", "end_session_of", "find_api_token",
    "find_person", "give_access", "id_of_address", "index_people", "invite", "is_session_of_token",
    "keep_to_account", "list_api_tokens", "log_act", "make_link_by_mail", "make_sign_in_link",
    "new_link_secret", "new_token_id", "people_of", "people_page", "people_who_decide",
    "person_of_session", "remove_expired_events", "revoke_api_token", "security_event",
    "security_event_of", "sessions_of", "set_role", "start_account_session", "start_session",
    "until_done", "use_session", "verify_token",
]  # fmt: skip
