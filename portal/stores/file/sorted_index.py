"""One index of the file store: the ids of its rows in the order of their keys."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator

#: Partition, sort key, `tenantId`. Python orders text by code point, which is the order of its
#: UTF-8 bytes; so a shorter tuple stands before all the keys that it begins.
Key = tuple[str, ...]

#: A block, and a place in it. Holds until the next change.
BlockPosition = tuple[int, int]

_MOST = 1024


class SortedIndex:
    """Ids in blocks, so that a change moves a block's few kilobytes and not the whole list.

    All partitions stand in one sequence, and only the first key of each block is kept: a
    partition for each e-mail address, or a key for each row, would take more memory than the
    rows themselves. The other keys are asked of the rows, ten or so for a search.
    """

    def __init__(self, key_of: Callable[[str], Key]) -> None:
        self._key_of = key_of
        self._blocks: list[list[str]] = [[]]
        self._firsts: list[Key] = [()]

    def fill(self, ids: list[str]) -> None:
        """Take these ids, which are in order, in place of all."""
        half = _MOST // 2
        self._blocks = [ids[at : at + half] for at in range(0, len(ids), half)] or [[]]
        # The first block takes whatever sorts before everything.
        self._firsts = [(), *(self._key_of(block[0]) for block in self._blocks[1:])]

    def add(self, key: Key) -> None:
        """Take in the row with this key, which the rows hold already."""
        number, place = self.before(key)
        block = self._blocks[number]
        block.insert(place, key[-1])
        if len(block) > _MOST:
            half = len(block) // 2
            self._blocks.insert(number + 1, block[half:])
            self._firsts.insert(number + 1, self._key_of(block[half]))
            del block[half:]

    def remove(self, key: Key) -> None:
        """Forget the row with this key, which the rows hold still."""
        # A block's recorded first key may outlive its row: it only has to lie between the
        # blocks.
        number, place = self._find(key, bisect_left)
        block = self._blocks[number]
        if block[place] != key[-1]:
            raise AssertionError("the index does not agree with its rows")
        del block[place]
        if not block and number > 0:
            del self._blocks[number], self._firsts[number]

    def before(self, key: Key) -> BlockPosition:
        """The place in front of everything that is not less than `key`."""
        return self._find(key, bisect_left)

    def behind(self, key: Key) -> BlockPosition:
        """The place behind everything that is not greater than `key`."""
        return self._find(key, bisect_right)

    def _find(self, key: Key, bisect: Callable[..., int]) -> BlockPosition:
        number = bisect_right(self._firsts, key) - 1
        return number, bisect(self._blocks[number], key, key=self._key_of)

    def upwards(self, start: BlockPosition, end: BlockPosition) -> Iterator[str]:
        """The ids from `start` on, in order, up to `end`."""
        for number in range(start[0], end[0] + 1):
            block = self._blocks[number]
            first = start[1] if number == start[0] else 0
            last = end[1] if number == end[0] else len(block)
            for place in range(first, last):
                yield block[place]

    def downwards(self, start: BlockPosition, end: BlockPosition) -> Iterator[str]:
        """The same ids from the other end."""
        for number in range(end[0], start[0] - 1, -1):
            block = self._blocks[number]
            first = start[1] if number == start[0] else 0
            last = end[1] if number == end[0] else len(block)
            for place in range(last - 1, first - 1, -1):
                yield block[place]

    def count(self, start: BlockPosition, end: BlockPosition, cap: int) -> int:
        """How many ids lie between, counted no further than `cap`."""
        if start >= end:
            return 0
        total = -start[1]
        for number in range(start[0], end[0]):
            total += len(self._blocks[number])
            if total >= cap:
                return cap
        return min(total + end[1], cap)
