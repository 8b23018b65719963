"""Whether a request wants a whole page or a fragment of it. Only this module uses htmx_flask."""

from flask import Flask, Response, render_template, request
from htmx_flask import Htmx
from htmx_flask import request as htmx_request
from markupsafe import Markup

_htmx = Htmx()

#: The response to one address is a page or a fragment, depending on these headers.
VARY = "HX-Request, HX-Boosted, HX-History-Restore-Request"

#: Attributes of an element in which htmx looks at nothing, for texts that people typed. htmx 2
#: reads the first one. htmx 4 reads the second; the first means something else there.
INERT = Markup("hx-disable hx-ignore")


def init_app(app: Flask) -> None:
    _htmx.init_app(app)
    app.jinja_env.globals["inert"] = INERT


def wants_fragment() -> bool:
    """Whether htmx asks for a part of a page. For a boosted link, and to restore a page from the
    history, it asks for the whole."""
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
