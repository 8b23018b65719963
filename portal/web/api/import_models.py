"""The reports of imports as models, of which msgspec makes the schemas of the OpenAPI document."""

from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, Struct, UnsetType

from portal.web.api.models import ErrorAnswer


class ImportPlace(Struct, rename="camel", kw_only=True):
    """A storage of a browser, or a part of the file, that holds tenants."""

    place: Annotated[str, Meta(description="Its name. Send it as `origin`.")]
    entries: int
    last_change: Annotated[str, Meta(description="The newest `updatedAt`; empty if unknown.")]


class LostAccess(Struct, kw_only=True):
    """A tenant that loses access."""

    tenant: str
    at: Annotated[str, Meta(description="When. The time of the plan means at once.")]
    again: Annotated[str | None, Meta(description="When it has access again; null if never.")]


class AnswerChanges(Struct, rename="camel", kw_only=True):
    """Whose answer from `GET /api/validate` the rows change, as of the plan. Each tenant that the
    file names, and that is stored or becomes so, is counted once: who loses access at any time as
    losing it."""

    at: Annotated[str, Meta(description="The time of the plan.")]
    time_zone: Annotated[str, Meta(description="In which the days are meant.")]
    same: int
    lose_now: int
    lose_later: int
    lose_on: Annotated[dict[str, int], Meta(description="The first days on which, of those later.")]
    gain_now: int
    gain_later: int
    gain_on: dict[str, int]
    otherwise: Annotated[
        int, Meta(description="The same access, but another reason, other dates or other fields.")
    ]
    lose: Annotated[
        list[LostAccess], Meta(description="The first ones that lose access, up to 20.")
    ]


class ImportReport(Struct, rename="camel", kw_only=True):
    """What an import did, or would do. docs/importing.md explains it."""

    rows: list[dict[str, Any]]
    counts: dict[str, int]
    applied: bool
    policy: str
    allowed: list[str]
    ignored_keys: int
    answer_diff: AnswerChanges
    places: (
        Annotated[
            list[ImportPlace],
            Meta(description="Where the tenants come from, if the file says so; at most 50."),
        ]
        | UnsetType
    ) = UNSET
    notes: (
        Annotated[
            list[str],
            Meta(description="Sentences about the whole file, such as that it is only a part."),
        ]
        | UnsetType
    ) = UNSET


class UndoReport(Struct, rename="camel", kw_only=True):
    """What undoing an import did, or would do. docs/importing.md explains it."""

    rows: list[dict[str, Any]]
    counts: Annotated[dict[str, int], Meta(description="Rows by what became of them.")]
    import_id: str
    undone: Annotated[bool, Meta(description="Whether the import is undone.")]
    by: Annotated[str, Meta(description="Who began that; empty if nobody did.")]
    answer_diff: AnswerChanges
    undone_before: Annotated[
        int,
        Meta(description="Rows that an earlier request undid. `answerDiff` is of the others."),
    ]


#: A file to import, as JSON. There are more formats.
FILE_SCHEMA: Final[dict[str, Any]] = {
    "description": "A list of tenants, or another of the formats in docs/importing.md. Every entry"
    " has a row in the report, also one that cannot be imported.",
    "type": ["array", "object"],
}


class FileAnswer(ErrorAnswer, rename="camel", kw_only=True):
    """Why the file was not imported."""

    places: (
        Annotated[
            list[ImportPlace],
            Meta(description="With `choose_places`: the places among which to choose."),
        ]
        | UnsetType
    ) = UNSET
