"""Page or fragment; the only importer of htmx_flask."""

from flask import Flask, Response, render_template, request
from htmx_flask import Htmx
from htmx_flask import request as htmx_request

_htmx = Htmx()

#: The same address answers a page or a fragment, depending on these.
VARY = "HX-Request, HX-Boosted, HX-History-Restore-Request"


def init_app(app: Flask) -> None:
    _htmx.init_app(app)


def wants_fragment() -> bool:
    """Whether htmx asks for a part of a page: not for a boosted link, nor to restore history."""
    return bool(
        htmx_request.htmx
        and not htmx_request.htmx.boosted
        and not htmx_request.htmx.history_restore_request
    )


def asked_by_htmx() -> bool:
    return request.headers.get("HX-Request") == "true"


def render(page: str, fragment: str, /, *, code: int = 200, **context: object) -> Response:
    """The page, or the fragment of it that htmx asked for."""
    wants = wants_fragment()
    return Response(render_template(fragment if wants else page, fragment=wants, **context), code)
