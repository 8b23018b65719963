"""Which answers are compressed, and which never: the rule against BREACH.

The length of a compressed answer says how much of it repeats. If an answer holds a secret beside
something that somebody else chose, and they see many such lengths, they learn the secret piece by
piece. So an answer is compressed only if it is in this table, and never with anything in it that
the request has chosen:

- `PUBLIC`: it holds no secret, and is the same for everybody.
- `FRESH`: its secrets, the CSRF token and the one of the form, were made for this one answer and
  are in no other; so it is compressed only for a browser that sent no cookie, and only without
  parameters.

All other answers are sent as they are: pages of staff and of status links, lists and answers of
the API hold personal data beside what anybody can send in a sign-up. Nothing that answers a form is
compressed.
"""

import gzip
from enum import Enum
from typing import Final

from flask import Flask, Response, request

from portal.web.front.encodings import best_encoding


class Kind(Enum):
    """Why an answer may be compressed."""

    PUBLIC = "public"
    FRESH = "fresh"


#: Endpoint -> why its answer may be compressed. What is not in here is not.
COMPRESSED: Final = {
    "customer.sign_up": Kind.FRESH,
    "openapi.openapi": Kind.PUBLIC,
    "openapi.page": Kind.FRESH,
}

#: Shorter ones become no shorter.
_SHORTEST = 500
#: Each answer is compressed anew. 9 would take half as long again, for one percent.
_LEVEL = 6


def init_app(app: Flask) -> None:
    app.after_request(_compress)


def _compress(response: Response) -> Response:
    kind = COMPRESSED.get(request.endpoint or "")
    if kind is None or response.status_code != 200 or request.method not in ("GET", "HEAD"):
        return response
    response.vary.add("Accept-Encoding")
    if kind is Kind.FRESH:
        # An answer to a cookie is another one, and no cache may give it to the other reader.
        response.vary.add("Cookie")
        if request.query_string or "HTTP_COOKIE" in request.environ:
            return response
    body = response.get_data()
    if len(body) >= _SHORTEST and best_encoding(["gzip"]) == "gzip":
        # Without the time, so that the same page has the same bytes.
        response.set_data(gzip.compress(body, _LEVEL, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response
