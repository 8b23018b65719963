"""`GET /api/tenants` and `GET /api/tenants/<tenantId>/events`: lists for programs, page by page."""

from collections.abc import Mapping

from flask import Response, request

from portal import queries, records
from portal.onboarding import UnknownTenantError
from portal.queries import IndexRange, PageCursor
from portal.stores import GSI2
from portal.tenants import Status
from portal.timestamps import format_timestamp
from portal.web.api.arguments import ArgumentError, Parameters
from portal.web.api.responses import json_answer
from portal.web.api.tenant_view import changes_view, row_view
from portal.web.api.tenants import find_tenant, unknown_tenant
from portal.web.api.validate import bp
from portal.web.http import now, services, store

MAX_ROWS = 100
#: A cursor holds two keys of an index, signed.
_LONGEST_CURSOR = 3000
LIST_PARAMETERS = Parameters(optional=("status", "cursor", "limit"), longest=_LONGEST_CURSOR)
EVENT_PARAMETERS = Parameters(optional=("cursor", "limit"), longest=_LONGEST_CURSOR)


@bp.get("/tenants")
def tenants() -> Response:
    """By status, and within a status as the index has them: pending ones by their sign-up, active
    ones by their end, all others by their change; the latest first. No index has all of them by
    their change."""
    arguments = LIST_PARAMETERS.read(request.environ.get("QUERY_STRING", ""))
    status, after = _position(arguments)
    statuses = [status] if status else list(Status)
    ranges = [
        IndexRange(GSI2, records.status_partition(each), newest_first=True) for each in statuses
    ]
    page = queries.page(store(), ranges, after=after, limit=_limit(arguments))
    body: dict[str, object] = {"tenants": [row_view(row, now()) for row in page.rows]}
    return json_answer(body | _next(page.after, _list_name(status)))


@bp.get("/tenants/<tenant_id>/events")
def events(tenant_id: str) -> Response:
    """The history under both ids of the tenant, the newest change first."""
    arguments = EVENT_PARAMETERS.read(request.environ.get("QUERY_STRING", ""))
    try:
        tenant, _item = find_tenant(tenant_id)
    except UnknownTenantError:
        return unknown_tenant()
    list_name = f"api events {tenant.id}"
    # What happened to the sign-up came before its activation.
    ranges = [
        IndexRange(GSI2, records.events_partition(each), newest_first=True)
        for each in (tenant.id, tenant.pending_id)
        if each
    ]
    page = queries.page(
        store(), ranges, after=_cursor(arguments, list_name), limit=_limit(arguments)
    )
    body: dict[str, object] = {"events": [_event_view(records.event_of(row)) for row in page.rows]}
    return json_answer(body | _next(page.after, list_name))


def _list_name(status: Status | None) -> str:
    return f"api tenants {status.value if status else 'all'}"


def _position(arguments: Mapping[str, str]) -> tuple[Status | None, PageCursor | None]:
    """The status, and where the last page ended. A cursor without a status goes on in its list."""
    status = _status(arguments)
    if "cursor" not in arguments or status:
        return status, _cursor(arguments, _list_name(status))
    for each in Status:
        after = services().links.read_cursor(arguments["cursor"], _list_name(each))
        if after:
            return each, after
    return None, _cursor(arguments, _list_name(None))


def _event_view(event: records.Event) -> dict[str, object]:
    optional = {
        "at": format_timestamp(event.at) if event.at else "",
        "reason": event.reason,
        "requestId": event.request_id,
    }
    return {
        "by": event.by,
        "verb": event.verb,
        "changes": changes_view(event.changes),
        **{name: value for name, value in optional.items() if value},
    }


def _status(arguments: Mapping[str, str]) -> Status | None:
    if "status" not in arguments:
        return None
    try:
        return Status(arguments["status"])
    except ValueError as error:
        names = ", ".join(each.value for each in Status)
        message = f"Send a status, one of {names}, or none for all."
        raise ArgumentError("invalid_parameter", message) from error


def _limit(arguments: Mapping[str, str]) -> int:
    text = arguments.get("limit", str(queries.PAGE))
    # Other scripts' digits are no numbers of a program.
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MAX_ROWS):
        raise ArgumentError("invalid_parameter", f"Send limit as a number from 1 to {MAX_ROWS}.")
    return int(text)


def _cursor(arguments: Mapping[str, str], list_name: str) -> PageCursor | None:
    """Where the last page ended. It is signed together with the name of its list."""
    if "cursor" not in arguments:
        return None
    cursor = services().links.read_cursor(arguments["cursor"], list_name)
    if cursor is None:
        message = "Send the nextCursor of an answer of this list; or none for page one."
        raise ArgumentError("invalid_cursor", message)
    return cursor


def _next(after: PageCursor | None, list_name: str) -> dict[str, object]:
    return {"nextCursor": services().links.cursor(after, list_name)} if after else {}
