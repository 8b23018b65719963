"""Answers in a file, and two states that come in different orders."""

import io
from datetime import timedelta
from pathlib import Path

import pytest

from portal.answer_diff import (
    AnswerDiff,
    Answered,
    KnownAnswers,
    SavedAnswersError,
    answered_by,
    read_answers,
    write_answers,
)
from tests.answer_diff.answer_rows import UTC_ZONE, instant, row
from tests.conftest import START


def answer(number: int, **changed: object) -> tuple[str, Answered]:
    item = row(number, **changed)
    answered = answered_by(item, START)
    assert answered is not None
    return str(item["tenantId"]), answered


def saved(*answers: tuple[str, Answered]) -> bytes:
    file = io.BytesIO()
    assert write_answers(answers, START, file.write) == len(answers)
    return file.getvalue()


def test_what_was_saved_is_read_again_and_is_not_personal() -> None:
    answers = [answer(1), answer(2, validTo=None), answer(3, validTo="2028-01-01T00:00:00.000Z")]
    text = saved(*answers)
    assert list(read_answers(io.BytesIO(text))) == answers
    for personal in ("Jörg", "joerg", "uster"):
        assert personal.encode() not in text
    assert len(text) < 700


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "It is not a file of portal answers --save."),
        (b"[]\n", "It is not a file of portal answers --save."),
        (b'{"format":"other","version":1,"at":""}\n', "It is not a file of portal answers --save."),
        (
            b'{"format":"portal-answers","version":2,"at":"2026-11-23T10:00:00.000Z"}\n',
            "Its format is 2, and this version reads 1.",
        ),
    ],
)
def test_another_file_is_refused(text: bytes, reason: str) -> None:
    with pytest.raises(SavedAnswersError) as refused:
        list(read_answers(io.BytesIO(text)))
    assert str(refused.value) == reason


def test_a_file_that_is_cut_off_anywhere_is_refused() -> None:
    text = saved(answer(1), answer(2))
    for length in range(len(text) - 1):
        with pytest.raises(SavedAnswersError):
            list(read_answers(io.BytesIO(text[:length])))
    lines = text.splitlines(keepends=True)
    with pytest.raises(SavedAnswersError, match="cut off after 2 answers"):
        list(read_answers(io.BytesIO(b"".join(lines[:-1]))))
    with pytest.raises(SavedAnswersError, match="Line 3 is not the end of 1 answers"):
        list(read_answers(io.BytesIO(lines[0] + lines[1] + lines[3])))
    with pytest.raises(SavedAnswersError, match="Line 4 is not the end of 2 answers"):
        list(read_answers(io.BytesIO(text + b"more")))


def test_two_states_are_compared_in_any_order() -> None:
    diff = AnswerDiff(START, UTC_ZONE)
    with KnownAnswers() as known:
        for each in (answer(1), answer(2), answer(3)):
            known.put(*each)
        for tenant_id, after in (answer(3), answer(4), answer(1, status="suspended")):
            diff.add(tenant_id, known.take(tenant_id), after)
        assert known.take("86810_3") is None
        for tenant_id, before in known.rest():
            diff.add(tenant_id, before, None)
    assert (diff.same, diff.lose_now, diff.gain_now) == (1, 2, 1)
    assert [loser.tenant_id for loser in diff.losers] == ["86810_1", "86810_2"]


def test_answers_that_were_saved_before_are_compared_as_of_now(tmp_path: Path) -> None:
    """A licence that has ended since then, as was foretold, has lost nothing."""
    ends = row(validTo="2026-12-01T00:00:00.000Z")
    before = answered_by(ends, START)
    assert before is not None
    later = instant("2026-12-02")
    diff = AnswerDiff(later, UTC_ZONE)
    diff.add("86810_1", before, answered_by(ends, later))
    assert (diff.same, diff.tenants) == (1, 1)
    diff.add("86810_1", before, answered_by(row(), later))
    assert diff.gain_now == 1
    diff.add("86810_1", answered_by(row(), START), answered_by(ends, later + timedelta(days=1)))
    assert diff.lose_now == 1
