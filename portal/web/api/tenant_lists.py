"""`GET /api/tenants` and `GET /api/tenants/<tenantId>/events`: lists for programs, page by page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from flask import Response, request

from portal import queries, records, search
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
    """The newest change first. After an update, until every tenant is in the list of changes, they
    come as the indexes have them: a list that lacks some would be worse than one in another
    order."""
    arguments = LIST_PARAMETERS.read(request.environ.get("QUERY_STRING", ""))
    place = _position(arguments)
    statuses = [place.status] if place.status else list(Status)
    limit = _limit(arguments)
    if place.after is None and not search.walk_state(store()).has_changes:
        place = replace(place, by_change=False)
    if place.by_change:
        after = place.after.position if place.after else None
        changes = search.newest_changes(store(), statuses, after=after, limit=limit)
        rows = changes.items
        next_place = PageCursor(0, changes.after) if changes.after else None
    else:
        page = queries.page(store(), _status_ranges(statuses), after=place.after, limit=limit)
        rows, next_place = page.rows, page.after
    body: dict[str, object] = {"tenants": [row_view(row, now()) for row in rows]}
    return json_answer(body | _next(next_place, place.list_name))


def _status_ranges(statuses: Sequence[Status]) -> list[IndexRange]:
    return [
        IndexRange(GSI2, records.status_partition(each), newest_first=True) for each in statuses
    ]


@bp.get("/tenants/<tenant_id>/events")
def events(tenant_id: str) -> Response:
    """The history under all ids of the tenant, the newest change first."""
    arguments = EVENT_PARAMETERS.read(request.environ.get("QUERY_STRING", ""))
    try:
        tenant, _item = find_tenant(tenant_id)
    except UnknownTenantError:
        return unknown_tenant()
    list_name = f"api events {tenant.id}"
    # What happened to the sign-up came before its activation.
    ranges = [
        IndexRange(
            GSI2,
            records.events_partition(stay.id),
            records.range_of_stay(stay),
            newest_first=True,
        )
        for stay in tenant.stays
    ]
    page = queries.page(
        store(), ranges, after=_cursor(arguments, list_name), limit=_limit(arguments)
    )
    body: dict[str, object] = {"events": [_event_view(records.event_of(row)) for row in page.rows]}
    return json_answer(body | _next(page.after, list_name))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a page begins, and in which list."""

    status: Status | None
    after: PageCursor | None = None
    by_change: bool = True

    @property
    def list_name(self) -> str:
        order = "api changes" if self.by_change else "api tenants"
        return f"{order} {self.status.value if self.status else 'all'}"


def _position(arguments: Mapping[str, str]) -> _Place:
    """The place behind the last page. A cursor without a status goes on in its list, and one of
    an earlier version in the order of that."""
    status = _status(arguments)
    if "cursor" not in arguments:
        return _Place(status)
    for each in [status] if status else [*Status, None]:
        for by_change in (True, False):
            place = _Place(each, by_change=by_change)
            after = services().links.read_cursor(arguments["cursor"], place.list_name)
            if after:
                return replace(place, after=after)
    raise _no_cursor()


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
        raise _no_cursor()
    return cursor


def _no_cursor() -> ArgumentError:
    message = "Send the nextCursor of an answer of this list; or none for page one."
    return ArgumentError("invalid_cursor", message)


def _next(after: PageCursor | None, list_name: str) -> dict[str, object]:
    return {"nextCursor": services().links.cursor(after, list_name)} if after else {}
