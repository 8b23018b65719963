"""What belongs to no page: the choice of a language, and the files that every site is asked for."""

from datetime import timedelta

from flask import Blueprint, Response, current_app, redirect, request, send_from_directory, url_for
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.wrappers import Response as AnyResponse

from portal.timestamps import format_timestamp
from portal.web.http import (
    next_page,
    now,
    own_address,
    referring_page,
    remember_language,
    settings,
)
from portal.web.i18n import LANGUAGES

bp = Blueprint("site", __name__)

#: RFC 9116 asks for less than a year, so that nobody relies on an old file.
_SECURITY_CONTACT_LIFE = timedelta(days=180)
#: Unlike files whose address changes with their content, this one may be kept for a day only.
_DAY_SECONDS = 24 * 3600


@bp.get("/language/<language>")
def choose_language(language: str) -> AnyResponse:
    """Back to the page with the link, in that language. The address of that page is not in the
    link: that of a status page is a secret, and proxies log queries."""
    if language not in LANGUAGES:
        raise NotFound
    page = next_page(referring_page())
    response = redirect(page if page and _can_be_opened(page) else url_for("customer.index"), 303)
    remember_language(response, language)
    return response


def _can_be_opened(address: str) -> bool:
    """Whether a page has this address. The answer to a form may have one that only takes forms."""
    path = address.partition("?")[0].removeprefix(request.script_root)
    try:
        current_app.url_map.bind("").match(path, "GET")
    except HTTPException:
        return False
    return True


@bp.get("/robots.txt")
def robots() -> Response:
    closed = "".join(
        f"Disallow: {request.script_root}/{room}/\n"
        for room in ("staff", "status", "access", "api")
    )
    return _text(f"User-agent: *\n{closed}")


@bp.get("/.well-known/security.txt")
def security_contact() -> Response:
    """Whom to tell about a weakness, as RFC 9116 has it."""
    contact = settings().security_contact or settings().contact_url
    if not contact:
        raise NotFound
    address = f"{settings().origin}{own_address()}"
    expires = format_timestamp(now() + _SECURITY_CONTACT_LIFE)
    languages = ", ".join(language.replace("_", "-") for language in LANGUAGES)
    return _text(
        f"Contact: {contact}\nExpires: {expires}\nPreferred-Languages: {languages}\n"
        f"Canonical: {address}\n"
    )


@bp.get("/favicon.ico")
def favicon() -> Response:
    """For browsers that show a file or JSON, and so have read no page that names the icon."""
    return send_from_directory(current_app.static_folder or "", "favicon.ico", max_age=_DAY_SECONDS)


def _text(text: str) -> Response:
    return Response(text, content_type="text/plain; charset=utf-8")
