"""Flask, as this portal uses it: what each request would pay for, and none of ours needs, is left
out. Everything that is unusual goes Flask's own way, and tests compare the two."""

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask, Request, Response
from flask.ctx import RequestContext
from werkzeug.datastructures import Headers
from werkzeug.routing import MapAdapter

from portal.web.http.context import leave_request

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

#: Whoever asks names one of a few hosts, unless somebody plays with the port.
_MAX_HOSTS = 64
#: An address of our own whose every character werkzeug leaves as it is.
_PLAIN_LOCATION = re.compile(r"/(?!/)[A-Za-z0-9_./~-]*(\?[A-Za-z0-9_.~=&-]+)?", re.ASCII).fullmatch


class PlainResponse(Response):
    """A response whose headers are mostly complete already."""

    def get_wsgi_headers(self, environ: dict[str, Any]) -> Headers:
        # Werkzeug copies them, to add the length and to encode what is no plain address.
        known = {name.lower(): value for name, value in self.headers}
        if (
            "content-length" in known
            and "content-location" not in known
            and ("location" not in known or _PLAIN_LOCATION(known["location"]))
            and self._may_have_body()
        ):
            return self.headers
        return super().get_wsgi_headers(environ)

    def get_app_iter(self, environ: dict[str, Any]) -> Iterable[bytes]:
        # Werkzeug encodes each piece of texts, and closes what may have to be closed. It keeps to
        # itself what `call_on_close` was told; if that has another name one day, this is skipped.
        pieces, to_close = self.response, getattr(self, "_on_close", True)
        if (
            type(pieces) is list
            and len(pieces) == 1
            and type(pieces[0]) is bytes
            and not to_close
            and environ["REQUEST_METHOD"] != "HEAD"
            and self._may_have_body()
        ):
            return pieces
        return super().get_app_iter(environ)

    def _may_have_body(self) -> bool:
        return self.status_code >= 200 and self.status_code not in (204, 304)


class FlaskApp(Flask):
    """An application without asynchronous views and without subdomains, and whose blueprints add
    no variables to templates."""

    response_class = PlainResponse

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        #: What a request says of its host -> the host, and the name by which werkzeug knows it.
        #: Only of hosts that are trusted.
        self._hosts: dict[tuple[str | None, ...], tuple[str, str]] = {}

    def request_context(self, environ: dict[str, Any]) -> RequestContext:
        # One that ended in an odd way may have left its own behind.
        leave_request()
        return super().request_context(environ)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        # Flask looks at each function anew before it calls it: some twenty times for each request.
        return func

    def make_response(self, rv: "ResponseReturnValue") -> Response:
        if type(rv) is Response:
            # As werkzeug's `force_type` does it.
            rv.__class__ = PlainResponse
            return rv
        return super().make_response(rv)

    def update_template_context(self, context: dict[str, Any]) -> None:
        # Flask asks for the blueprint of the request, and each gives the same once more.
        given = context.copy()
        for processor in self.template_context_processors[None]:
            context.update(processor())  # type: ignore[arg-type] # none is asynchronous
        # What a view says outranks what every template is told.
        context.update(given)

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """As Flask's, which looks twice at the host and whether it is trusted, for each request."""
        if request is None or "HTTP_UPGRADE" in request.environ:
            return super().create_url_adapter(request)
        asked = request.environ.get
        said = request.scheme, asked("HTTP_HOST"), asked("SERVER_NAME"), asked("SERVER_PORT")
        known = self._hosts.get(said)
        if known is None:
            adapter = super().create_url_adapter(request)
            if adapter is not None:
                if len(self._hosts) >= _MAX_HOSTS:
                    self._hosts.clear()
                self._hosts[said] = request.host, adapter.server_name
            return adapter
        request.trusted_hosts = self.config["TRUSTED_HOSTS"]
        request.host, server_name = known
        return MapAdapter(
            self.url_map,
            server_name,
            _decoded(asked("SCRIPT_NAME", "/")),
            self.url_map.default_subdomain,
            request.scheme,
            _decoded(asked("PATH_INFO", "/")),
            request.environ["REQUEST_METHOD"],
            _decoded(asked("QUERY_STRING", "")),
        )


def _decoded(text: str) -> str:
    """A text of WSGI, as werkzeug reads it."""
    return text.encode("latin1").decode(errors="replace")
