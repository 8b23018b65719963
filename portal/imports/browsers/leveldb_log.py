"""Whether a log of LevelDB ends within a write.

LevelDB takes the rest of a write that was cut off for one that never happened, and says nothing.
"""

from pathlib import Path
from typing import BinaryIO

_BLOCK_BYTES = 32 * 1024
#: Checksum, length, kind.
_HEAD_BYTES = 7
#: Of a part of a write that goes on in the next block.
_FIRST, _MIDDLE = 2, 3


def ends_within_a_write(path: Path) -> bool:
    """Damage elsewhere is not looked for: LevelDB finds it by the checksums."""
    size = path.stat().st_size
    position, goes_on = 0, False
    with path.open("rb") as file:
        while position < size:
            left_in_block = _BLOCK_BYTES - position % _BLOCK_BYTES
            if left_in_block < _HEAD_BYTES:
                position += left_in_block
                continue
            if size - position < _HEAD_BYTES:
                return True
            length, kind = _head(file, position)
            if kind == 0 and length == 0:
                # The rest of the block is empty.
                position += left_in_block
                continue
            position += _HEAD_BYTES + length
            goes_on = kind in (_FIRST, _MIDDLE)
    return goes_on or position > size


def _head(file: BinaryIO, position: int) -> tuple[int, int]:
    file.seek(position)
    head = file.read(_HEAD_BYTES)
    return int.from_bytes(head[4:6], "little"), head[6]
