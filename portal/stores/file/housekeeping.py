"""Keeps house: does for the file what else would be done while a request waits for it."""

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from portal.stores.contract import StoreError
from portal.stores.file.compaction import keeper_path
from portal.stores.file.disk import LocalDisk, OpenFile
from portal.stores.file.table import TABLE_ERRORS, ItemTable

if TYPE_CHECKING:
    from portal.stores.file.journal_writer import JournalWriter
    from portal.stores.file.store import JsonFileStore

logger = logging.getLogger("portal.store")

#: Between two looks at the file.
_PAUSE_SECONDS = 1.0
#: Between two checks of the whole index file.
_CHECK_SECONDS = 24 * 60 * 60


class Housekeeping:
    """For the store of one folder. One process at a time keeps house; another waits for its end.

    Writers see by the lock on `tenants.keeper` that somebody does.
    """

    def __init__(self, store: "JsonFileStore", journal: "JournalWriter") -> None:
        self._store = store
        self._journal = journal
        self._disk = LocalDisk()
        self._file: OpenFile | None = None
        self._check_at = 0.0

    def go_on(self, wait: Callable[[float], bool]) -> None:
        """Keep house until `wait` is true."""
        try:
            while True:
                try:
                    self._round()
                except (OSError, StoreError, *TABLE_ERRORS) as error:
                    # Whoever writes or reads says what is wrong.
                    logger.debug("Nobody kept house for %s (%s)", self._journal.path, error)
                if wait(_PAUSE_SECONDS):
                    return
        finally:
            self._file = None

    def _round(self) -> None:
        if self._file is None:
            file = OpenFile.open(self._disk, keeper_path(self._journal.path), create=True)
            if not self._disk.lock(file, 0):
                return
            self._file = file
        self._store.compact_if_worthwhile()
        self._journal.reader.make_index()
        self._store.read_table(lambda table: table.move_log())
        if time.monotonic() >= self._check_at:
            self._check_at = time.monotonic() + _CHECK_SECONDS
            self._store.read_table(self._check)

    def _check(self, table: ItemTable) -> None:
        # SQLite has no checksums, and a tenant that a spoilt key hides would count as unknown.
        if table.is_shared and not table.is_sound():
            logger.warning("The index file beside %s is spoilt", self._journal.path)
            table.invalidate()
