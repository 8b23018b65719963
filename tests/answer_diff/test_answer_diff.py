"""Counting whose answers change, the sentence about it, and its JSON."""

import json
from datetime import timedelta

import pytest

from portal.answer_diff import (
    AnswerDiff,
    Loser,
    TooManyLoseError,
    diff_sentence,
    loser_sentence,
    refusal_sentence,
)
from tests.answer_diff.answer_rows import BERLIN, UTC_ZONE, instant, row
from tests.conftest import START


def a_diff() -> AnswerDiff:
    """The numbers of the sentence in docs/importing.md."""
    diff = AnswerDiff(START, UTC_ZONE)
    for number in range(4809):
        item = row(number)
        diff.add_items(item, item)
    for number in (5001, 5002):
        diff.add_items(row(number), row(number, status="suspended"))
    diff.add_items(row(5003), row(5003, validTo="2026-12-31T23:59:59.999Z"))
    for number in (5004, 5005):
        diff.add_items(None, row(number))
    diff.add_items(row(5006, validTo=None), row(5006))
    return diff


def test_each_tenant_is_counted_once() -> None:
    diff = a_diff()
    assert (diff.same, diff.lose_now, diff.lose_on.total, diff.gain_now) == (4809, 2, 1, 3)
    assert (diff.losing, diff.gaining, diff.otherwise, diff.tenants) == (3, 3, 0, 4815)
    assert diff.losers == [
        Loser(START, "86810_5001"),
        Loser(START, "86810_5002"),
        Loser(instant("2027-01-01"), "86810_5003"),
    ]


def test_the_sentence_says_who_loses_access_and_when() -> None:
    assert diff_sentence(a_diff()) == (
        "Answers to the application: 4,809 the same, 2 lose access now, 1 on 1 January 2027,"
        " 3 gain it."
    )


def test_the_sentence_of_one_tenant() -> None:
    lost, gained, other, later = (AnswerDiff(START, BERLIN) for _ in range(4))
    lost.add_items(row(), None)
    gained.add_items(None, row())
    other.add_items(row(), row(cluster="us"))
    later.add_items(row(), row(validTo="2026-12-31T22:59:59.999Z"))
    later.add_items(None, row(2, validFrom="2026-12-31T23:00:00.000Z"))
    assert [diff_sentence(diff) for diff in (lost, gained, other, later)] == [
        "Answers to the application: 0 the same, 1 loses access now.",
        "Answers to the application: 0 the same, 1 gains access now.",
        (
            "Answers to the application: 0 the same, 1 with the same access, but another reason,"
            " other dates or other fields."
        ),
        # 23:00 in UTC is midnight in Berlin.
        (
            "Answers to the application: 0 the same, 1 loses access on 1 January 2027, 1 gains"
            " access on 1 January 2027."
        ),
    ]


def test_what_nobody_can_ask_for_is_not_counted() -> None:
    diff = AnswerDiff(START, UTC_ZONE)
    sign_up = row(tenantId="pending-abcdefghijklmnopqrstuvwxyz", status="pending")
    diff.add_items(sign_up, sign_up)
    diff.add_items(sign_up, None)
    diff.add_items(None, None)
    assert diff.tenants == 0


def test_only_the_first_losers_are_listed_and_all_are_counted() -> None:
    diff = AnswerDiff(START, UTC_ZONE, most_listed=2)
    # The last ones to come lose access first. Eight ends are past.
    for number in range(30):
        end = instant("2026-12-15") - timedelta(days=number, milliseconds=1)
        diff.add_items(row(number), row(number, validTo=end.isoformat()))
    assert (diff.losing, diff.lose_now, diff.lose_on.total) == (30, 8, 22)
    # Of those who lose it at the same instant, by id.
    assert diff.losers == [Loser(START, "86810_22"), Loser(START, "86810_23")]


def test_days_after_the_sixth_are_counted_as_later_in_any_order() -> None:
    days = [instant("2027-01-01") + timedelta(days=day) for day in (9, 3, 0, 7, 1, 5, 2, 0, 8, 9)]
    diffs = [AnswerDiff(START, UTC_ZONE), AnswerDiff(START, UTC_ZONE)]
    for diff, ordered in zip(diffs, (days, sorted(days)), strict=True):
        for number, day in enumerate(ordered):
            end = day - timedelta(milliseconds=1)
            diff.add_items(row(number), row(number, validTo=end.isoformat()))
    assert diffs[0].lose_on == diffs[1].lose_on
    assert {day.day: n for day, n in sorted(diffs[0].lose_on.days.items())} == {
        1: 2, 2: 1, 3: 1, 4: 1, 6: 1, 8: 1,
    }  # fmt: skip
    assert diffs[0].lose_on.later == 3
    assert diff_sentence(diffs[0]).endswith("1 on 8 January 2027, 3 later.")


def test_too_many_losers_are_refused() -> None:
    diff = a_diff()
    diff.refuse_more_than(None)
    diff.refuse_more_than(3)
    with pytest.raises(TooManyLoseError) as refused:
        diff.refuse_more_than(2)
    assert refusal_sentence(refused.value) == (
        "Nothing was written: 3 tenants would lose access, and at most 2 may."
    )


def test_a_loser_is_told_in_the_zone_of_the_portal() -> None:
    diff = AnswerDiff(START, BERLIN)
    ends = instant("2026-12-31T23:00")
    again = instant("2027-02-01T08:30")
    assert [
        loser_sentence(loser, diff)
        for loser in (
            Loser(START, "1_2"),
            Loser(START, "1_2", again),
            Loser(ends, "1_2"),
            Loser(ends, "1_2", again),
        )
    ] == [
        "1_2 loses access now.",
        "1_2 loses access now, and has it again on 1 February 2027, 09:30 Europe/Berlin.",
        "1_2 loses access on 1 January 2027, 00:00 Europe/Berlin.",
        (
            "1_2 loses access on 1 January 2027, 00:00 Europe/Berlin, and has it again on"
            " 1 February 2027, 09:30 Europe/Berlin."
        ),
    ]


def test_a_diff_is_read_again_from_its_json() -> None:
    diff = a_diff()
    later = row(7001, validFrom="2027-02-01T00:00:00.000Z", validTo="2028-01-01T00:00:00.000Z")
    diff.add_items(row(7001), later)
    text = json.dumps(diff.as_json())
    assert "Jörg" not in text
    assert "muster" not in text.lower()
    assert AnswerDiff.from_json(json.loads(text)) == diff
    assert json.loads(text) | {"lose": []} == {
        "at": "2026-11-23T10:00:00.000Z",
        "timeZone": "UTC",
        "same": 4809,
        "loseNow": 3,
        "loseLater": 1,
        "loseOn": {"2027-01-01": 1},
        "gainNow": 3,
        "gainLater": 0,
        "gainOn": {},
        "otherwise": 0,
        "lose": [],
    }
