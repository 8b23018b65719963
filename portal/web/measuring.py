"""Counts requests: by route, never by path, and how long each took.

`validate` is answered ahead of Flask, mostly in the thread of the server itself. There it is only
noted, and counted later with many others: to count each by itself would cost a tenth of its speed.
"""

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask, request
from werkzeug.wsgi import ClosingIterator

from portal.auth import Refusals, SecurityAct
from portal.metrics import Recorder, names
from portal.web import api

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: Any other method is `other`: a client may send what it likes.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
#: What reached no route: unknown paths and methods, and what was refused before.
NO_ROUTE = "none"
_ROUTE = "portal.route"
_FAILURES = {
    SecurityAct.LINK_REFUSED: "link",
    SecurityAct.PROVIDER_REFUSED: "provider",
    SecurityAct.TOKEN_REFUSED: "token",
}
#: Routes by which customers and programs sign up: a limit that refuses them refuses a sign-up.
_SIGN_UP_ENDPOINTS = frozenset({"customer.sign_up", "shell.sign_up", "api.new_tenant"})

_Answer = tuple[int, list[tuple[str, str]], bytes]
AtOnce = Callable[[api.validate_layer.Head], _Answer | None]


def init_app(app: Flask, recorder: Recorder) -> None:
    """Put the measuring in front of everything that stands in front of Flask already."""
    at_once: AtOnce = app.extensions["portal.validate_layer"].at_once
    # What a server answers requests with at once, and whom it tells what it refuses by itself.
    app.extensions["portal.at_once"] = _measured(at_once, recorder) if recorder.is_on else at_once
    app.extensions["portal.on_refusal"] = lambda status: recorder.count(
        names.REQUESTS, NO_ROUTE, "other", str(status)
    )
    if not recorder.is_on:
        return
    recorder.start_at_zero(names.SIGN_IN_FAILURES, [(each,) for each in _FAILURES.values()])
    recorder.start_at_zero(names.SIGN_UPS, [("refused",)])
    app.teardown_request(_note_route)
    app.wsgi_app = MeasuredRequests(app.wsgi_app, recorder)  # type: ignore[method-assign] # as Flask's own documentation wraps it


def counted_refusals(recorder: Recorder) -> Refusals:
    """Refusals that are counted as well."""

    def count(act: SecurityAct) -> None:
        if act in _FAILURES:
            recorder.count(names.SIGN_IN_FAILURES, _FAILURES[act])

    return Refusals(told=count)


def _measured(at_once: AtOnce, recorder: Recorder) -> AtOnce:
    """The same, and each answer is noted."""
    clock, note = time.perf_counter, recorder.note_validate

    def answer(head: api.validate_layer.Head) -> _Answer | None:
        began = clock()
        found = at_once(head)
        if found is not None:
            note((found[0], clock() - began))
        return found

    return answer


def _note_route(_error: BaseException | None) -> None:
    rule = request.url_rule
    if rule is not None:
        request.environ[_ROUTE] = rule.rule, request.endpoint


class MeasuredRequests:
    """WSGI middleware, in front of everything else."""

    def __init__(self, app: "WSGIApplication", recorder: Recorder) -> None:
        self._app = app
        self._recorder = recorder

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        # A server that lets requests wait says when this one arrived.
        arrived = environ.get("portal.arrived") or time.monotonic()
        statuses: list[str] = []

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            statuses.append(status[:3])
            return start_response(status, headers, *rest)

        def count() -> None:
            self._count(environ, statuses[-1] if statuses else "500", time.monotonic() - arrived)

        try:
            answer = self._app(environ, start)
        except BaseException:
            count()
            raise
        return ClosingIterator(answer, count)

    def _count(self, environ: "WSGIEnvironment", status: str, seconds: float) -> None:
        route, endpoint = environ.get(_ROUTE, (NO_ROUTE, ""))
        method = environ["REQUEST_METHOD"]
        method = method if method in _METHODS else "other"
        recorder = self._recorder
        recorder.count(names.REQUESTS, route, method, status)
        recorder.observe(names.REQUEST_SECONDS, seconds, route)
        if status == "429":
            recorder.count(names.RATE_LIMITED, route)
            if endpoint in _SIGN_UP_ENDPOINTS:
                recorder.count(names.SIGN_UPS, "refused")
        recorder.log_if_due()
