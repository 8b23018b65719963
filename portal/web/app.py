"""Sets up the Flask application: routes, access, translation, errors."""

from functools import cache, partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask, Response
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter

from portal import logs
from portal.auth import PERSON_ID, SESSION_ID, TOKEN_ID
from portal.stores import (
    PUBLIC_ATTEMPTS,
    STAFF_ATTEMPTS,
    clear_deadline,
    retry_attempts,
    set_deadline,
)
from portal.tenants import ID
from portal.web import api, customer, health, imports, measuring, openapi, shell, staff
from portal.web.front import PathPrefix, compression, proxies, static_files
from portal.web.http import (
    AccessLog,
    LateRule,
    accept,
    access,
    context,
    csrf,
    errors,
    htmx,
    is_without_cookie,
    request_limits,
    request_log,
    security_headers,
    session_cookie,
)
from portal.web.i18n import LanguageEnvironment, _, translation
from portal.webhooks import SUBSCRIPTION_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
#: Load balancers and containers ask these by address.
_ANY_HOST = frozenset({"/health", "/health/live", "/health/ready", "/metrics"})


class TenantConverter(BaseConverter):
    """The ids that a tenant can have. An address with any other text is not found.

    The old application left some of another form, which staff have to see and end. Of those, only
    what stands in an address as it is can be opened.
    """

    regex = rf"pending-[a-z0-9]{{26}}|{ID}_{ID}|[A-Za-z0-9_~-][A-Za-z0-9._~-]{{0,99}}"


class ImportConverter(BaseConverter):
    """The ids that an import can have."""

    regex = r"import-[a-z0-9]{26}"


class TokenIdConverter(BaseConverter):
    """The ids that API tokens can have: their first halves."""

    regex = TOKEN_ID


class SubscriptionConverter(BaseConverter):
    """The ids that receivers of webhooks have."""

    regex = SUBSCRIPTION_ID


class PersonConverter(BaseConverter):
    """The ids that people of staff have."""

    regex = PERSON_ID


class SessionConverter(BaseConverter):
    """The ids that sessions have. They are hashes, and open nothing."""

    regex = SESSION_ID


def init_app(app: Flask, services: context.Services, keys: tuple[str, ...]) -> None:
    """`keys`: the first one signs; what was signed with the others stays valid."""
    app.extensions["portal"] = services
    context.init_app(app)
    app.url_rule_class = LateRule
    # There is no page whose address has two slashes in a row, and nobody is sent to another one.
    app.url_map.merge_slashes = False
    app.url_map.converters["tenant"] = TenantConverter
    app.url_map.converters["import"] = ImportConverter
    app.url_map.converters["kid"] = TokenIdConverter
    app.url_map.converters["hook"] = SubscriptionConverter
    app.url_map.converters["person"] = PersonConverter
    app.url_map.converters["session"] = SessionConverter
    app.jinja_environment = LanguageEnvironment
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.json.sort_keys = False  # type: ignore[attr-defined] # the default provider's setting
    translation.init_app(app)
    htmx.init_app(app)
    session_cookie.init_app(app, services.settings, keys)
    csrf.init_app(app, keys)
    watch = proxies.init_app(app, services.settings)
    # Outside of what reads the headers of proxies.
    request_limits.init_app(app, services.settings)
    security_headers.init_app(app, services.settings)
    # Outside of everything that may refuse a request by itself.
    cors = api.Cors(services.settings.api_allowed_origins)
    app.wsgi_app = api.CorsMiddleware(app.wsgi_app, cors)  # type: ignore[method-assign] # as Flask's own documentation wraps it
    access_log = AccessLog(services.settings)
    request_log.init_app(app, services.settings, services.tracing, access_log)
    # For a server that refuses a request without the application.
    app.extensions["portal.refusal_headers"] = cors.refusal_headers
    app.extensions["portal.access_log"] = access_log
    errors.init_app(app)
    app.before_request(before_request)
    app.teardown_request(lambda _error: clear_deadline())
    app.after_request(_redirect_without_host)
    app.after_request(staff.add_session_end)
    compression.init_app(app)
    for room in (customer, shell, staff, imports, api, openapi):
        for blueprint in room.BLUEPRINTS:
            app.register_blueprint(blueprint)
    health.init_app(app, services)
    app.add_url_rule("/metrics", view_func=metrics)
    addresses = static_files.init_app(app)
    of_language = cache(partial(_context_of_language, services))
    app.context_processor(partial(_template_context, of_language, addresses))
    app.jinja_env.filters["written"] = staff.render_rows
    api.mail_reports.init_app(app, services.settings)
    api.validate_layer.init_app(app, services, cors, watch, access_log)
    measuring.init_app(app, services.metrics)
    app.wsgi_app = _answer_any_host(app.wsgi_app, urlsplit(services.settings.base_url).netloc)  # type: ignore[method-assign,assignment] # as Flask's documentation wraps it
    # Outside of all that looks at a path.
    app.wsgi_app = PathPrefix(app.wsgi_app, services.settings)  # type: ignore[method-assign] # as above


