"""Errors as responses: pages, fragments or JSON, in one place for every route."""

import logging
from collections.abc import Sequence
from math import ceil

from flask import Flask, Response, jsonify, make_response, render_template, request, url_for
from werkzeug.exceptions import HTTPException, NotAcceptable, SecurityError, TooManyRequests

from portal import logs
from portal.imports import RefusedFileError, UnknownJobError
from portal.onboarding import UnknownTenantError
from portal.stores import BusyError, StoreError, UnavailableError
from portal.web.http import context
from portal.web.http.access import is_api, is_api_path, is_staff_route, own_address
from portal.web.http.csrf import OWNER_FIELD, ExpiredPageError, SignedOutError, form_owner
from portal.web.http.htmx import asked_by_htmx, wants_fragment
from portal.web.http.printable import strip_unprintable
from portal.web.http.request_limits import RepeatedFieldError
from portal.web.http.request_log import note_error
from portal.web.i18n import _, translate_message

logger = logging.getLogger(__name__)

#: Seconds, for the header of a 503.
RETRY_AFTER = "30"


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(NotAcceptable, _not_acceptable)
    app.register_error_handler(ExpiredPageError, _expired_page)
    app.register_error_handler(SignedOutError, _signed_out)
    app.register_error_handler(UnknownTenantError, _not_found)
    app.register_error_handler(UnknownJobError, _not_found)
    app.register_error_handler(RefusedFileError, _refused_file)
    app.register_error_handler(StoreError, _store_error)
    app.register_error_handler(Exception, _unexpected)


def _http_error(error: HTTPException) -> Response:
    code = error.code or 500
    if isinstance(error, SecurityError):
        # The Host header is not trusted. No page, as its links would be made with that name.
        return Response(
            _("This portal does not answer to that host name."), 400, mimetype="text/plain"
        )
    if error.response is not None or 300 <= code < 400:
        return make_response(error.get_response())
    link = _link_after_lost_page() if code == 404 else None
    response = _error_response(code, *_heading_and_advice(code, error), link=link)
    for name, value in error.get_headers():
        if name not in ("Content-Type", "Content-Length"):
            response.headers[name] = value
    return response


def _link_after_lost_page() -> tuple[str, str] | None:
    """For whoever followed the link to a status page that opens nothing: how to get another one.
    It is the same for every address of that form."""
    if request.path.startswith(("/status/", "/confirm/")):
        return _("Get the link to your status page by mail"), url_for("lost_link.ask")
    return None


def _heading_and_advice(code: int, error: HTTPException) -> tuple[str, list[str]]:
    """What happened, and what to do next."""
    match code:
        case _ if isinstance(error, RepeatedFieldError):
            return _("Send each field once."), []
        case 403 if error.description in ("view", "role"):
            view, role = _("You may view but not change."), _("Your role does not allow this.")
            heading = view if error.description == "view" else role
            return heading, [_("Ask an administrator if you need to do this.")]
        case 403 if error.description == "another person":
            return _(
                "You are signed in as somebody else than the person who filled in this form."
            ), [_("Nothing was saved. Open the page again and fill in the form yourself.")]
        case 403:
            return _("Request refused."), []
        case 404:
            return _("Page not found"), [
                _("Check the address. If you followed a link, it may be old or cut off.")
            ]
        case 405:
            return _("This address does not accept this kind of request."), []
        case 411:
            return _("Length required."), [
                _("Send the whole body at once, with its length in the header Content-Length.")
            ]
        case 413:
            return _("Request too large."), [_("Shorten what you send, then send it again.")]
        case 415:
            return _("Unsupported content type."), []
        case 429 if isinstance(error, TooManyRequests) and isinstance(error.retry_after, int):
            return too_many_requests_text(error.retry_after), []
        case 400:
            return _("Request refused."), [_("Go back, reload the page, and try again.")]
        case _:
            return error.name, []


def too_many_requests_text(seconds: int) -> str:
    """What a 429 says to people. `seconds`: as its header `Retry-After` has it."""
    minutes = ceil(seconds / 60)
    if minutes <= 1:
        return _("Too many requests. Try again in 1 minute.")
    return _("Too many requests. Try again in %(n)s minutes.", n=minutes)


def _not_acceptable(error: NotAcceptable) -> Response:
    return _error_response(error.code, _("This address answers in JSON only."), [
        _("Send the header Accept: application/json, or none.")
    ])  # fmt: skip


