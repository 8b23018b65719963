"""What every request meets.

accept            whether a program can read JSON
access            who may enter which route; closed by default
access_log        a line for each answer, without an address or a person
addresses         addresses of routes
api_token_auth    API tokens of programs, and their rate limit
client_limits     what one network may do
client_networks   the network of a client
context           the store, the sealer, "now" and who acts, for a view
csrf              CSRF tokens, and requests of other sites
framed            the pages in a frame of the shell: no cookie, and who may frame them
flask_app         Flask, as it is used here
errors            errors as pages, fragments or JSON
htmx              page or fragment
language_cookie   the language that a reader chose
late_rules        addresses whose rules are compiled late
printable         characters that a page can show
request_ids       the id of a request
request_log       what is written down about each request: its id, its line, its span
request_limits    size of bodies, number of fields, content types, hosts
security_headers  security headers
session_cookie    the session cookie
signed_links      form tokens, cursors, status links, `next`
signers           signatures of itsdangerous, with what never changes made once
"""

from portal.web.http import (
    accept,
    access,
    context,
    csrf,
    errors,
    htmx,
    request_limits,
    request_log,
    security_headers,
    session_cookie,
)
from portal.web.http.accept import accepts_json
from portal.web.http.access import (
    SESSION_TOKEN,
    is_api_path,
    next_page,
    own_address,
    referring_page,
)
from portal.web.http.access_log import AccessLog
from portal.web.http.addresses import url_for
from portal.web.http.api_token_auth import audit_of_token, authorize_open_call, json_error
from portal.web.http.client_limits import ClientLimits, NetworkRateLimit
from portal.web.http.client_networks import client_network, network_of
from portal.web.http.context import (
    Services,
    audit_info,
    audit_of_customer,
    note_saved,
    now,
    of_request,
    person,
    services,
    settings,
    source,
    store,
)
from portal.web.http.errors import RETRY_AFTER, too_many_requests_text
from portal.web.http.flask_app import FlaskApp
from portal.web.http.framed import cluster_labels, is_without_cookie, shell_origins
from portal.web.http.language_cookie import remember_language
from portal.web.http.late_rules import LateRule
from portal.web.http.printable import strip_unprintable
from portal.web.http.request_ids import new_request_id, request_id_of
from portal.web.http.request_limits import UPLOAD
from portal.web.http.signed_links import (
    ExpiredLinkError,
    FormToken,
    InvalidLinkError,
    SignedLinks,
    new_status_hash,
    read_status_token,
    status_hash,
)

__all__ = [
    "RETRY_AFTER", "SESSION_TOKEN", "UPLOAD", "AccessLog", "ClientLimits", "ExpiredLinkError",
    "FlaskApp", "FormToken", "InvalidLinkError", "LateRule", "NetworkRateLimit", "Services",
    "SignedLinks", "accept", "accepts_json", "access", "audit_info", "audit_of_customer",
    "audit_of_token", "authorize_open_call", "client_network", "cluster_labels", "context", "csrf",
    "errors", "htmx", "is_api_path", "is_without_cookie", "json_error", "network_of",
    "new_request_id", "new_status_hash", "next_page", "note_saved", "now", "of_request",
    "own_address", "person",
    "read_status_token", "referring_page", "remember_language", "request_id_of", "request_limits",
    "request_log", "security_headers", "services", "session_cookie", "settings", "shell_origins",
    "source", "status_hash", "store", "strip_unprintable", "too_many_requests_text", "url_for",
]  # fmt: skip
