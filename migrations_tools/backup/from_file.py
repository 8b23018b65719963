"""Fills a new table from a file. A run that was stopped goes on.

Items are only added. One that is in the table and equal was written by a run before; one that
differs is left alone and named. In the end the whole table is read, and compared with the file.
"""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from migrations_tools.backup.progress import ProgressFile
from migrations_tools.backup.table_file import (
    Attributes,
    End,
    ItemSums,
    TableFileError,
    check_file,
    item_line,
    item_lines,
    item_of,
)
from migrations_tools.progress import ProgressLine
from migrations_tools.rate_limiter import RateLimiter
from portal.stores import KEY
from portal.stores.dynamodb import Answer, ConditionFailedError

WRITERS = 8
#: Items that are written between two looks at the clock.
_BATCH = 64
_SAVE_EVERY = 2.0
_PAGE_SIZE = 1000
#: Of items that differ, the ids that are remembered.
_MOST_DIFFERENT = 1000

#: Calls DynamoDB: the operation, and its parameters without the table.
Calls = Callable[[str, Mapping[str, Any]], Answer]


@dataclass(kw_only=True, slots=True)
class FromFileReport:
    """What was done. The names of the fields are the keys of `--json`.

    Attributes:
        different: The ids of items in place of which the table has others; the first thousand.
        is_equal: Whether the table, read as a whole, has what the file has.
    """

    items: int = 0
    written: int = 0
    there_already: int = 0
    different: list[str] = field(default_factory=list)
    resumed: bool = False
    is_equal: bool = False


class FromFile:
    """One filling of a table.

    Args:
        where: Describes the table.
        folder: Where the progress of the run is saved.
    """

    def __init__(
        self,
        call: Calls,
        where: str,
        path: Path,
        *,
        folder: Path,
        rate_limiter: RateLimiter | None = None,
        progress: ProgressLine | None = None,
    ) -> None:
        self._call = call
        self._where = where
        self._path = path
        self._folder = folder
        self._rate_limiter = rate_limiter or RateLimiter()
        self._progress = progress or ProgressLine()

    def run(self) -> FromFileReport:
        """Fill the table, and compare it.

        Raises:
            TableFileError: The file cannot be used, or the table has other items. Nothing was
                written.
            StoreError: The table failed. What was written stays for the next run.
        """
        _, end = check_file(self._path)
        saved = ProgressFile(
            self._folder / "from-file-progress.json",
            {"table": self._where, "file": end.sha256, "items": end.items},
        )
        report = FromFileReport(items=end.items)
        done = self._begin(saved, report)
        with ThreadPoolExecutor(WRITERS) as pool:
            lines = item_lines(self._path, done)
            next_save = time.monotonic() + _SAVE_EVERY
            while batch := list(islice(lines, _BATCH)):
                self._rate_limiter.take(len(batch))
                for item_id in pool.map(self._put, batch):
                    self._count(item_id, report)
                done += len(batch)
                if time.monotonic() >= next_save:
                    self._save(saved, done, report)
                    next_save = time.monotonic() + _SAVE_EVERY
                self._progress.update(f"{done:,} of {end.items:,} items")
        self._save(saved, done, report)
        report.is_equal = self._is_equal(end)
        self._progress.clear()
        if report.is_equal:
            saved.delete()
        return report

    def _begin(self, saved: ProgressFile, report: FromFileReport) -> int:
        """How many items a run before has handled."""
        progress = saved.read()
        if progress is not None:
            report.resumed = True
            report.written, report.there_already = progress["written"], progress["there"]
            report.different = list(progress["different"])
            return int(progress["done"])
        parameters = {"Limit": 1, "ConsistentRead": True}
        answer = self._rate_limiter.retry_while_busy(lambda: self._call("Scan", parameters))
        if answer.get("Items"):
            raise TableFileError(
                f"{self._where} is not empty, so nothing was written. Make a new table with"
                " `python -m migrations_tools table deploy`, and name it in TENANT_TABLE_NAME."
            )
        # Before the first item: what a killed run leaves is known as its own.
        self._save(saved, 0, report)
        return 0

    @staticmethod
    def _save(saved: ProgressFile, done: int, report: FromFileReport) -> None:
        try:
            saved.save({
                "done": done, "written": report.written, "there": report.there_already,
                "different": report.different,
            })  # fmt: skip
        except OSError as error:
            raise TableFileError(
                f"How far the run has come cannot be saved in PORTAL_DATA_DIR ({error.strerror})."
                " Let this user write there, and run the command again."
            ) from error

    def _put(self, line: bytes) -> tuple[str, str]:
        """The id of the item, and what became of it."""
        item = item_of(line)
        item_id = str(item[KEY].get("S", ""))
        parameters = {
            "Item": item,
            "ConditionExpression": "attribute_not_exists(#k)",
            "ExpressionAttributeNames": {"#k": KEY},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        try:
            self._rate_limiter.retry_while_busy(lambda: self._call("PutItem", parameters))
        except ConditionFailedError as error:
            existing: Attributes = error.answer.get("Item", {})
            return item_id, "there" if item_line(existing) == line else "different"
        return item_id, "written"

    @staticmethod
    def _count(result: tuple[str, str], report: FromFileReport) -> None:
        match result:
            case _, "written":
                report.written += 1
            case _, "there":
                report.there_already += 1
            case item_id, _ if len(report.different) < _MOST_DIFFERENT:
                report.different.append(item_id)

    def _is_equal(self, end: End) -> bool:
        """Read the whole table, and compare its items with those of the file by their sum."""
        sums, number = ItemSums(), 0
        parameters: dict[str, Any] = {"ConsistentRead": True, "Limit": _PAGE_SIZE}
        while True:
            answer = self._rate_limiter.retry_while_busy(partial(self._call, "Scan", parameters))
            items = answer.get("Items", [])
            for item in items:
                sums.add(item_line(item), item)
            number += len(items)
            self._progress.update(f"{number:,} items compared")
            self._rate_limiter.take(len(items))
            after = answer.get("LastEvaluatedKey")
            if after is None:
                return (sums.kept, sums.sum) == (end.kept, end.sum)
            parameters["ExclusiveStartKey"] = after
