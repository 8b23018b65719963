"""`/api/openapi.json` and `/api/`: the document, and a page for people."""

from functools import lru_cache
from typing import Any

import orjson
from flask import Blueprint, Response, current_app, make_response, render_template
from werkzeug.routing import Map

from portal.web.http import settings
from portal.web.openapi.document import document

bp = Blueprint("openapi", __name__, url_prefix="/api")


@bp.get("/openapi.json")
def openapi() -> Response:
    return Response(orjson.dumps(_document()), content_type="application/json")


@bp.get("/")
def page() -> Response:
    """The calls as a list, which needs no JavaScript, and above it the page with which they can be
    tried."""
    return make_response(render_template("openapi/page.html", calls=_listed(_document())))


def _document() -> dict[str, Any]:
    return _cached(current_app.url_map, settings().base_url)


@lru_cache(4)
def _cached(url_map: Map, base_url: str) -> dict[str, Any]:
    return document(url_map, base_url)


def _listed(whole: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "method": method.upper(),
            "path": path,
            "summary": operation["summary"],
            "description": operation["description"],
            "scopes": [name for each in operation["security"] for name in each.get("token", [])],
            "is_open": {} in operation["security"],
            "parameters": operation["parameters"],
            "answers": operation["responses"],
        }
        for path, operations in whole["paths"].items()
        for method, operation in operations.items()
    ]
