"""Reads all items of a table into a file. A run that was stopped goes on.

The file has another name until it is whole. Beside it is how far each segment of the table was
read, saved after what was read is on the disk: what a killed run wrote after that is cut off.
"""

import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Lock
from typing import Any

from migrations_tools.backup.progress import ProgressFile
from migrations_tools.backup.table_file import End, Header, ItemSums, TableFileError, item_line
from migrations_tools.progress import ProgressLine
from migrations_tools.rate_limiter import RateLimiter
from portal.stores.dynamodb import Answer
from portal.timestamps import format_timestamp, parse_timestamp

#: Items that one call reads at most. An answer of DynamoDB ends after 1 MB as well.
PAGE_SIZE = 250
#: Seconds between two saved states.
_SAVE_EVERY = 2.0
_CHUNK = 1024 * 1024
#: What was read a day ago and what is read now belong together even less.
_LONGEST = timedelta(days=1)

#: Calls DynamoDB: the operation, and its parameters without the table.
Calls = Callable[[str, Mapping[str, Any]], Answer]


@dataclass(frozen=True, kw_only=True, slots=True)
class ToFileReport:
    """What was done. The names of the fields are the keys of `--json`."""

    file: str
    items: int
    bytes: int
    begun: str
    resumed: bool


class ToFile:
    """One backup of a table.

    Args:
        where: Describes the table.
        segments: How many parts of the table are read at the same time.
        clock: The time, for the header and the end.
    """

    def __init__(
        self,
        call: Calls,
        where: str,
        path: Path,
        *,
        segments: int,
        clock: Callable[[], datetime],
        rate_limiter: RateLimiter | None = None,
        progress: ProgressLine | None = None,
    ) -> None:
        self._call = call
        self._where = where
        self._path = path
        self._draft = path.with_name(f"{path.name}.unfinished")
        self._saved = ProgressFile(
            path.with_name(f"{path.name}.progress"), {"table": where, "segments": segments}
        )
        self._segments = segments
        self._clock = clock
        self._rate_limiter = rate_limiter or RateLimiter()
        self._progress = progress or ProgressLine()
        self._lock = Lock()
        self._stop = Event()
        #: Segment -> the key after which it goes on; a missing one begins, `None`: it is done.
        self._after: dict[str, Any] = {}
        self._items = self._size = 0
        self._sums = ItemSums()
        self._digest = hashlib.sha256()
        self._begun = ""
        self._next_save = 0.0

    def run(self) -> ToFileReport:
        """Make the file.

        Raises:
            TableFileError: There is such a file, or it cannot be written.
            StoreError: The table cannot be read. What was read stays for the next run.
        """
        if self._path.exists() or self._path.is_symlink():
            raise TableFileError(f"{self._path} is there already. Name another file.")
        try:
            with self._opened() as file:
                resumed = self._resume(file)
                try:
                    self._read_all(file)
                finally:
                    # What was read before an error counts for the next run.
                    self._save(file)
                self._end(file)
            size = self._path.stat().st_size
        except OSError as error:
            raise TableFileError(
                f"{self._path} cannot be written ({error.strerror}). Run the command again when"
                " that is mended: it goes on where it stopped."
            ) from error
        self._progress.clear()
        return ToFileReport(
            file=str(self._path), items=self._items, bytes=size, begun=self._begun, resumed=resumed
        )

    @contextmanager
    def _opened(self) -> Iterator[int]:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        file = os.open(self._draft, flags, 0o600)
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise TableFileError(f"Another process is writing {self._draft}.") from error
            yield file
        finally:
            os.close(file)

    def _resume(self, file: int) -> bool:
        """Whether this goes on with what a run before has written."""
        saved = self._saved.read()
        begun = parse_timestamp(saved["begun"]) if saved is not None else None
        is_new = begun is not None and self._clock() - begun < _LONGEST
        if saved is not None and is_new and os.fstat(file).st_size >= saved["size"]:
            self._after, self._items, self._begun = saved["after"], saved["items"], saved["begun"]
            self._size, self._sums = saved["size"], ItemSums(saved["kept"], saved["sum"])
            os.ftruncate(file, self._size)
            for offset in range(0, self._size, _CHUNK):
                self._digest.update(os.pread(file, min(_CHUNK, self._size - offset), offset))
            if self._digest.hexdigest() == saved["sha256"]:
                return True
            self._digest = hashlib.sha256()
        os.ftruncate(file, 0)
        self._after, self._items, self._size, self._sums = {}, 0, 0, ItemSums()
        self._begun = format_timestamp(self._clock())
        self._write(file, Header(table=self._where, begun=self._begun).line())
        self._save(file)
        return False

    def _read_all(self, file: int) -> None:
        with ThreadPoolExecutor(self._segments) as pool:
            runs = [pool.submit(self._read, segment, file) for segment in range(self._segments)]
            try:
                for run in runs:
                    run.result()
            except BaseException:
                # Also Ctrl-C, which no other thread learns of.
                self._stop.set()
                raise

    def _read(self, segment: int, file: int) -> None:
        try:
            while not self._stop.is_set() and not self._read_page(segment, file):
                pass
        except BaseException:
            self._stop.set()
            raise

    def _read_page(self, segment: int, file: int) -> bool:
        """Whether the segment is done."""
        name = str(segment)
        after = self._after.get(name, {})
        if after is None:
            return True
        parameters: dict[str, Any] = {
            "ConsistentRead": True, "Segment": segment, "TotalSegments": self._segments,
            "Limit": PAGE_SIZE, **({"ExclusiveStartKey": after} if after else {}),
        }  # fmt: skip
        answer = self._rate_limiter.retry_while_busy(lambda: self._call("Scan", parameters))
        items = answer.get("Items", [])
        lines = [item_line(item) for item in items]
        with self._lock:
            self._write(file, b"".join(lines))
            for line, item in zip(lines, items, strict=True):
                self._sums.add(line, item)
            self._items += len(lines)
            # The key of the table is a text, which JSON keeps as it is.
            self._after[name] = answer.get("LastEvaluatedKey")
            if time.monotonic() >= self._next_save:
                self._save(file)
        self._progress.update(f"{self._items:,} items read")
        self._rate_limiter.take(len(items))
        return self._after[name] is None

    def _write(self, file: int, data: bytes) -> None:
        written = 0
        while written < len(data):
            written += os.pwrite(file, data[written:], self._size + written)
        self._size += len(data)
        self._digest.update(data)

    def _save(self, file: int) -> None:
        os.fdatasync(file)
        self._saved.save({
            "after": self._after, "items": self._items, "size": self._size, "begun": self._begun,
            "kept": self._sums.kept, "sum": self._sums.sum, "sha256": self._digest.hexdigest(),
        })  # fmt: skip
        self._next_save = time.monotonic() + _SAVE_EVERY

    def _end(self, file: int) -> None:
        end = End(
            items=self._items, sha256=self._digest.hexdigest(), kept=self._sums.kept,
            sum=self._sums.sum, ended=format_timestamp(self._clock()),
        )  # fmt: skip
        self._write(file, end.line())
        os.fsync(file)
        self._draft.rename(self._path)
        self._saved.delete()
        folder = os.open(self._path.absolute().parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
