"""Answers of the API as JSON."""

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Response

from portal import records
from portal.stores import Item
from portal.tenants import Tenant
from portal.web.api.tenant_view import etag_of, whole_view
from portal.web.http import now


def json_answer(body: Mapping[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, content_type="application/json")


def tenant_answer(item: Item, tenant: Tenant, status: int = 200, **more: object) -> Response:
    """The whole tenant, with the tag that a conditional change names."""
    response = json_answer(
        {**more, "tenant": whole_view(tenant, now(), records.open_gaps(item))}, status
    )
    response.set_etag(etag_of(item))
    return response
