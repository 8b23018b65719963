"""Whose answer from `GET /api/validate` an operation changes, and when: before anything is written.

answered      what is answered about one tenant, from now on: the rules themselves, at each instant
changes       two such answers compared: lost, gained, or another answer
answer_diff   counts the changes of many tenants, one at a time, in constant memory
sentences     the counts as one sentence, in any language
known         the answers of one state by tenant, for two states in different orders
day_edges     what a time zone changes: no answer, but the days that people read
saved         the same in a file, which another version of the portal can compare

Ids are asked for by the application only as `<accountId>_<companyId>`: sign-ups, and rows whose
id has another form, have no answer. Nothing personal is kept: ids, instants and digests.
"""

from portal.answer_diff.answer_diff import (
    MAX_LOSERS,
    AnswerDiff,
    DayCounts,
    Loser,
    TooManyLoseError,
)
from portal.answer_diff.answered import FIELDS_TOLD, Answered, answered_by, is_asked_for
from portal.answer_diff.changes import (
    SAME,
    AnswerChange,
    ChangeKind,
    change_between,
    change_of_new,
)
from portal.answer_diff.day_edges import DayEdges
from portal.answer_diff.known import KnownAnswers
from portal.answer_diff.saved import SavedAnswersError, read_answers, write_answers
from portal.answer_diff.sentences import (
    ENGLISH,
    Words,
    diff_sentence,
    loser_sentence,
    refusal_sentence,
)

__all__ = [
    "ENGLISH", "FIELDS_TOLD", "MAX_LOSERS", "SAME", "AnswerChange", "AnswerDiff", "Answered",
    "ChangeKind", "DayCounts", "DayEdges", "KnownAnswers", "Loser", "SavedAnswersError",
    "TooManyLoseError", "Words", "answered_by", "change_between", "change_of_new", "diff_sentence",
    "is_asked_for", "loser_sentence", "read_answers", "refusal_sentence", "write_answers",
]  # fmt: skip
