"""One index of the file store: the ids of its rows in the order of their keys."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator

#: Partition, sort key, `tenantId`. Python compares text by code point, which gives the order of the
#: UTF-8 bytes. A shorter tuple sorts before all keys that begin with it.
Key = tuple[str, ...]

#: Number of a block, and an index into it. Valid until the next change.
BlockPosition = tuple[int, int]

_MAX_BLOCK_SIZE = 1024


class SortedIndex:
    """Ids in blocks, so that a change moves the few kilobytes of a block and not the whole list.

    All partitions form one sequence, and only the first key of each block is stored: an object
    for each partition (there is one per e-mail address), or a key for each row, would take more
    memory than the rows themselves. `key_of` reads the other keys from the rows, about ten for a
    search.
    """

    def __init__(self, key_of: Callable[[str], Key]) -> None:
        self._key_of = key_of
        self._blocks: list[list[str]] = [[]]
        self._first_keys: list[Key] = [()]

    def fill(self, ids: list[str]) -> None:
        """Replace all ids by these, which are sorted."""
        half = _MAX_BLOCK_SIZE // 2
        self._blocks = [ids[at : at + half] for at in range(0, len(ids), half)] or [[]]
        # The empty key sorts before everything that may be added later.
        self._first_keys = [(), *(self._key_of(block[0]) for block in self._blocks[1:])]

    def add(self, key: Key) -> None:
        """Add the row with this key. The table already has the row."""
        block_number, slot = self.position_before(key)
        block = self._blocks[block_number]
        block.insert(slot, key[-1])
        if len(block) > _MAX_BLOCK_SIZE:
            half = len(block) // 2
            self._blocks.insert(block_number + 1, block[half:])
            self._first_keys.insert(block_number + 1, self._key_of(block[half]))
            del block[half:]

    def remove(self, key: Key) -> None:
        """Remove the row with this key. The table still has the row."""
        # The stored first key of a block may outlive its row: it only has to separate the blocks.
        block_number, slot = self._find(key, bisect_left)
        block = self._blocks[block_number]
        if block[slot] != key[-1]:
            raise AssertionError("the index does not agree with its rows")
        del block[slot]
        if not block and block_number > 0:
            del self._blocks[block_number], self._first_keys[block_number]

    def position_before(self, key: Key) -> BlockPosition:
        """The position before the first key that is not less than `key`."""
        return self._find(key, bisect_left)

    def position_after(self, key: Key) -> BlockPosition:
        """The position after the last key that is not greater than `key`."""
        return self._find(key, bisect_right)

    def _find(self, key: Key, bisect: Callable[..., int]) -> BlockPosition:
        block_number = bisect_right(self._first_keys, key) - 1
        return block_number, bisect(self._blocks[block_number], key, key=self._key_of)

    def ascending(self, start: BlockPosition, end: BlockPosition) -> Iterator[str]:
        """The ids between two positions, in ascending order."""
        for block_number in range(start[0], end[0] + 1):
            block = self._blocks[block_number]
            first = start[1] if block_number == start[0] else 0
            last = end[1] if block_number == end[0] else len(block)
            for slot in range(first, last):
                yield block[slot]

    def descending(self, start: BlockPosition, end: BlockPosition) -> Iterator[str]:
        """The ids between two positions, in descending order."""
        for block_number in range(end[0], start[0] - 1, -1):
            block = self._blocks[block_number]
            first = start[1] if block_number == start[0] else 0
            last = end[1] if block_number == end[0] else len(block)
            for slot in range(last - 1, first - 1, -1):
                yield block[slot]

    def count(self, start: BlockPosition, end: BlockPosition, cap: int) -> int:
        """The number of ids between two positions, at most `cap`."""
        if start >= end:
            return 0
        total = -start[1]
        for block_number in range(start[0], end[0]):
            total += len(self._blocks[block_number])
            if total >= cap:
                return cap
        return min(total + end[1], cap)
