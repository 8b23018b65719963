"""Who of staff may come in: signing in, sessions, people, the tokens of programs, the security log.

sign_in           signing in and out, and who is signed in
provider_sign_in  signing in at a provider of OpenID Connect
session_end       when the session ends, and staying signed in
people            the list of staff, for admins
person_page       one of them: role, access, sessions
me                what each person wants to hear by mail
devices           with what somebody signs in, in words
security          the security log, for admins
api_tokens        the tokens of programs, for admins
token_form        the form that makes such a token
"""

from portal.web.staff.accounts import (
    api_tokens,
    me,
    people,
    person_page,
    provider_sign_in,
    security,
    session_end,
    sign_in,
)
from portal.web.staff.accounts.session_end import add_session_end, session_end_view
from portal.web.staff.accounts.sign_in import signed_in_user

__all__ = [
    "add_session_end", "api_tokens", "me", "people", "person_page", "provider_sign_in", "security",
    "session_end", "session_end_view", "sign_in", "signed_in_user",
]  # fmt: skip