def _expired_page(error: ExpiredPageError) -> Response:
    """The same fields again with a new token."""
    if is_staff_route(request.endpoint) and not form_owner():
        # Nobody knows who typed it, so nobody sends it in their own name.
        return _error_response(error.code, _("This page has expired."), [
            _("Nothing was saved. Reload the page, then try again.")
        ])  # fmt: skip
    heading = _("This page has expired. Your entries are still here: send them again.")
    retry = None if asked_by_htmx() else _sent_again()
    advice = [_("Reload the page, then try again.")] if retry is None else []
    return _error_response(error.code, heading, advice, retry)


def _signed_out(error: SignedOutError) -> Response:
    """What somebody typed stays: on the page with htmx, else in the form of this answer."""
    return _error_response(
        error.code,
        _("You were signed out. Nothing was saved."),
        [
            _(
                "What you typed is still here. Sign in in another tab, come back to this one,"
                " and send it again."
            )
        ],
        None if asked_by_htmx() else _sent_again(),
    )


def _sent_again() -> tuple[str, list[tuple[str, str]], str]:
    """A form that sends the same fields again, but for secrets: those have to be typed again."""
    left_out = {"csrf_token", "client_secret"}
    if context.person():
        left_out.add(OWNER_FIELD)  # the page has it for whoever is signed in
    entries = [
        (strip_unprintable(name), strip_unprintable(value))
        for name, value in request.form.items()
        if name not in left_out
    ]
    return (own_address(), entries, _("Send again"))


def _refused_file(error: RefusedFileError) -> Response:
    response = _error_response(
        error.status,
        translate_message(error.message),
        [translate_message(error.found)] if error.found else [],
    )
    if error.status == 503:
        response.headers["Retry-After"] = RETRY_AFTER
    return response


def _not_found(error: UnknownTenantError | UnknownJobError) -> Response:
    del error
    return _error_response(404, _("Page not found"), [
        _("Check the address. If you followed a link, it may be old or cut off.")
    ])  # fmt: skip


def _store_error(error: StoreError) -> Response:
    """The store does not answer or is too busy. The page claims nothing that is not known."""
    reason = error.reason if isinstance(error, (UnavailableError, BusyError)) else ""
    remedy = error.remedy if isinstance(error, UnavailableError) else ""
    note_error(error)
    logger.error("The store did not answer: %s %s", reason, remedy, exc_info=error)
    response = _error_response(503, *_heading_and_advice_of_store(error))
    response.headers["Retry-After"] = RETRY_AFTER
    return response


def _heading_and_advice_of_store(error: StoreError) -> tuple[str, list[str]]:
    if context.was_saved():
        return _("Your change was saved, but the page cannot be shown."), [
            _("Reload the page in a moment.")
        ]
    if isinstance(error, UnavailableError) and error.outcome_unknown:
        return _("It is not certain whether this was saved."), [
            _(
                "Reload the page to see whether it was saved, or send it again:"
                " nothing is saved twice."
            )
        ]
    if request.method in ("GET", "HEAD") and not is_api(request.endpoint):
        # It may follow a change that was saved, and saves nothing itself.
        return _("This page cannot be shown at the moment. Please try again later."), []
    return _("Nothing was saved. Please try again later."), []


def _unexpected(error: Exception) -> Response:
    # The log gets only the type and the place of the error, see portal.logs: its text may hold
    # anything.
    note_error(error)
    logger.error("Something unexpected happened.", exc_info=error)
    return _error_response(500, _("Something went wrong in the portal."), [
        _("Reload the page to see whether your change was made.")
    ])  # fmt: skip


def _error_response(
    code: int,
    heading: str,
    advice: Sequence[str],
    retry: tuple[str, list[tuple[str, str]], str] | None = None,
    *,
    link: tuple[str, str] | None = None,
) -> Response:
    if is_api(request.endpoint) or is_api_path(request.path):
        # The old application shows the message to people as one text.
        sentence = heading if heading.endswith(".") else f"{heading}."
        response = jsonify(error=_error_code(code), message=" ".join([sentence, *advice]))
    else:
        fragment = wants_fragment()
        template = "errors/_error.html" if fragment else "errors/error.html"
        response = make_response(
            render_template(
                template,
                fragment=fragment,
                code=code,
                heading=heading,
                sentences=advice,
                request_id=logs.request_id.get(),
                retry=retry,
                link=link,
            )
        )
    response.status_code = code
    return response


def _error_code(code: int) -> str:
    return {
        400: "bad_request",
        403: "forbidden",
        404: "not_found",
        405: "method_not_allowed",
        406: "not_acceptable",
        411: "length_required",
        413: "too_large",
        415: "unsupported_media_type",
        422: "not_usable",
        429: "too_many_requests",
        503: "unavailable",
    }.get(code, "error")
