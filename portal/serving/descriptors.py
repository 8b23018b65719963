"""The open descriptors of this process: for what the server does not tell of its sockets."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_FOLDER = Path("/dev/fd")


def open_descriptors() -> Iterator[tuple[int, os.stat_result]]:
    """Each descriptor, and what it stands for."""
    for each in _FOLDER.iterdir():
        # It may be closed by now.
        with suppress(OSError):
            descriptor = int(each.name)
            yield descriptor, os.fstat(descriptor)
