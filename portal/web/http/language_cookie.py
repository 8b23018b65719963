"""The language that a reader chose, in a cookie of its own: it needs no session."""

from flask import Response
from werkzeug.wrappers import Response as AnyResponse

from portal.web.http.context import settings
from portal.web.i18n import LANGUAGE_COOKIE

_LIFE_SECONDS = 365 * 24 * 3600


def remember_language(response: Response | AnyResponse, language: str) -> None:
    response.set_cookie(
        LANGUAGE_COOKIE,
        language,
        max_age=_LIFE_SECONDS,
        path=settings().path_prefix or "/",
        secure=settings().secure_cookies,
        httponly=True,
        samesite="Lax",
    )
