"""Opens file stores with the table that the test in hand is about: in memory, or an index file.

A store in use has an index file once it is large. The tests below this folder run with both.
"""

from pathlib import Path
from typing import Any

from portal.stores.file.store import JsonFileStore

#: Bytes of the file from which on there is an index file; `None`: as in use.
index_from: list[int | None] = [None]


def open_store(folder: Path, **arguments: Any) -> JsonFileStore:
    """As `JsonFileStore` does it."""
    if index_from[0] is not None:
        arguments.setdefault("index_from", index_from[0])
    return JsonFileStore(folder, **arguments)
