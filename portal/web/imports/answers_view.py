"""Whose access a plan changes, as the page of an import says it, and what somebody confirms before
tenants lose access."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from flask import url_for

from portal.answer_diff import diff_sentence, loser_sentence
from portal.imports import UNKNOWN_LOSING, ImportJob, JobState
from portal.web.forms import FieldView
from portal.web.i18n import _, dates, format_number

#: The name of the box that is ticked. Its value is the number that the plan has.
CONFIRM_LOSING = "losing"


class _PageWords:
    """In the reader's language."""

    def text(self, text: str, **values: str) -> str:
        return _(text, **values)

    def number(self, number: int) -> str:
        return format_number(number)

    def day(self, day: date) -> str:
        return dates.long_day(day)

    def moment(self, instant: datetime, zone: ZoneInfo) -> str:
        return dates.moment(instant, zone)


#: For sentences about answers.
PAGE_WORDS = _PageWords()


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswersView:
    """Ready strings: `sentence` counts; `losers` are (address, sentence); `box` is to be ticked."""

    sentence: str
    losers: Sequence[tuple[str, str]] = ()
    more: str = ""
    box: FieldView | None = None


def answers_view(job: ImportJob, *, unconfirmed: bool) -> AnswersView | None:
    """None if there is nothing to say: the plan writes nothing, or was discarded.

    Args:
        unconfirmed: Somebody has pressed the button without ticking the box.
    """
    if job.state is JobState.DISCARDED or not job.to_write:
        return None
    box = _box(job, unconfirmed=unconfirmed)
    diff = job.answers
    if diff is None:
        if job.state is not JobState.PLANNED:
            return None
        return AnswersView(
            sentence=_(
                "An earlier version of the portal made this plan. Whose access it changes is not"
                " known: to see it, discard the plan and import the file again."
            ),
            box=box,
        )
    unlisted = diff.losing - len(diff.losers)
    sentence = diff_sentence(diff, PAGE_WORDS)
    if job.state is not JobState.PLANNED:
        # Rows that changed meanwhile were not written.
        sentence = _("When the plan was made: %(sentence)s", sentence=sentence)
    return AnswersView(
        sentence=sentence,
        losers=[
            (
                url_for("staff.tenant", tenant_id=loser.tenant_id),
                loser_sentence(loser, diff, PAGE_WORDS),
            )
            for loser in diff.losers
        ],
        more=_("And %(n)s more.", n=format_number(unlisted)) if unlisted else "",
        box=box,
    )


def _box(job: ImportJob, *, unconfirmed: bool) -> FieldView | None:
    if job.state is not JobState.PLANNED or not job.losing:
        return None
    if job.losing == UNKNOWN_LOSING:
        label = _("Write the rows, although tenants may lose access")
    else:
        label = _(
            "Write the rows, although tenants lose access: %(n)s",
            n=format_number(int(job.losing)),
        )
    return FieldView(
        name=CONFIRM_LOSING,
        id="losing",
        label=label,
        type="checkbox",
        value=job.losing,
        error=_("Tick this box to confirm it. Nothing was written.") if unconfirmed else "",
    )