def before_request() -> ResponseReturnValue | None:
    """Set the language, check access, and check the body of a request that may change something.

    Returns:
        A response that refuses the request, or None to go on to the view.
    """
    asked = context.this_request()
    # A server that lets requests wait says in the environment when this one arrived.
    set_deadline(asked.environ.get("portal.arrived"))
    endpoint = asked.endpoint
    is_api = access.is_api(endpoint)
    translation.set_locale(asked, for_program=is_api or access.is_api_path(asked.path))
    retry_attempts.set(STAFF_ATTEMPTS if access.is_staff_route(endpoint) else PUBLIC_ATTEMPTS)
    if is_api:
        accept.check_accept()
    refusal = access.authorize()
    if endpoint is None or asked.method in _SAFE_METHODS:
        return refusal
    if refusal is not None:
        # Somebody's session may have ended while they typed. Nobody's file is read for that.
        if request_limits.is_small_form():
            csrf.refuse_signed_out()
        return refusal
    if request_limits.takes_file():
        # Thousands of rows take longer than eight seconds. Each call for them has its own limit.
        clear_deadline()
    if not is_api:
        csrf.check_site()
    request_limits.check_body(is_form=not is_api)
    if not is_api:
        csrf.check_form()
    return None


def _redirect_without_host(response: Response) -> Response:
    """Werkzeug sends `/staff/imports` on to an absolute address, made of the `Host` header. Its
    port is anybody's choice."""
    if response.status_code == 308 and response.location:
        target = urlsplit(response.location)
        response.location = target._replace(scheme="", netloc="").geturl()
        # The page names the address as well.
        response.mimetype = "text/plain"
        response.set_data(response.location)
    return response


def _answer_any_host(wsgi_app: "WSGIApplication", host: str) -> "WSGIApplication":
    """The answers of these paths hold no link."""

    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        if environ.get("PATH_INFO") in _ANY_HOST:
            environ["HTTP_HOST"] = host
        return wsgi_app(environ, start_response)

    return app


def metrics() -> Response:
    """The metrics for Prometheus, of all worker processes, if they were asked for here."""
    settings = context.settings()
    if "prometheus" not in settings.metrics or settings.metrics_address is not None:
        raise NotFound
    recorder = context.services().metrics
    recorder.collect()
    kind = "text/plain; version=0.0.4; charset=utf-8"
    return Response(recorder.to_prometheus(), content_type=kind)


def _template_context(
    of_language: "Callable[[str], dict[str, object]]", addresses: static_files.StaticAddresses
) -> dict[str, object]:
    """Variables of every template."""
    user = staff.signed_in_user()
    path = context.this_request().path
    return {
        **of_language(translation.locale_name()),
        "user": user,
        "is_staff": user is not None,
        "is_admin": user is not None and user["is_admin"],
        "session_end": staff.session_end_view(),
        "messages": (),
        "root": context.script_root(),
        "place": _place(path),
        "static_version": addresses.version(),
        "htmx_when_typing": False,
        "is_in_shell": is_without_cookie(path),
        "request_id": logs.request_id.get(),
    }


def _context_of_language(services: context.Services, language: str) -> dict[str, object]:
    """Those that are alike for everybody who reads this language, which is the reader's."""
    return {
        "locale": language,
        "languages": translation.language_names(),
        "footer_links": _footer_links(services, language),
        "dir": translation.direction(),
    }


#: Where the navigation of staff leads, and below which of these it says that one is there.
_PLACES = frozenset({
    "/staff/", "/staff/tenants", "/staff/imports/", "/staff/security", "/staff/tokens",
    "/staff/webhooks", "/staff/people", "/staff/background", "/staff/me",
})  # fmt: skip
_BELOW = ("/staff/tenants/", "/staff/imports/", "/staff/webhooks/", "/staff/people/")


def _place(path: str) -> str:
    """What the navigation needs of a path: one of a few texts, whatever is asked for. Below a place
    it is `/staff/imports/*`."""
    if path in _PLACES:
        return path
    return next((f"{place}*" for place in _BELOW if path.startswith(place)), "")


def _footer_links(services: context.Services, language: str) -> tuple[tuple[str, str], ...]:
    """Address and words of the pages that belong to the operator, as far as they are set."""
    settings = services.settings
    links = (
        (settings.privacy_urls, _("Privacy")),
        (settings.imprint_urls, _("Imprint")),
        (settings.support_urls, _("Help")),
    )
    return tuple(
        (address, words)
        for addresses, words in links
        if (address := addresses.get(language) or addresses.get(""))
    )
