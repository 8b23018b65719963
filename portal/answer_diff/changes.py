"""Two answers about the same tenant, compared from now on."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from portal.answer_diff.answered import GIVES_ACCESS, Answered, given_from, nobody
from portal.tenants import Status, Validity


class ChangeKind(StrEnum):
    SAME = "same"
    LOSES = "loses"
    """Access that would have been given is not: at some time, perhaps not for ever."""
    GAINS = "gains"
    """Access is given that would not have been, and none is lost."""
    OTHERWISE = "otherwise"
    """The same access at any time, but another reason, other dates or other fields."""


class AnswerChange(NamedTuple):
    """How an answer changes.

    Attributes:
        at: When it is lost or gained first. The present means at once.
        again: When access is given again that was lost.
    """

    kind: ChangeKind
    at: datetime | None = None
    again: datetime | None = None


SAME = AnswerChange(ChangeKind.SAME)


def change_between(before: Answered | None, after: Answered | None, now: datetime) -> AnswerChange:
    """What changes if `after` is answered in place of `before`. None: nobody has the ids."""
    if before is None and after is not None:
        return _gained(next((since for since, each in after.steps if each in GIVES_ACCESS), None))
    before, after = before or nobody(now), after or nobody(now)
    if before == after:
        return SAME
    lost = gained = again = None
    differs = before.window != after.window
    for instant in _instants(before, after, now):
        old, new = before.at(instant), after.at(instant)
        had, has = old in GIVES_ACCESS, new in GIVES_ACCESS
        differs = differs or old != new
        if had and not has and lost is None:
            lost = instant
        if has and not had and gained is None:
            gained = instant
        if has and lost is not None and again is None:
            again = instant
    if lost is not None:
        return AnswerChange(ChangeKind.LOSES, lost, again)
    if gained is not None:
        return AnswerChange(ChangeKind.GAINS, gained)
    shows = before.shows_fields or after.shows_fields
    if differs or (shows and before.fields != after.fields):
        return AnswerChange(ChangeKind.OTHERWISE)
    return SAME


def change_of_new(status: Status, validity: Validity, now: datetime) -> AnswerChange:
    """What changes if there is a tenant with ids that nobody had: as `change_between` has it, and
    found sooner. An import asks it for each new row."""
    return _gained(given_from(status, validity, now))


def _gained(gained: datetime | None) -> AnswerChange:
    return AnswerChange(ChangeKind.OTHERWISE if gained is None else ChangeKind.GAINS, gained)


def _instants(before: Answered, after: Answered, now: datetime) -> list[datetime]:
    turns = (since for since, _ in (*before.steps, *after.steps) if since > now)
    return sorted({now, *turns})
