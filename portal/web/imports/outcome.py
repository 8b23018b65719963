"""How an import ended and by whom, or why it is paused, in sentences."""

from collections.abc import Sequence
from dataclasses import dataclass

from portal.imports import ImportJob, JobState, RowKind, UndoProgress
from portal.web.http import settings
from portal.web.i18n import _, dates, format_number
from portal.web.imports.undo_view import ended_sentence, progress_sentence


@dataclass(frozen=True, slots=True)
class OutcomeView:
    """`sentence` is also announced to screen readers; `details` stand below it."""

    sentence: str
    details: Sequence[str]
    tone: str


def failed_rows(job: ImportJob) -> int:
    return job.counts[RowKind.CONFLICT] + job.counts[RowKind.INVALID]


def outcome_of(job: ImportJob, *, too_late: bool, paused: bool) -> OutcomeView | None:
    """None while the import is planned or being written.

    `too_late`: the request wanted to write or stop an import that had ended before. `paused`: the
    store has refused a step.
    """
    if job.undo is not None and not too_late:
        return _undone(job, job.undo)
    match job.state:
        case JobState.DONE:
            return _already_done(job) if too_late else _done(job)
        case JobState.STOPPED:
            return _stopped(job, too_late=too_late)
        case JobState.DISCARDED:
            return _discarded(job, too_late=too_late)
        case JobState.PLANNED if paused:
            sentence = _("The store did not accept the rows. Nothing was written.")
            return OutcomeView(sentence, [_("Try again in a moment.")], "negative")
        case JobState.APPLYING if paused:
            sentence = _("The store did not accept more rows. Rows that were written stay.")
            return OutcomeView(sentence, [_("Press Continue in a moment.")], "negative")
        case _:
            return None


def _undone(job: ImportJob, undo: UndoProgress) -> OutcomeView:
    """Undoing follows whatever else became of the import."""
    if undo.is_over:
        again = _("To write its rows again, import the file again.")
        return OutcomeView(ended_sentence(undo, job.written), [again], "information")
    began = _(
        "%(who)s began to undo this import on %(at)s.",
        who=undo.by, at=dates.moment(undo.at, settings().time_zone),
    )  # fmt: skip
    return OutcomeView(began, [progress_sentence(undo, job.written)], "warning")


def progress_text(job: ImportJob) -> str:
    return _("%(done)s of %(all)s rows are handled.", **_counts(job))


def announcement(job: ImportJob, previous: int | None) -> str:
    """What is announced to screen readers after a step: the beginning, then each quarter.

    `previous`: how many rows were handled before the step, None if the import begins with it.
    """
    if previous is None:
        return _("The rows are being written: %(done)s of %(all)s are handled.", **_counts(job))
    # After the last row, the outcome is announced instead.
    if job.processed >= job.to_write or _quarter(job, previous) == _quarter(job, job.processed):
        return ""
    return progress_text(job)


def _quarter(job: ImportJob, processed: int) -> int:
    return 4 * processed // job.to_write


def _done(job: ImportJob) -> OutcomeView:
    failed = failed_rows(job)
    failures = (
        [_("Rows that could not be imported: %(n)s.", n=format_number(failed))] if failed else []
    )
    if job.written:
        details = [_("Tenants written: %(n)s.", n=format_number(job.written)), *failures]
        tone = "warning" if failed else "positive"
        return OutcomeView(_("The import is done."), details, tone)
    if failed:
        return OutcomeView(_("The import is done, but no tenant was written."), failures, "warning")
    return OutcomeView(_("The import is done. There was nothing to write."), [], "positive")


def _already_done(job: ImportJob) -> OutcomeView:
    sentence = _("This import was already done, so it was not stopped.")
    who = job.confirmed_by or job.by
    detail = _("%(who)s confirmed it, and it was finished on %(at)s.", who=who, at=_ended_at(job))
    return OutcomeView(sentence, [detail], "information")


def _stopped(job: ImportJob, *, too_late: bool) -> OutcomeView:
    values = {**_counts(job), "who": _ended_by(job), "at": _ended_at(job)}
    if too_late:
        sentence = _(
            "%(who)s stopped this import on %(at)s: %(done)s of %(all)s rows were handled.",
            **values,
        )
    else:
        sentence = _("%(done)s of %(all)s rows were handled before %(who)s stopped it.", **values)
    again = _(
        "Import the same file again to write the other rows. Rows that are already in the portal"
        " show as same."
    )
    return OutcomeView(sentence, [_("Rows that were written stay."), again], "warning")


def _discarded(job: ImportJob, *, too_late: bool) -> OutcomeView:
    if not too_late:
        return OutcomeView(_("The plan is discarded."), [], "information")
    sentence = _("%(who)s discarded this plan on %(at)s.", who=_ended_by(job), at=_ended_at(job))
    return OutcomeView(sentence, [_("Nothing was written.")], "information")


def _counts(job: ImportJob) -> dict[str, str]:
    return {"done": format_number(job.processed), "all": format_number(job.to_write)}


def _ended_by(job: ImportJob) -> str:
    return job.ended_by or _("Somebody")


def _ended_at(job: ImportJob) -> str:
    return dates.moment(job.finished_at, settings().time_zone)
