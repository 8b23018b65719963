"""An import in words: its line in the list, what it means, and what was chosen for it."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import url_for

from portal import records
from portal.imports import FileFormat, ImportJob, JobState, RowKind
from portal.timestamps import parse_timestamp
from portal.web.http import settings
from portal.web.i18n import _, dates, format_number, labels, translate_message
from portal.web.imports.outcome import failed_rows, progress_text
from portal.web.imports.place_view import places_of_job
from portal.web.imports.undo_view import ended_sentence, progress_sentence

_TONES = {
    JobState.PLANNED: "information",
    JobState.APPLYING: "information",
    JobState.DONE: "positive",
    JobState.STOPPED: "warning",
    JobState.DISCARDED: "",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class JobLine:
    """One line of the list of imports: ready strings."""

    url: str
    at: str
    file_name: str
    by: str
    counts: str
    progress: str
    state: str
    tone: str


def job_line(job: ImportJob) -> JobLine:
    is_partly_written = job.state in (JobState.APPLYING, JobState.STOPPED)
    return JobLine(
        url=url_for("imports.show", import_id=job.id),
        at=dates.second(job.at, settings().time_zone),
        file_name=job.file_name,
        by=job.by,
        counts=_counts(job),
        progress=_undo_text(job) or (progress_text(job) if is_partly_written else ""),
        state=job_state(job),
        tone=job_tone(job),
    )


def _undo_text(job: ImportJob) -> str:
    """Who undid it, when, and how far; empty before that."""
    if job.undo is None:
        return ""
    return (ended_sentence if job.undo.is_over else progress_sentence)(job.undo, job.written)


def job_state(job: ImportJob) -> str:
    if job.undo is None:
        return _(labels.IMPORT_STATE[job.state])
    is_whole = job.undo.is_over and job.undo.undone == job.written
    return _("Undone") if is_whole else _("Partly undone")


def _counts(job: ImportJob) -> str:
    counts = (
        _(labels.KIND_COUNT[kind], n=format_number(job.counts[kind]))
        for kind in RowKind
        if job.counts[kind]
    )
    return ", ".join(counts) or _("no rows")


def job_tone(job: ImportJob) -> str:
    """The colour of an import's state."""
    if job.undo is not None:
        return "information" if job.undo.is_over else "warning"
    has_failed_rows = job.state is JobState.DONE and failed_rows(job)
    return "warning" if has_failed_rows else _TONES[job.state]


def summary_sentences(job: ImportJob) -> list[str]:
    """What the import would write or has written, who gets access by it, what was not read."""
    sentences = [translate_message(note) for note in job.notes]
    if job.state is JobState.PLANNED:
        sentences.append(
            _("%(number)s of %(rows)s rows would be written. Nothing is written yet.",
              number=format_number(job.to_write), rows=format_number(job.rows))
        )  # fmt: skip
    is_planned = job.state is JobState.PLANNED and job.to_write
    is_written = job.state in (JobState.DONE, JobState.STOPPED) and job.written
    # Once it is undone, nobody uses the application by it.
    if is_planned or (is_written and job.undo is None):
        sentences += _licence_sentences(job)
    if job.ignored_keys:
        sentences.append(
            _("Keys of other programs, not read: %(number)s.",
              number=format_number(job.ignored_keys))
        )  # fmt: skip
    return sentences


def _licence_sentences(job: ImportJob) -> Iterator[str]:
    """How many of the tenants may use the application, and until when."""
    yield _active_sentence(job)
    if job.later:
        yield _(
            "Tenants that may use the application later, and not yet: %(number)s.",
            number=format_number(job.later),
        )


def _active_sentence(job: ImportJob) -> str:
    if not job.active:
        return _("This import lets nobody use the application now.")
    first_end, last_end = (
        _("without an end") if text >= records.NEVER
        else dates.day(parse_timestamp(text), settings().time_zone)
        for text in job.until
    )  # fmt: skip
    number = format_number(job.active)
    if first_end == last_end and job.until[0] >= records.NEVER:
        return _(
            "Tenants that may use the application by this import: %(number)s, without an end.",
            number=number,
        )
    if first_end == last_end:
        return _(
            "Tenants that may use the application by this import: %(number)s, until %(last)s.",
            number=number, last=last_end,
        )  # fmt: skip
    return _(
        "Tenants that may use the application by this import: %(number)s. The first licence"
        " ends: %(first)s; the last: %(last)s.",
        number=number, first=first_end, last=last_end,
    )  # fmt: skip


def job_facts(job: ImportJob) -> list[tuple[str, str]]:
    """Who did what with the import, and the options that were chosen: (label, value)."""
    facts = [(_("File"), job.file_name)] if job.file_name else []
    if job.places:
        facts.append((_("Origin"), places_of_job(job)))
    facts.append((_("Started by"), job.by))
    if job.confirmed_by not in ("", job.by):
        facts.append((_("Written by"), job.confirmed_by))
    if job.ended_by:
        label = _("Stopped by") if job.state is JobState.STOPPED else _("Discarded by")
        facts.append((label, job.ended_by))
    if job.finished_at:
        facts.append((_("Ended"), dates.moment(job.finished_at, settings().time_zone)))
    facts += [
        (
            _("Kind of file"),
            ", ".join(_(labels.FILE_FORMAT[FileFormat(name)]) for name in job.formats),
        ),
        (_("When a tenant is already in the portal"), _(labels.POLICY[job.options.policy])),
    ]
    if not job.rows_kept:
        # Otherwise the filters above the rows show the counts.
        facts.append((_("Rows"), _counts(job)))
    allowed = [_(labels.ALLOWED_CHANGE[each]) for each in sorted(job.options.allowed)]
    return [*facts, (_("Also allowed"), "; ".join(allowed))] if allowed else facts
