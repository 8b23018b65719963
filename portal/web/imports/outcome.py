"""What became of an import, in sentences: how it ended and by whom, or why it waits."""

from collections.abc import Sequence
from dataclasses import dataclass

from portal.imports.jobs.job import ImportJob, State
from portal.imports.model.rows import Kind
from portal.web.http.context import settings
from portal.web.i18n import dates
from portal.web.i18n.numbers import format_number
from portal.web.i18n.translation import _


@dataclass(frozen=True, slots=True)
class Outcome:
    """`said` is told aloud, too; `more` stands below it."""

    said: str
    more: Sequence[str]
    tone: str


def failed_rows(run: ImportJob) -> int:
    return run.counts[Kind.CONFLICT] + run.counts[Kind.INVALID]


def outcome_of(run: ImportJob, *, late: bool, paused: bool) -> Outcome | None:
    """`late`: somebody wanted more of it when it was over already. `paused`: the store has
    refused a step."""
    match run.state:
        case State.DONE:
            return _finished_before(run) if late else _done(run)
        case State.STOPPED:
            return _stopped(run, late=late)
        case State.DISCARDED:
            return _discarded(run, late=late)
        case State.PLANNED if paused:
            said = _("The store did not take the rows. Nothing is written yet.")
            return Outcome(said, [_("Try again in a moment.")], "negative")
        case State.APPLYING if paused:
            said = _("The store did not take more rows. What is written stays.")
            return Outcome(said, [_("Press Continue in a moment.")], "negative")
        case _:
            return None


def progress_text(run: ImportJob) -> str:
    return _("%(done)s of %(all)s rows are handled.", **_counts(run))


def announcement(run: ImportJob, seen: int | None) -> str:
    """What is told aloud of a step: that it begins, and each further quarter. `seen`: how many
    rows were handled when the reader heard of it last."""
    if seen is None:
        return _("The rows are being written: %(done)s of %(all)s are handled.", **_counts(run))
    # After the last row the end is told.
    if run.handled >= run.to_write or _quarter(run, seen) == _quarter(run, run.handled):
        return ""
    return progress_text(run)


def _quarter(run: ImportJob, handled: int) -> int:
    return 4 * handled // run.to_write


def _done(run: ImportJob) -> Outcome:
    number, lost = run.written, failed_rows(run)
    missed = [_("Rows that could not be imported: %(n)s.", n=format_number(lost))] if lost else []
    if number:
        more = [_("Tenants written: %(n)s.", n=format_number(number)), *missed]
        return Outcome(_("The import is done."), more, "positive")
    if lost:
        return Outcome(_("The import is done, but no tenant was written."), missed, "warning")
    return Outcome(_("The import is done. Nothing had to be written."), [], "positive")


def _finished_before(run: ImportJob) -> Outcome:
    said = _("This import was done already: nothing was stopped.")
    who = _("%(who)s had it written on %(at)s.", who=run.confirmed_by or run.by, at=_ended_at(run))
    return Outcome(said, [who], "information")


def _stopped(run: ImportJob, *, late: bool) -> Outcome:
    values = {**_counts(run), "who": _ended_by(run), "at": _ended_at(run)}
    if late:
        said = _("%(who)s stopped this import on %(at)s: %(done)s of %(all)s rows were handled.",
                 **values)  # fmt: skip
    else:
        said = _("%(done)s of %(all)s rows were handled before %(who)s stopped it.", **values)
    again = _("Import the same file again to write the others: what is in shows as same.")
    return Outcome(said, [_("What is written stays."), again], "warning")


def _discarded(run: ImportJob, *, late: bool) -> Outcome:
    if not late:
        return Outcome(_("The plan is discarded."), [], "information")
    said = _("%(who)s discarded this plan on %(at)s.", who=_ended_by(run), at=_ended_at(run))
    return Outcome(said, [_("Nothing was written.")], "information")


def _counts(run: ImportJob) -> dict[str, str]:
    return {"done": format_number(run.handled), "all": format_number(run.to_write)}


def _ended_by(run: ImportJob) -> str:
    return run.ended_by or _("Somebody")


def _ended_at(run: ImportJob) -> str:
    return dates.moment(run.finished_at, settings().time_zone)
