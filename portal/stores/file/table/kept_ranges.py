"""Answers about ranges of the indexes, kept until a row in their range changes.

Pages of staff ask for the same ranges again and again: for a page of the queue, or for the history
of the tenant that somebody works on. A table that one process has for itself sees each change, so
it knows which of the answers a change touches. All others are still right.

Whoever calls these methods holds the connection to the table: so nothing changes meanwhile.
"""

from collections import OrderedDict
from typing import NamedTuple

from portal.stores.contract import Cursor, Item
from portal.stores.file.table.items import ItemInFile, Keys

#: A partition of an index: the number of the index, from 0 on, and the partition.
Place = tuple[int, str]
#: What was asked of a partition: the range, the cursor before it, the limit, and the direction.
Asked = tuple[tuple[str, str] | None, Cursor | None, int, bool]

#: Partitions of which something is kept, and the answers of each. Those asked for last stay.
_MOST_PLACES, _MOST_ANSWERS = 256, 8
#: Bytes of JSON of all rows together, with the names of their partitions; in memory they are about
#: five times that. A longer answer is not kept.
_MOST_BYTES, _MOST_BYTES_OF_ONE = 1_000_000, 100_000


class Answer(NamedTuple):
    """The rows of a range, or where to read them, and the cursor behind them."""

    items: list[Item | ItemInFile]
    after: Cursor | None


class _Kept(NamedTuple):
    """An answer.

    Attributes:
        low, high: A change between these sort keys, both included, touches it. `None`: no limit.
        size: Bytes of JSON of its rows.
    """

    answer: Answer
    low: str
    high: str | None
    size: int


class KeptRanges:
    """The answers about ranges of one table, and the numbers of rows of whole partitions."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Place, dict[Asked, _Kept]] = OrderedDict()
        self._bytes = 0
        self._counts: dict[Place, int] = {}

    def find(self, place: Place, asked: Asked) -> Answer | None:
        """The answer; `None` if it is to be looked up."""
        answers = self._answers.get(place)
        kept = answers.get(asked) if answers else None
        if kept is None:
            return None
        self._answers.move_to_end(place)
        return kept.answer

    def keep(
        self, place: Place, asked: Asked, answer: Answer, *, next_sort: str | None, size: int
    ) -> None:
        """Keeps an answer.

        Args:
            next_sort: The sort key of the row behind the answer; `None` if there is none.
            size: Bytes of JSON of its rows.
        """
        size += len(place[1])
        if size > _MOST_BYTES_OF_ONE:
            return
        answers = self._answers.setdefault(place, {})
        self._answers.move_to_end(place)
        if len(answers) >= _MOST_ANSWERS:
            self._drop(answers, next(iter(answers)))
        answers[asked] = _Kept(answer, *_reach(asked, next_sort), size)
        self._bytes += size
        while len(self._answers) > _MOST_PLACES or self._bytes > _MOST_BYTES:
            _place, oldest = self._answers.popitem(last=False)
            self._bytes -= sum(each.size for each in oldest.values())

    def count(self, place: Place) -> int | None:
        """The number of rows of a partition; `None` if they are to be counted."""
        return self._counts.get(place)

    def keep_count(self, place: Place, count: int) -> None:
        if len(self._counts) >= _MOST_PLACES:
            self._counts.clear()
        self._counts[place] = count

    def changed(self, keys: Keys, step: int) -> None:
        """An item with these index keys came (`step` 1) or went (-1). A changed one does both."""
        for number in range(len(keys) // 2):
            partition, sort = keys[2 * number], keys[2 * number + 1]
            if partition is None or sort is None:
                continue
            place = number, partition
            if place in self._counts:
                self._counts[place] += step
            answers = self._answers.get(place)
            if answers:
                for asked in [each for each, kept in answers.items() if _reaches(kept, sort)]:
                    self._drop(answers, asked)

    def forget(self) -> None:
        """What was changed may be taken back."""
        self._answers.clear()
        self._counts.clear()
        self._bytes = 0

    def _drop(self, answers: dict[Asked, _Kept], asked: Asked) -> None:
        self._bytes -= answers.pop(asked).size


def _reaches(kept: _Kept, sort: str) -> bool:
    return kept.low <= sort and (kept.high is None or sort <= kept.high)


def _reach(asked: Asked, next_sort: str | None) -> tuple[str, str | None]:
    """The sort keys between which a change touches the answer: from where it was asked for up to
    the row behind it, which says that more follow."""
    between, after, _limit, newest_first = asked
    low, high = between or ("", None)
    if newest_first:
        return (low if next_sort is None else next_sort), (after[0] if after else high)
    return (after[0] if after else low), (high if next_sort is None else next_sort)
