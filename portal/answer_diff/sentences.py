"""The counts of an answer diff as one sentence, and who loses access, in any language."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from portal import day_texts
from portal.answer_diff.answer_diff import AnswerDiff, DayCounts, Loser, TooManyLoseError
from portal.translations import N_

_ALL = N_("Answers to the application: %(parts)s.")
_SAME = N_("%(n)s the same")
_LOSE_NOW = (N_("1 loses access now"), N_("%(n)s lose access now"))
_LOSE_ON = (N_("1 loses access on %(day)s"), N_("%(n)s lose access on %(day)s"))
_GAIN_NOW = (N_("1 gains access now"), N_("%(n)s gain access now"))
_GAIN_TOO = (N_("1 gains it"), N_("%(n)s gain it"))
_GAIN_ON = (N_("1 gains access on %(day)s"), N_("%(n)s gain access on %(day)s"))
_ON = N_("%(n)s on %(day)s")
_LATER = N_("%(n)s later")
_OTHERWISE = N_("%(n)s with the same access, but another reason, other dates or other fields")

_LOSES_NOW = N_("%(tenant)s loses access now.")
_LOSES_NOW_FOR_A_WHILE = N_("%(tenant)s loses access now, and has it again on %(again)s.")
_LOSES_ON = N_("%(tenant)s loses access on %(at)s.")
_LOSES_ON_FOR_A_WHILE = N_("%(tenant)s loses access on %(at)s, and has it again on %(again)s.")

_REFUSED = (
    N_("Nothing was written: 1 tenant would lose access, and at most %(most)s may."),
    N_("Nothing was written: %(n)s tenants would lose access, and at most %(most)s may."),
)

#: Singular and plural, as they were marked for translation.
_Pair = tuple[str, str]


class Words(Protocol):
    """How a reader is told: texts, numbers, days and instants in one language."""

    def text(self, text: str, **values: str) -> str: ...
    def number(self, number: int) -> str: ...
    def day(self, day: date) -> str: ...
    def moment(self, instant: datetime, zone: ZoneInfo) -> str: ...


class _English:
    """For commands and programs."""

    def text(self, text: str, **values: str) -> str:
        return text % values

    def number(self, number: int) -> str:
        return f"{number:,}"

    def day(self, day: date) -> str:
        return day_texts.long_day(day, "en")

    def moment(self, instant: datetime, zone: ZoneInfo) -> str:
        try:
            local = instant.astimezone(zone)
        except OverflowError:
            local = instant
        return f"{self.day(local.date())}, {local:%H:%M} {zone.key}"


ENGLISH: Words = _English()


def diff_sentence(diff: AnswerDiff, words: Words = ENGLISH) -> str:
    """`Answers to the application: 4,809 the same, 2 lose access now, 1 on 1 January 2027, 3 gain
    it.` What is zero is left out, except what is the same."""
    losing = [*_access_parts(diff.lose_now, diff.lose_on, _LOSE_NOW, _LOSE_ON, words)]
    now = _GAIN_TOO if losing else _GAIN_NOW
    parts = [
        words.text(_SAME, n=words.number(diff.same)),
        *losing,
        *_access_parts(diff.gain_now, diff.gain_on, now, _GAIN_ON, words),
    ]
    if diff.otherwise:
        parts.append(words.text(_OTHERWISE, n=words.number(diff.otherwise)))
    return words.text(_ALL, parts=", ".join(parts))


def _access_parts(
    now: int, later: DayCounts, at_once: _Pair, on_day: _Pair, words: Words
) -> Iterator[str]:
    if now:
        yield _counted(at_once, now, words)
    is_first = not now
    for day in sorted(later.days):
        number, shown = later.days[day], words.day(day)
        if is_first:
            yield _counted(on_day, number, words, day=shown)
        else:
            yield words.text(_ON, n=words.number(number), day=shown)
        is_first = False
    if later.later:
        yield words.text(_LATER, n=words.number(later.later))


def loser_sentence(loser: Loser, diff: AnswerDiff, words: Words = ENGLISH, tenant: str = "") -> str:
    """Who loses access, when, and whether it comes back.

    Args:
        tenant: As it is shown; else its id.
    """
    values = {"tenant": tenant or loser.tenant_id}
    is_now = loser.at <= diff.now
    if not is_now:
        values["at"] = words.moment(loser.at, diff.zone)
    if loser.again is None:
        return words.text(_LOSES_NOW if is_now else _LOSES_ON, **values)
    values["again"] = words.moment(loser.again, diff.zone)
    return words.text(_LOSES_NOW_FOR_A_WHILE if is_now else _LOSES_ON_FOR_A_WHILE, **values)


def refusal_sentence(error: TooManyLoseError, words: Words = ENGLISH) -> str:
    return _counted(_REFUSED, error.diff.losing, words, most=words.number(error.most))


def _counted(pair: _Pair, number: int, words: Words, **values: str) -> str:
    if number == 1:
        return words.text(pair[0], **values)
    return words.text(pair[1], n=words.number(number), **values)
