"""An import in words: what it means, what was chosen, and its rows as ready strings."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask import url_for

from portal import records
from portal.imports import (
    SECRET_FIELD,
    WRITTEN_KINDS,
    FieldChange,
    FieldMessage,
    FileFormat,
    ImportJob,
    JobState,
    PlanRow,
    RowKind,
    printable_excerpt,
)
from portal.timestamps import parse_timestamp
from portal.web.http import settings
from portal.web.i18n import _, dates, format_number, labels, translate_message
from portal.web.imports.outcome import failed_rows, progress_text

_TONES = {
    JobState.PLANNED: "information",
    JobState.APPLYING: "information",
    JobState.DONE: "positive",
    JobState.STOPPED: "warning",
    JobState.DISCARDED: "",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class JobLine:
    """One line of the list of imports."""

    url: str
    at: str
    by: str
    counts: str
    progress: str
    state: str
    tone: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RowFilter:
    label: str
    count: str
    url: str
    current: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RowView:
    """One row of the plan: ready strings. `badges`: (words, tone). `changes`: (field, old, new).
    `repairs` are what was mended or left out: nothing that has to be decided."""

    number: str
    name: str
    company: str
    url: str
    place: str
    badges: Sequence[tuple[str, str]]
    secret: str
    reasons: Sequence[str]
    repairs: Sequence[str]
    repairs_in_short: str
    changes: Sequence[tuple[str, str, str]]


def job_tone(job: ImportJob) -> str:
    nothing_came_in = failed_rows(job) and not job.written
    return "warning" if job.state is JobState.DONE and nothing_came_in else _TONES[job.state]


# ---- All of it


def job_line(job: ImportJob) -> JobLine:
    is_partly_in = job.state in (JobState.APPLYING, JobState.STOPPED)
    return JobLine(
        url=url_for("imports.run", import_id=job.id),
        at=dates.second(job.at, settings().time_zone),
        by=job.by,
        counts=_counts(job),
        progress=progress_text(job) if is_partly_in else "",
        state=_(labels.IMPORT_STATE[job.state]),
        tone=job_tone(job),
    )


def _counts(job: ImportJob) -> str:
    counts = (
        _(labels.KIND_COUNT[kind], n=format_number(job.counts[kind]))
        for kind in RowKind
        if job.counts[kind]
    )
    return ", ".join(counts) or _("no rows")


def row_filters(job: ImportJob, current: RowKind, url: str) -> list[RowFilter]:
    return [
        RowFilter(
            label=_(labels.KIND[kind]),
            count=format_number(job.counts[kind]),
            url=f"{url}?kind={kind}",
            current="page" if kind is current else "false",
        )
        for kind in RowKind
    ]


def kind_meaning(job: ImportJob, kind: RowKind) -> str:
    """What is true of all rows of this kind."""
    match job.state:
        case JobState.DONE:
            return _(labels.KIND_OUTCOME[kind])
        case JobState.STOPPED:
            return _(labels.KIND_STOPPED[kind])
        case _:
            return _(labels.KIND_MEANING[kind])


def summary_sentences(job: ImportJob) -> list[str]:
    """What the import means: what it writes, who could use the application, what was not read."""
    sentences = []
    if job.state is JobState.PLANNED:
        sentences.append(
            _("%(number)s of %(rows)s rows would be written. Nothing is written yet.",
              number=format_number(job.to_write), rows=format_number(job.rows))
        )  # fmt: skip
    is_planned = job.state is JobState.PLANNED and job.to_write
    if is_planned or (job.state in (JobState.DONE, JobState.STOPPED) and job.written):
        sentences += _licences_in_words(job)
    if job.ignored_keys:
        sentences.append(
            _("Keys of other programs, not read: %(number)s.",
              number=format_number(job.ignored_keys))
        )  # fmt: skip
    return sentences


def _licences_in_words(job: ImportJob) -> Iterator[str]:
    """Of what would be written, or is: who may use the application, and until when."""
    yield _active_in_words(job)
    if job.later:
        yield _(
            "Tenants that may use the application later, and not yet: %(number)s.",
            number=format_number(job.later),
        )


def _active_in_words(job: ImportJob) -> str:
    if not job.active:
        return _("By this import nobody may use the application now.")
    first, last = (
        _("without an end") if text >= records.NEVER
        else dates.day(parse_timestamp(text), settings().time_zone)
        for text in job.until
    )  # fmt: skip
    number = format_number(job.active)
    if first == last and job.until[0] >= records.NEVER:
        return _(
            "Tenants that may use the application by this import: %(number)s, without an end.",
            number=number,
        )
    if first == last:
        return _(
            "Tenants that may use the application by this import: %(number)s, until %(last)s.",
            number=number, last=last,
        )  # fmt: skip
    return _(
        "Tenants that may use the application by this import: %(number)s. The first licence"
        " ends: %(first)s; the last: %(last)s.",
        number=number, first=first, last=last,
    )  # fmt: skip


def chosen_facts(job: ImportJob) -> list[tuple[str, str]]:
    pairs = [(_("Started by"), job.by)]
    if job.confirmed_by not in ("", job.by):
        pairs.append((_("Written by"), job.confirmed_by))
    if job.ended_by:
        ended = _("Stopped by") if job.state is JobState.STOPPED else _("Discarded by")
        pairs.append((ended, job.ended_by))
    if job.finished_at:
        pairs.append((_("Ended"), dates.moment(job.finished_at, settings().time_zone)))
    pairs += [
        (
            _("Kind of file"),
            ", ".join(_(labels.SHAPE[FileFormat(shape)]) for shape in job.shapes),
        ),
        (_("When a tenant is here already"), _(labels.POLICY[job.choice.policy])),
    ]
    if not job.rows_kept:
        # Else the filters tell them.
        pairs.append((_("Rows"), _counts(job)))
    allowed = [_(labels.ALLOWED[each]) for each in sorted(job.choice.allowed)]
    return [*pairs, (_("Also allowed"), "; ".join(allowed))] if allowed else pairs


# ---- Its rows


def row_view(row: PlanRow, job: ImportJob) -> RowView:
    repairs = [_note(each) for each in row.repairs]
    if row.left_out:
        names = ", ".join(printable_excerpt(name) for name in row.left_out)
        repairs.append(
            _printable(_("Left out, as the portal does not know it: %(names)s", names=names))
        )
    return RowView(
        number=format_number(row.number),
        name=printable_excerpt(row.tenant_id or row.key) or _("No id"),
        company=printable_excerpt(row.company),
        url=url_for("staff.tenant", tenant_id=row.tenant_id) if _is_there(row, job) else "",
        place=_(
            "line %(line)s, column %(column)s",
            line=format_number(row.line), column=format_number(row.column),
        ),
        badges=_badges(row, job),
        secret=_(labels.SECRET[row.secret]) if row.secret in labels.SECRET else "",
        reasons=[_note(each) for each in row.reasons],
        repairs=repairs,
        repairs_in_short=_("Repaired or left out: %(n)s", n=format_number(len(repairs))),
        changes=[_change_shown(change) for change in row.changes],
    )  # fmt: skip


def _change_shown(change: FieldChange) -> tuple[str, str, str]:
    old, new = change.old, change.new
    if change.field == SECRET_FIELD:
        # No more than this is ever told of it.
        is_set = old == "set"
        return change.field, _("set") if is_set else "", _("replaced") if is_set else _("set")
    if change.field in ("validFrom", "validTo"):
        zone = settings().time_zone
        old, new = dates.edge_of_text(old, zone), dates.edge_of_text(new, zone)
    return printable_excerpt(change.field), printable_excerpt(old), printable_excerpt(new)


def _is_there(row: PlanRow, job: ImportJob) -> bool:
    """Whether the tenant is known to be in the store. Of a row that names two ids and fails
    nobody knows; of a duplicate the row that counts decides, which is in once all are."""
    match row.kind:
        case RowKind.SAME | RowKind.UPDATE:
            return True
        case RowKind.CONFLICT:
            # One that is held back for a newer row differs from nothing if it is not there.
            return bool(row.changes) or not row.duplicate_of
        case RowKind.NEW:
            return row.written
        case RowKind.DUPLICATE:
            return job.state is JobState.DONE and bool(row.tenant_id)
        case RowKind.INVALID:
            return False


def _badges(row: PlanRow, job: ImportJob) -> list[tuple[str, str]]:
    badges = [(_(labels.KIND[row.kind]), _KIND_TONES[row.kind])]
    if job.state is JobState.STOPPED and row.kind in WRITTEN_KINDS:
        badges.append((_("Written"), "positive") if row.written else (_("Not written"), "warning"))
    return badges


_KIND_TONES = {
    RowKind.NEW: "positive",
    RowKind.UPDATE: "information",
    RowKind.CONFLICT: "warning",
    RowKind.INVALID: "negative",
    RowKind.SAME: "",
    RowKind.DUPLICATE: "",
}


def _note(reason: FieldMessage) -> str:
    text = translate_message(reason.text)
    return _printable(f"{reason.field}: {text}" if reason.field else text)


def _printable(text: str) -> str:
    """A sentence of ours, whose values were cut already."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
