"""The path below which the portal is: that of `PORTAL_BASE_URL`, whatever a request says.

WSGI has a place for it, `SCRIPT_NAME`, and whatever makes an address reads it there: Flask's
`url_for`, templates and `next`. So everything follows from setting it once, in front of everything
else.
"""

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from portal.settings import Settings
from portal.web.front.hourly import HourlyWarning

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

logger = logging.getLogger(__name__)


class PathPrefix:
    """WSGI middleware: takes the prefix off the path, if the proxy has not done so."""

    def __init__(self, app: "WSGIApplication", settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._other_prefix = HourlyWarning(logger)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        prefix = self._settings.path_prefix
        said = _said_prefixes(environ, self._settings)
        if said and prefix not in said:
            # Without the text itself, which anybody may have sent.
            self._other_prefix.say(
                "Requests arrive below another path than that of PORTAL_BASE_URL"
                " (X-Forwarded-Prefix or SCRIPT_NAME). Set PORTAL_BASE_URL to the whole address at"
                " which people reach the portal, with its path; otherwise links lead elsewhere."
            )
        if prefix:
            environ["PATH_INFO"] = path_inside(environ, self._settings)
            environ["SCRIPT_NAME"] = prefix
        return self._app(environ, start_response)


def path_inside(environ: "WSGIEnvironment", settings: Settings) -> str:
    """The path of a request inside the portal, whether or not the proxy has stripped the prefix.

    A proxy that strips it may say so by `X-Forwarded-Prefix`, and a WSGI server by `SCRIPT_NAME`.
    Neither names an address here: a header that a client could have sent would then decide where
    links lead. They only say that the path has no prefix any more, which matters if an address of
    the portal begins like the prefix, for example with `/api`.
    """
    path: str = environ.get("PATH_INFO", "")
    if settings.path_prefix in _said_prefixes(environ, settings):
        return path
    return settings.own_path(path)


def _said_prefixes(environ: "WSGIEnvironment", settings: Settings) -> set[str]:
    """What the server says, and the proxy if one is believed."""
    said = {environ.get("SCRIPT_NAME", "").rstrip("/")}
    if settings.proxy_hops:
        said.add(environ.get("HTTP_X_FORWARDED_PREFIX", "").rstrip("/"))
    return said - {""}
