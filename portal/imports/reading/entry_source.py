"""What yields the entries of a file, or of the folder of a browser."""

from collections.abc import Iterator
from typing import Protocol

from portal.imports.model import Entry
from portal.imports.reading.formats import FileFormat


class EntrySource(Protocol):
    """Entries, each with the place where it was stored. It is iterated once; entries of one
    place share one `Place` object, so that it is looked up once.

    Iterating raises:
        RefusedFileError: what was handed in is no export, cannot be read, or is over a limit.
        UnavailableError: the disk is full.
    """

    @property
    def format(self) -> FileFormat | None:
        """What was read; `None` if it was empty. Complete after iterating."""

    @property
    def ignored_keys(self) -> int:
        """Number of keys that belong to other programs. Complete after iterating."""

    def __iter__(self) -> Iterator[Entry]:
        """The entries one after another."""
