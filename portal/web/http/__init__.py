"""What every request meets.

access            who may enter which route; closed by default
api_token_auth    API tokens of programs, and their rate limit
context           the store, the sealer, "now" and who acts, for a view
csrf              CSRF tokens, and requests of other sites
errors            errors as pages, fragments or JSON
htmx              page or fragment
printable         characters that a page can show
request_limits    size of bodies, number of fields, content types, hosts
security_headers  security headers and the request id
session_cookie    the session cookie
signed_links      form tokens, cursors, status links, `next`
"""

from portal.web.http import (
    access,
    context,
    csrf,
    errors,
    htmx,
    request_limits,
    security_headers,
    session_cookie,
)
from portal.web.http.access import SESSION_TOKEN
from portal.web.http.api_token_auth import audit_of_token, json_error
from portal.web.http.context import (
    Services,
    audit_info,
    audit_of_customer,
    note_saved,
    now,
    person,
    services,
    settings,
    store,
)
from portal.web.http.errors import RETRY_AFTER
from portal.web.http.printable import strip_unprintable
from portal.web.http.request_limits import UPLOAD
from portal.web.http.signed_links import (
    InvalidLinkError,
    SignedLinks,
    read_status_token,
    safe_next,
    same_hash,
    status_hash,
)

__all__ = [
    "RETRY_AFTER",
    "SESSION_TOKEN",
    "UPLOAD",
    "InvalidLinkError",
    "Services",
    "SignedLinks",
    "access",
    "audit_info",
    "audit_of_customer",
    "audit_of_token",
    "context",
    "csrf",
    "errors",
    "htmx",
    "json_error",
    "note_saved",
    "now",
    "person",
    "read_status_token",
    "request_limits",
    "safe_next",
    "same_hash",
    "security_headers",
    "services",
    "session_cookie",
    "settings",
    "status_hash",
    "store",
    "strip_unprintable",
]
