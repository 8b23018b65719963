"""Writes what the operator answers to incomplete rows: keep them as they are, or end their access.

Each answer is one all-or-nothing write of its own, on the condition that its row still is as it was
read. So a run that was stopped can be repeated: what is answered already changes nothing.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import partial

from migrations_tools.backfill.rows import Compare, RowsToAnswer, RowTooLargeError
from migrations_tools.rate_limiter import RateLimiter
from portal import onboarding, records
from portal.records import AdoptAnswer
from portal.stores import Item, ItemNotFoundError, VersionConflictError
from portal.tenants import AuditInfo

_Decide = Callable[[Item, AuditInfo], tuple[Item, Item]]
_DECIDE: Mapping[AdoptAnswer, _Decide] = {
    AdoptAnswer.KEEP: onboarding.kept,
    AdoptAnswer.CLOSE: onboarding.closed,
}


class AnswerOutcome(StrEnum):
    """What became of an answer. The values are part of `adopt --json`."""

    KEPT = "kept"
    CLOSED = "closed"
    ALREADY = "already"
    """The row has this answer from an earlier run."""
    ANSWERED = "answered"
    """The row has the other answer from an earlier run. It stays."""
    COMPLETE = "complete"
    """The row lacks nothing, so nothing is asked."""
    UNKNOWN = "unknown"
    """There is no such row, or it is no tenant."""
    CHANGED = "changed"
    """Others changed the row at this moment, so the answer may no longer fit."""
    TOO_LARGE = "too-large"
    """The row would be too large for DynamoDB."""

    @property
    def is_heeded(self) -> bool:
        """Whether the row now has the answer."""
        return self.has_changed or self is AnswerOutcome.ALREADY

    @property
    def has_changed(self) -> bool:
        """Whether this run has changed the row."""
        return self in (AnswerOutcome.KEPT, AnswerOutcome.CLOSED)


_DONE = {AdoptAnswer.KEEP: AnswerOutcome.KEPT, AdoptAnswer.CLOSE: AnswerOutcome.CLOSED}


def answer_rows(
    rows: RowsToAnswer,
    answers: Mapping[str, AdoptAnswer],
    audit: AuditInfo,
    *,
    apply: bool,
    rate_limiter: RateLimiter | None = None,
    compare: Compare | None = None,
) -> dict[str, AnswerOutcome]:
    """What became of each answer, or in a dry run would become, by the id of its row.

    Args:
        compare: Called in a dry run with each row that would change, and as what it would.

    Raises:
        StoreError: The store failed. The answers before stay.
    """
    limiter = rate_limiter or RateLimiter()
    return {
        row_id: _answer(rows, row_id, answer, audit, limiter if apply else None, compare=compare)
        for row_id, answer in answers.items()
    }


def _answer(
    rows: RowsToAnswer,
    row_id: str,
    answer: AdoptAnswer,
    audit: AuditInfo,
    limiter: RateLimiter | None,
    *,
    compare: Compare | None,
) -> AnswerOutcome:
    try:
        row = rows.get(row_id)
    except ItemNotFoundError:
        return AnswerOutcome.UNKNOWN
    if not records.is_tenant(row):
        return AnswerOutcome.UNKNOWN
    if not records.open_gaps(row):
        before, _ = records.stored_answer(row)
        if before is None:
            return AnswerOutcome.COMPLETE
        return AnswerOutcome.ALREADY if before is answer else AnswerOutcome.ANSWERED
    after, event = _DECIDE[answer](row, audit)
    if limiter is None:
        if compare is not None:
            compare(row, after)
        return _DONE[answer]
    limiter.take(1)
    try:
        limiter.retry_while_busy(partial(rows.decide, row, after, event))
    except VersionConflictError:
        return AnswerOutcome.CHANGED
    except RowTooLargeError:
        return AnswerOutcome.TOO_LARGE
    return _DONE[answer]
