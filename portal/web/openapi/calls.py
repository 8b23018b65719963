"""What the document says of each call, beside what its route, parameters and models say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from portal.imports import AllowedChange, Policy
from portal.tenants import Status
from portal.web.api import import_models, models
from portal.web.openapi import examples

_TEXT = {
    "type": "string",
    "minLength": 1,
    "maxLength": 100,
    "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]+$",
}
_CURSOR = {"type": "string", "minLength": 1, "maxLength": 3000}


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """One query parameter. Whether it must be there says the call's own `Parameters`."""

    description: str
    schema: Mapping[str, Any]
    example: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a call answers with one status."""

    description: str
    model: type[msgspec.Struct]
    example: Any = None
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A call.

    Attributes:
        query: Name of a query parameter -> what it means.
        answers: Its own answers; those that many calls share are added by `document`.
        path_id: What the id in the address is, and an example.
        may_have_token: Anybody may call it, and a program with a token is told more.
        content_types: Of the body; empty if there is none.
    """

    summary: str
    description: str
    answers: Mapping[int, Answer]
    query: Mapping[str, Parameter] = field(default_factory=dict)
    request_example: Any = None
    may_have_token: bool = False
    has_if_match: bool = False
    path_id: tuple[str, str] = ("The id of a tenant, or of a sign-up.", examples.TENANT_ID)
    content_types: tuple[str, ...] = ()


_CONFLICT = Answer(
    description="The tenant does not allow this as it is. Nothing was changed.",
    model=models.ConflictAnswer,
    headers=("ETag",),
)
_LIMIT = Parameter(
    description="The most rows of a page, 1 to 100; 50 if it is not sent.",
    schema={"type": "integer", "minimum": 1, "maximum": 100},
    example="50",
)

