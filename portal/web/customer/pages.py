"""The customers' pages."""

from flask import Response, make_response, request


def page_with_form(page: str, status: int = 200) -> Response:
    """A page that may answer a form, with what was typed into it.

    After a later page, Back would have the browser send that form once more, and it asks its user
    or shows an error of its own instead. It shows the page as it was if it may keep it. Nobody else
    may, and it asks anew in every other case.
    """
    response = make_response(page, status)
    if request.method == "POST":
        response.headers["Cache-Control"] = "private, no-cache"
    return response


def private(page: str, status: int = 200) -> Response:
    """A page behind a link that only one customer has: search engines must not list it."""
    response = page_with_form(page, status)
    response.headers["X-Robots-Tag"] = "noindex"
    return response
