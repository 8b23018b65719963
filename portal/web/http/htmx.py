"""Whether a request wants a whole page or a fragment of it. Only this module uses htmx_flask."""

from functools import cached_property
from typing import Any

from flask import Flask, Response, render_template, request
from htmx_flask import Htmx
from htmx_flask import request as htmx_request
from markupsafe import Markup
from werkzeug.sansio.http import parse_cookie

from portal.web.http.context import this_request

_htmx = Htmx()

#: The response to one address is a page or a fragment, depending on these headers.
VARY = "HX-Request, HX-Boosted, HX-History-Restore-Request"

#: Attributes of an element in which htmx looks at nothing, for texts that people typed. htmx 2
#: reads the first one. htmx 4 reads the second; the first means something else there.
INERT = Markup("hx-disable hx-ignore")


def init_app(app: Flask) -> None:
    _htmx.init_app(app)
    app.request_class = _with_cookies_at_hand(app.request_class)
    app.jinja_env.globals["inert"] = INERT


def _with_cookies_at_hand(base: Any) -> Any:
    """The class of requests of htmx_flask, which has its cookies from where WSGI has them.
    Werkzeug looks through all headers for more of them, and a server joins those."""

    class RequestWithCookies(base):  # type: ignore[misc] # htmx_flask publishes no types
        @cached_property
        def cookies(self) -> Any:
            return parse_cookie(self.environ.get("HTTP_COOKIE"), cls=self.dict_storage_class)

    return RequestWithCookies


def wants_fragment() -> bool:
    """Whether htmx asks for a part of a page. For a boosted link, and to restore a page from the
    history, it asks for the whole."""
    return bool(
        "HTTP_HX_REQUEST" in this_request().environ
        and htmx_request.htmx
        and not htmx_request.htmx.boosted
        and not htmx_request.htmx.history_restore_request
    )


def asked_by_htmx() -> bool:
    return request.headers.get("HX-Request") == "true"


def render(page: str, fragment: str, /, *, code: int = 200, **context: object) -> Response:
    """The page, or the fragment of it that htmx asked for."""
    wants = wants_fragment()
    html = render_template(fragment if wants else page, fragment=wants, **context)
    return Response(html, code, content_type="text/html; charset=utf-8")
