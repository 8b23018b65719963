"""One index of the file store: the ids of its rows in the order of their keys."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator

#: Partition, sort key, `tenantId`. Python orders text by code point, which is the order of its
#: UTF-8 bytes; so a shorter tuple stands before all the keys that it begins.
Key = tuple[str, ...]

#: A block, and a place in it. Holds until the next change.
BlockPosition = tuple[int, int]

_MAX_BLOCK_SIZE = 1024


class SortedIndex:
    """Ids in blocks, so that a change moves a block's few kilobytes and not the whole list.

    All partitions stand in one sequence, and only the first key of each block is kept: a
    partition for each e-mail address, or a key for each row, would take more memory than the
    rows themselves. The other keys are asked of the rows, ten or so for a search.
    """

    def __init__(self, key_of: Callable[[str], Key]) -> None:
        self._key_of = key_of
        self._blocks: list[list[str]] = [[]]
        self._first_keys: list[Key] = [()]

    def fill(self, ids: list[str]) -> None:
        """Take these ids, which are in order, in place of all."""
        half = _MAX_BLOCK_SIZE // 2
        self._blocks = [ids[at : at + half] for at in range(0, len(ids), half)] or [[]]
        # The first block takes whatever sorts before everything.
        self._first_keys = [(), *(self._key_of(block[0]) for block in self._blocks[1:])]

    def add(self, key: Key) -> None:
        """Take in the row with this key, which the rows hold already."""
        block_number, slot = self.position_before(key)
        block = self._blocks[block_number]
        block.insert(slot, key[-1])
        if len(block) > _MAX_BLOCK_SIZE:
            half = len(block) // 2
            self._blocks.insert(block_number + 1, block[half:])
            self._first_keys.insert(block_number + 1, self._key_of(block[half]))
            del block[half:]

    def remove(self, key: Key) -> None:
        """Forget the row with this key, which the rows hold still."""
        # A block's recorded first key may outlive its row: it only has to lie between the
        # blocks.
        block_number, slot = self._find(key, bisect_left)
        block = self._blocks[block_number]
        if block[slot] != key[-1]:
            raise AssertionError("the index does not agree with its rows")
        del block[slot]
        if not block and block_number > 0:
            del self._blocks[block_number], self._first_keys[block_number]

    def position_before(self, key: Key) -> BlockPosition:
        """The place in front of everything that is not less than `key`."""
        return self._find(key, bisect_left)

    def position_after(self, key: Key) -> BlockPosition:
        """The place behind everything that is not greater than `key`."""
        return self._find(key, bisect_right)

    def _find(self, key: Key, bisect: Callable[..., int]) -> BlockPosition:
        block_number = bisect_right(self._first_keys, key) - 1
        return block_number, bisect(self._blocks[block_number], key, key=self._key_of)

    def ascending(self, start: BlockPosition, end: BlockPosition) -> Iterator[str]:
        """The ids from `start` on, in order, up to `end`."""
        for block_number in range(start[0], end[0] + 1):
            block = self._blocks[block_number]
            first = start[1] if block_number == start[0] else 0
            last = end[1] if block_number == end[0] else len(block)
            for slot in range(first, last):
                yield block[slot]

    def descending(self, start: BlockPosition, end: BlockPosition) -> Iterator[str]:
        """The same ids from the other end."""
        for block_number in range(end[0], start[0] - 1, -1):
            block = self._blocks[block_number]
            first = start[1] if block_number == start[0] else 0
            last = end[1] if block_number == end[0] else len(block)
            for slot in range(last - 1, first - 1, -1):
                yield block[slot]

    def count(self, start: BlockPosition, end: BlockPosition, cap: int) -> int:
        """How many ids lie between, counted no further than `cap`."""
        if start >= end:
            return 0
        total = -start[1]
        for block_number in range(start[0], end[0]):
            total += len(self._blocks[block_number])
            if total >= cap:
                return cap
        return min(total + end[1], cap)
