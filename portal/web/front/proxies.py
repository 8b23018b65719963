"""Behind proxies: which address is the client's, and whether their number is right.

Each proxy adds the address of whoever asked it to `X-Forwarded-For`. What stands before the last
`PORTAL_PROXY_HOPS` addresses the client may have written itself, and it does not count.
"""

import logging
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.http import parse_list_header
from werkzeug.middleware.proxy_fix import ProxyFix

from portal.settings import Settings
from portal.web.front.hourly import HourlyWarning

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

logger = logging.getLogger(__name__)

#: Load balancers ask these by themselves, and no client stands behind such a request.
_ASKED_BY_PROXIES = ("/health", "/metrics")


class ProxyWatch:
    """Says once an hour that the number of proxies does not fit what arrives. It names no address,
    and decides nothing."""

    def __init__(self, hops: int, seconds: Callable[[], float] = time.monotonic) -> None:
        self._hops = hops
        self._warning = HourlyWarning(logger, seconds)

    def see(self, forwarded_for: str) -> None:
        """`forwarded_for`: the header of a request; empty if it has none."""
        hops = self._hops
        if hops == 0:
            if forwarded_for:
                self._warning.say(
                    "Requests arrive with X-Forwarded-For, but PORTAL_PROXY_HOPS is 0. If a proxy"
                    " stands in front of the portal, set PORTAL_PROXY_HOPS to the number of"
                    " proxies: until then all clients behind it share one limit, and the security"
                    " log has the address of the proxy. If there is none, clients send the header"
                    " themselves, and it does not count."
                )
            return
        entries = len(parse_list_header(forwarded_for)) if forwarded_for else 0
        if entries < hops:
            self._warning.say(
                "Requests arrive with fewer addresses in X-Forwarded-For (%d) than"
                " PORTAL_PROXY_HOPS says (%d): they count for the address of the connection. Set"
                " PORTAL_PROXY_HOPS to the number of proxies that add to the header, and let nobody"
                " reach the portal past them.",
                entries,
                hops,
            )


def init_app(app: Flask, settings: Settings) -> ProxyWatch:
    """Read the headers of as many proxies as are believed, and watch whether they are there."""
    hops = settings.proxy_hops
    watch = ProxyWatch(hops)
    if hops:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign] # as Werkzeug's own documentation wraps it
    app.wsgi_app = _watched(app.wsgi_app, watch)  # type: ignore[method-assign,assignment] # as above
    return watch


def _watched(inner: "WSGIApplication", watch: ProxyWatch) -> "WSGIApplication":
    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if not environ.get("PATH_INFO", "").startswith(_ASKED_BY_PROXIES):
            watch.see(environ.get("HTTP_X_FORWARDED_FOR", ""))
        return inner(environ, start_response)

    return app
