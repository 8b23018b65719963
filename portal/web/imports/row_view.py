"""The rows of an import: a page of one kind of them, as ready strings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import url_for

from portal.imports import (
    SECRET_FIELD,
    WRITTEN_KINDS,
    FieldChange,
    FieldMessage,
    ImportJob,
    JobState,
    PlanRow,
    RowKind,
    RowPosition,
    page_of_rows,
    printable_excerpt,
)
from portal.stores import Store
from portal.tenants import Status
from portal.timestamps import parse_timestamp
from portal.web.http import settings
from portal.web.i18n import _, dates, format_number, labels, translate_message

_TONES = {
    RowKind.NEW: "positive",
    RowKind.UPDATE: "information",
    RowKind.CONFLICT: "warning",
    RowKind.INVALID: "negative",
    RowKind.SAME: "",
    RowKind.DUPLICATE: "",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class RowFilter:
    """A link to the rows of one kind. `current`: the value of `aria-current`."""

    label: str
    count: str
    url: str
    current: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RowView:
    """One row of the plan: ready strings.

    `badges`: (label, tone). `access`: status and validity of a new tenant. `changes`: (field, old,
    new). `repairs`: what the portal corrected or left out by itself, so nobody has to decide
    anything. `repairs_count` says how many there are.
    """

    number: str
    name: str
    company: str
    url: str
    line_and_column: str
    place: str
    badges: Sequence[tuple[str, str]]
    access: str
    secret: str
    reasons: Sequence[str]
    repairs: Sequence[str]
    repairs_count: str
    changes: Sequence[tuple[str, str, str]]


def rows_view(
    store: Store,
    job: ImportJob,
    kind: RowKind,
    *,
    after: RowPosition | None,
    rows_before: int,
    first_url: str,
) -> dict[str, object]:
    """Variables of the template for a page of the rows of one kind.

    `after`: where the page begins, None for the first one. `rows_before`: how many rows of the
    kind stand before it. `first_url`: empty on the first page.
    """
    rows, next_position = page_of_rows(store, job, kind, after=after)
    url = url_for("imports.show", import_id=job.id)
    last = rows_before + len(rows)
    next_url = ""
    if next_position:
        after_text = f"{next_position.chunk}-{next_position.offset}-{last}"
        next_url = f"{url}?kind={kind}&after={after_text}"
    is_part = rows and (after or next_position) and last <= job.counts[kind]
    return {
        "filters": _row_filters(job, kind, url),
        "kind_label": _(labels.KIND[kind]),
        "kind_meaning": _kind_meaning(job, kind),
        "rows": [_row_view(row, job) for row in rows],
        "first_url": first_url,
        "next_url": next_url,
        "part": _(
            "%(first)s–%(last)s of %(all)s",
            first=format_number(rows_before + 1),
            last=format_number(last),
            all=format_number(job.counts[kind]),
        )
        if is_part
        else "",
    }


def _row_filters(job: ImportJob, current: RowKind, url: str) -> list[RowFilter]:
    return [
        RowFilter(
            label=_(labels.KIND[kind]),
            count=format_number(job.counts[kind]),
            url=f"{url}?kind={kind}",
            current="page" if kind is current else "false",
        )
        for kind in RowKind
    ]


def _kind_meaning(job: ImportJob, kind: RowKind) -> str:
    """What all rows of this kind have in common, before or after the import."""
    match job.state:
        case JobState.DONE:
            return _(labels.KIND_OUTCOME[kind])
        case JobState.STOPPED:
            return _(labels.KIND_STOPPED[kind])
        case _:
            return _(labels.KIND_MEANING[kind])


def _row_view(row: PlanRow, job: ImportJob) -> RowView:
    repairs = [_field_message(each) for each in row.repairs]
    if row.left_out:
        names = ", ".join(printable_excerpt(name) for name in row.left_out)
        repairs.append(
            _printable(
                _("Left out, because the portal does not know these fields: %(names)s", names=names)
            )
        )
    return RowView(
        number=format_number(row.number),
        name=printable_excerpt(row.tenant_id or row.key) or _("No id"),
        company=printable_excerpt(row.company),
        url=url_for("staff.tenant", tenant_id=row.tenant_id) if _is_in_store(row, job) else "",
        line_and_column=_(
            "line %(line)s, column %(column)s",
            line=format_number(row.line), column=format_number(row.column),
        ),
        # Of one place, the whole import says it.
        place=row.place if job.places_total != 1 else "",
        badges=_badges(row, job),
        access=_access(row) if row.kind is RowKind.NEW else "",
        secret=_(labels.SECRET[row.secret]) if row.secret in labels.SECRET else "",
        reasons=[_field_message(each) for each in row.reasons],
        repairs=repairs,
        repairs_count=_("Repaired or left out: %(n)s", n=format_number(len(repairs))),
        changes=[_change_view(change) for change in row.changes],
    )  # fmt: skip


def _access(row: PlanRow) -> str:
    """`Active, 1 May 2026 – 30 Apr 2027`: what the file says about the licence."""
    is_active = row.values.get("isActive") is True
    status = _(labels.STATUS[Status.ACTIVE if is_active else Status.SUSPENDED])
    zone = settings().time_zone
    first, last = (dates.day(_instant(row, name), zone) for name in ("validFrom", "validTo"))
    if row.values.get("openEnded") is True:
        last = _("without an end")
    days = f"{first} – {last}".strip() if last else _("no end named")
    return f"{status}, {days}"


def _instant(row: PlanRow, name: str) -> datetime | None:
    text = row.values.get(name)
    return parse_timestamp(text) if isinstance(text, str) else None


def _change_view(change: FieldChange) -> tuple[str, str, str]:
    old, new = change.old, change.new
    if change.field == SECRET_FIELD:
        # Nothing else about a secret is ever shown.
        is_set = old == "set"
        return change.field, _("set") if is_set else "", _("replaced") if is_set else _("set")
    if change.field in ("validFrom", "validTo"):
        zone = settings().time_zone
        old, new = dates.edge_of_text(old, zone), dates.edge_of_text(new, zone)
    return printable_excerpt(change.field), printable_excerpt(old), printable_excerpt(new)


def _is_in_store(row: PlanRow, job: ImportJob) -> bool:
    """Whether the tenant of the row is certainly in the store, so that a link leads to it."""
    match row.kind:
        case RowKind.SAME | RowKind.UPDATE:
            return True
        case RowKind.CONFLICT:
            # A row that is held back for a newer row of the same tenant has no changes if the
            # tenant is not in the store.
            names_two_tenants = any(each.field == "tenant" for each in row.reasons)
            return bool(row.changes) or not (row.duplicate_of or names_two_tenants)
        case RowKind.NEW:
            return row.written
        case RowKind.DUPLICATE:
            # The row that counts instead is written once all rows are.
            return job.state is JobState.DONE and bool(row.tenant_id)
        case RowKind.INVALID:
            # It may name two ids, or none.
            return False


def _badges(row: PlanRow, job: ImportJob) -> list[tuple[str, str]]:
    badges = [(_(labels.KIND[row.kind]), _TONES[row.kind])]
    if job.state is JobState.STOPPED and row.kind in WRITTEN_KINDS:
        badges.append((_("Written"), "positive") if row.written else (_("Not written"), "warning"))
    return badges


def _field_message(message: FieldMessage) -> str:
    text = translate_message(message.text)
    return _printable(f"{message.field}: {text}" if message.field else text)


def _printable(text: str) -> str:
    """The sentence with unprintable characters escaped. Its values are cut already."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