#: Endpoint -> what is said of it.
CALLS: Mapping[str, Call] = {
    "api.validate": Call(
        summary="May a tenant use the application?",
        description="The application asks this at every start. The answer is 200 whatever it is."
        " With a token for `tenants:read` the contact is in it.",
        may_have_token=True,
        query={
            "accountId": Parameter(
                description="The account in Field Service Management.",
                schema=_TEXT,
                example="86810",
            ),
            "companyId": Parameter(
                description="The company of this account.", schema=_TEXT, example="104348"
            ),
        },
        answers={
            200: Answer(
                description="Whether it may, and why not.",
                model=models.ValidateAnswer,
                example=examples.VALID,
            )
        },
    ),
    "api.new_tenant": Call(
        summary="Ask for access",
        description="Makes a sign-up for staff to decide on, never an active tenant, and changes"
        " nothing that exists. Dates and `isActive` are ignored.",
        may_have_token=True,
        request_example=examples.NEW_TENANT,
        content_types=("application/json",),
        answers={
            201: Answer(
                description="The sign-up was made.",
                model=models.SignUpAnswer,
                example=examples.SIGN_UP,
                headers=("Location",),
            ),
            409: Answer(
                description="There is a tenant with these ids, or this address has an open sign-up"
                " for them.",
                model=models.ErrorAnswer,
            ),
        },
    ),
    "api.tenant": Call(
        summary="Read a tenant",
        description="The pending id of a sign-up that was activated leads to its tenant.",
        answers={
            200: Answer(
                description="The tenant, without its secret.",
                model=models.TenantAnswer,
                example={"tenant": examples.TENANT},
                headers=("ETag",),
            )
        },
    ),
    "api.change_tenant": Call(
        summary="Change a tenant",
        description="All of the fields that are sent, or none. Each change is in the history as the"
        " token's. A licence may be shortened, also to an end that is past: nobody is asked.",
        request_example=examples.CHANGE,
        content_types=("application/json",),
        has_if_match=True,
        answers={
            200: Answer(
                description="The tenant as it is now.",
                model=models.ChangeAnswer,
                example=examples.CHANGED,
                headers=("ETag",),
            ),
            409: _CONFLICT,
            412: Answer(
                description="The tenant has changed since it was read. Nothing was changed.",
                model=models.ConflictAnswer,
                headers=("ETag",),
            ),
        },
    ),
    "api.tenants": Call(
        summary="List tenants",
        description="Page by page, the newest change (`changedAt`) first. A change is in the list"
        " some seconds later. Each page begins behind the last row of the page before, so a tenant"
        " that does not change comes exactly once; one that changes in between moves to page one."
        " A page may be short though others follow: only one without `nextCursor` is the last.",
        query={
            "status": Parameter(
                description="Only tenants with this status.",
                schema={"type": "string", "enum": [each.value for each in Status]},
                example="active",
            ),
            "cursor": Parameter(
                description="`nextCursor` of the page before. It holds the `status`.",
                schema=_CURSOR,
            ),
            "limit": _LIMIT,
        },
        answers={
            200: Answer(description="A page.", model=models.TenantPage, example=examples.TENANTS)
        },
    ),
    "api.events": Call(
        summary="Read the history of a tenant",
        description="Its changes, the newest first, back to its time as a sign-up.",
        query={
            "cursor": Parameter(description="`nextCursor` of the page before.", schema=_CURSOR),
            "limit": Parameter(description=_LIMIT.description, schema=_LIMIT.schema, example="1"),
        },
        answers={
            200: Answer(description="A page.", model=models.EventPage, example=examples.EVENTS)
        },
    ),
    "api.imports": Call(
        summary="Import tenants",
        description="The body is the file, in one of the formats of docs/importing.md; the answer"
        " is the report. Rows that cannot be imported stand in it.",
        request_example=examples.FILE,
        content_types=("application/json", "application/x-ndjson", "text/csv"),
        query={
            "policy": Parameter(
                description="What happens to tenants that are there already.",
                schema={"type": "string", "enum": [each.value for each in Policy]},
                example=Policy.SKIP.value,
            ),
            "allow": Parameter(
                description="Decisions of staff that the import may change.",
                schema={
                    "type": "array",
                    "items": {"type": "string", "enum": [each.value for each in AllowedChange]},
                },
            ),
            "origin": Parameter(
                description="The names of the places to import, if the file holds tenants of"
                " several: they are merged only if they are named.",
                schema={"type": "array", "items": {**_TEXT, "maxLength": 200}},
            ),
            "dryRun": Parameter(
                description="`true`: only the report.",
                schema={"type": "string", "enum": ["true", "false"]},
                example="true",
            ),
            "mostLosing": Parameter(
                description="If more tenants would lose access, now or later, nothing is written.",
                schema={"type": "integer", "minimum": 0, "maximum": 999_999_999},
                example="0",
            ),
        },
        answers={
            200: Answer(description="The report.", model=import_models.ImportReport),
            409: Answer(
                description="More tenants than `mostLosing` would lose access, and nothing was"
                " written; or an administrator stopped it.",
                model=models.ErrorAnswer,
            ),
            422: Answer(
                description="The body is no such file, or holds tenants of several places and"
                " `origin` does not choose among them.",
                model=import_models.FileAnswer,
            ),
        },
    ),
    "api.undo_import": Call(
        summary="Undo an import",
        description="Every row that nobody has changed since goes back to what it was, or away if"
        " it was new. Rows that stay say why. A request that broke off is sent again: it goes on.",
        path_id=("The id of an import: `importId` in its report.", examples.IMPORT_ID),
        query={
            "dryRun": Parameter(
                description="`true`: only the report.",
                schema={"type": "string", "enum": ["true", "false"]},
                example="true",
            ),
            "mostLosing": Parameter(
                description="Nothing is undone if more tenants would lose access, now or later."
                " Any number may if it is not sent.",
                schema={"type": "integer", "minimum": 0, "maximum": 999_999_999},
                example="0",
            ),
            "stop": Parameter(
                description="`true`: an import that is still being written is stopped first. If no"
                " row was written for a minute, it is in any case.",
                schema={"type": "string", "enum": ["true", "false"]},
                example="true",
            ),
        },
        answers={
            200: Answer(description="The report.", model=import_models.UndoReport),
            404: Answer(description="No import has this id.", model=models.ErrorAnswer),
            409: Answer(
                description="It cannot be undone, or too many tenants would lose access.",
                model=models.ErrorAnswer,
            ),
            411: Answer(
                description="The request has no `Content-Length`: there is no body, so send 0.",
                model=models.ErrorAnswer,
            ),
        },
    ),
}
