"""Sets up the Flask application: routes, access, translation, errors."""

import hashlib
import logging
from functools import lru_cache, partial
from pathlib import Path

from flask import Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter

from portal import logs
from portal.stores import PUBLIC_ATTEMPTS, STAFF_ATTEMPTS, StoreError, retry_attempts
from portal.tenants import ID
from portal.web import api, customer, imports, staff
from portal.web.http import (
    access,
    context,
    csrf,
    errors,
    htmx,
    request_limits,
    security_headers,
    session_cookie,
)
from portal.web.i18n import translation

logger = logging.getLogger(__name__)

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class TenantConverter(BaseConverter):
    """The ids that a tenant can have. An address with any other text is not found."""

    regex = rf"pending-[a-z0-9]{{26}}|{ID}_{ID}"


class ImportConverter(BaseConverter):
    """The ids that an import can have."""

    regex = r"import-[a-z0-9]{26}"


def init_app(app: Flask, services: context.Services, keys: tuple[str, ...]) -> None:
    """`keys`: the first one signs; what was signed with the others stays valid."""
    app.extensions["portal"] = services
    app.url_map.converters["tenant"] = TenantConverter
    app.url_map.converters["import"] = ImportConverter
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    # The address of each static file changes with its content, see _static_url.
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 31_536_000
    app.json.sort_keys = False  # type: ignore[attr-defined] # the default provider's setting
    translation.init_app(app)
    htmx.init_app(app)
    session_cookie.init_app(app, services.settings, keys)
    csrf.init_app(app, keys)
    request_limits.init_app(app, services.settings)
    security_headers.init_app(app, https=services.settings.secure_cookies)
    errors.init_app(app)
    app.before_request(before_request)
    for room in (customer, staff, imports, api):
        for blueprint in room.BLUEPRINTS:
            app.register_blueprint(blueprint)
    app.add_url_rule("/health", view_func=health)
    app.add_url_rule("/metrics", view_func=metrics)
    app.context_processor(_template_context)
    app.jinja_env.globals["static_url"] = partial(_static_url, app.static_folder or "")
    app.jinja_env.filters["written"] = staff.render_rows
    if services.settings.proxy_hops:
        hops = services.settings.proxy_hops
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign] # as Werkzeug's own documentation wraps it


def before_request() -> ResponseReturnValue | None:
    """Set the language, check access, and check the body of a request that may change something.

    Returns:
        A response that refuses the request, or None to go on to the view.
    """
    endpoint = request.endpoint
    is_api = access.is_api(endpoint)
    translation.set_locale(for_program=is_api or request.path.startswith("/api/"))
    retry_attempts.set(STAFF_ATTEMPTS if access.is_staff_route(endpoint) else PUBLIC_ATTEMPTS)
    refusal = access.authorize()
    if refusal is not None or endpoint is None or request.method in _SAFE_METHODS:
        return refusal
    request_limits.check_body(is_form=not is_api)
    if not is_api:
        csrf.check_form()
    return None


def health() -> Response:
    """503 while the store would refuse a write; only the log says why."""
    try:
        context.store().check()
    except StoreError as error:
        logger.warning("The store would refuse a write: %s", error)
        response = jsonify(status="unavailable")
        response.status_code = 503
        return response
    return jsonify(status="ok")


def metrics() -> Response:
    """The metrics of the store for Prometheus, of all worker processes, if they were asked for."""
    if "prometheus" not in context.settings().metrics:
        raise NotFound
    metrics = context.services().metrics
    text = metrics.to_prometheus() if metrics else ""
    return Response(text, content_type="text/plain; version=0.0.4; charset=utf-8")


def _template_context() -> dict[str, object]:
    """Variables of every template."""
    return {
        "user": staff.signed_in_user(),
        "locale": translation.locale_name(),
        "dir": translation.direction(),
        "messages": (),
        "request_id": logs.request_id.get(),
    }


def _static_url(folder: str, name: str) -> str:
    """The address of a static file. Its `v` changes with the content, so browsers may keep it."""
    return f"{request.script_root}/static/{name}?v={_content_hash(folder, name)}"


@lru_cache(64)
def _content_hash(folder: str, name: str) -> str:
    return hashlib.sha256((Path(folder) / name).read_bytes()).hexdigest()[:12]
