"""What became of an import, in sentences: how it ended and by whom, or why it waits."""

from collections.abc import Sequence
from dataclasses import dataclass

from portal.imports import ImportJob, JobState, RowKind
from portal.web.http import settings
from portal.web.i18n import _, dates, format_number


@dataclass(frozen=True, slots=True)
class OutcomeView:
    """`said` is told aloud, too; `more` stands below it."""

    said: str
    more: Sequence[str]
    tone: str


def failed_rows(job: ImportJob) -> int:
    return job.counts[RowKind.CONFLICT] + job.counts[RowKind.INVALID]


def outcome_of(job: ImportJob, *, late: bool, paused: bool) -> OutcomeView | None:
    """`late`: somebody wanted more of it when it was over already. `paused`: the store has
    refused a step."""
    match job.state:
        case JobState.DONE:
            return _finished_before(job) if late else _done(job)
        case JobState.STOPPED:
            return _stopped(job, late=late)
        case JobState.DISCARDED:
            return _discarded(job, late=late)
        case JobState.PLANNED if paused:
            said = _("The store did not take the rows. Nothing is written yet.")
            return OutcomeView(said, [_("Try again in a moment.")], "negative")
        case JobState.APPLYING if paused:
            said = _("The store did not take more rows. What is written stays.")
            return OutcomeView(said, [_("Press Continue in a moment.")], "negative")
        case _:
            return None


def progress_text(job: ImportJob) -> str:
    return _("%(done)s of %(all)s rows are handled.", **_counts(job))


def announcement(job: ImportJob, seen: int | None) -> str:
    """What is told aloud of a step: that it begins, and each further quarter. `seen`: how many
    rows were handled when the reader heard of it last."""
    if seen is None:
        return _("The rows are being written: %(done)s of %(all)s are handled.", **_counts(job))
    # After the last row the end is told.
    if job.processed >= job.to_write or _quarter(job, seen) == _quarter(job, job.processed):
        return ""
    return progress_text(job)


def _quarter(job: ImportJob, processed: int) -> int:
    return 4 * processed // job.to_write


def _done(job: ImportJob) -> OutcomeView:
    number, lost = job.written, failed_rows(job)
    missed = [_("Rows that could not be imported: %(n)s.", n=format_number(lost))] if lost else []
    if number:
        more = [_("Tenants written: %(n)s.", n=format_number(number)), *missed]
        return OutcomeView(_("The import is done."), more, "positive")
    if lost:
        return OutcomeView(_("The import is done, but no tenant was written."), missed, "warning")
    return OutcomeView(_("The import is done. Nothing had to be written."), [], "positive")


def _finished_before(job: ImportJob) -> OutcomeView:
    said = _("This import was done already: nothing was stopped.")
    who = _("%(who)s had it written on %(at)s.", who=job.confirmed_by or job.by, at=_ended_at(job))
    return OutcomeView(said, [who], "information")


def _stopped(job: ImportJob, *, late: bool) -> OutcomeView:
    values = {**_counts(job), "who": _ended_by(job), "at": _ended_at(job)}
    if late:
        said = _("%(who)s stopped this import on %(at)s: %(done)s of %(all)s rows were handled.",
                 **values)  # fmt: skip
    else:
        said = _("%(done)s of %(all)s rows were handled before %(who)s stopped it.", **values)
    again = _("Import the same file again to write the others: what is in shows as same.")
    return OutcomeView(said, [_("What is written stays."), again], "warning")


def _discarded(job: ImportJob, *, late: bool) -> OutcomeView:
    if not late:
        return OutcomeView(_("The plan is discarded."), [], "information")
    said = _("%(who)s discarded this plan on %(at)s.", who=_ended_by(job), at=_ended_at(job))
    return OutcomeView(said, [_("Nothing was written.")], "information")


def _counts(job: ImportJob) -> dict[str, str]:
    return {"done": format_number(job.processed), "all": format_number(job.to_write)}


def _ended_by(job: ImportJob) -> str:
    return job.ended_by or _("Somebody")


def _ended_at(job: ImportJob) -> str:
    return dates.moment(job.finished_at, settings().time_zone)
