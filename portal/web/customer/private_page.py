"""Pages behind a link that only one customer has."""

from flask import Response, make_response


def private(page: str, status: int = 200) -> Response:
    """A page that search engines must not list."""
    response = make_response(page, status)
    response.headers["X-Robots-Tag"] = "noindex"
    return response
