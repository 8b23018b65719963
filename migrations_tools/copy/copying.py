"""Copies all items from one store to another: the same items, nothing lost, nothing twice.

Items are only added, never replaced. An item that is in the target and equal was copied before,
so a stopped copy can simply be repeated. An item that differs in the target is left alone and
reported. At the end both stores are read again and compared.
"""

import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial

from migrations_tools.progress import ProgressLine
from migrations_tools.rate_limiter import RateLimiter
from portal.answer_diff import AnswerDiff, KnownAnswers, answered_by
from portal.stores import (
    KEY,
    MAX_CHANGES,
    Add,
    Item,
    ItemExistsError,
    ItemNotFoundError,
    ItemTooLargeError,
    Segment,
    Store,
)
from portal.stores.dynamodb import DynamoDbError

_PAGE_SIZE = 1000
_WHOLE_TABLE = Segment()


@dataclass
class CopyReport:
    """What was done: numbers of items, or their ids.

    The field names are the keys of `copy --json`. The last four are the result of reading both
    stores again.
    """

    read: int = 0
    copied: int = 0
    there_already: int = 0
    refused: list[str] = field(default_factory=list)
    """The target holds a different item with this id."""
    too_large: list[str] = field(default_factory=list)
    """The target does not take items of this size."""
    verified: int = 0
    missing: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)
    only_in_target: int = 0

    @property
    def is_complete(self) -> bool:
        return not (self.refused or self.too_large or self.missing or self.different)

    def __add__(self, other: "CopyReport") -> "CopyReport":
        own_values, other_values = asdict(self), asdict(other)
        return CopyReport(**{name: own_values[name] + other_values[name] for name in own_values})


class Copy:
    """One copy of a store.

    Args:
        batch_writes: Write many items with one call. A file is faster so; a table would charge
            twice for a transaction.
        workers: How many threads write at the same time.
    """

    def __init__(
        self,
        source: Store,
        target: Store,
        *,
        batch_writes: bool,
        workers: int = 1,
        rate_limiter: RateLimiter | None = None,
        progress: ProgressLine | None = None,
    ) -> None:
        self._source = source
        self._target = target
        self._batch_writes = batch_writes
        self._workers = workers
        self._rate_limiter = rate_limiter or RateLimiter()
        self._progress = progress or ProgressLine()

    def run(self) -> CopyReport:
        """What was done. After an error, the items copied so far stay.

        Raises:
            StoreError: One of the stores failed.
        """
        report = CopyReport()
        with ThreadPoolExecutor(self._workers) as pool:
            for page in self._pages(self._source):
                size = MAX_CHANGES if self._batch_writes else 1
                batches = [page[start : start + size] for start in range(0, len(page), size)]
                for batch_report in pool.map(self._copy_batch, batches):
                    report += batch_report
                self._progress.update(f"{report.read:,} items copied")
        self._verify(report)
        self._progress.clear()
        return report

    def diff(self, diff: AnswerDiff) -> AnswerDiff:
        """Count whose answer changes when the portal uses the target after the copy, in place of
        the source now. Reads both stores once, and writes nothing.

        Raises:
            StoreError: One of the stores failed.
        """
        now = diff.now
        with KnownAnswers() as in_target:
            for item in self._items(self._target, "target"):
                if (answered := answered_by(item, now)) is not None:
                    in_target.put(str(item[KEY]), answered)
            for item in self._items(self._source, "source"):
                if (before := answered_by(item, now)) is not None:
                    tenant_id = str(item[KEY])
                    # What is in the target already stays.
                    diff.add(tenant_id, before, in_target.take(tenant_id) or before)
            for tenant_id, after in in_target.rest():
                diff.add(tenant_id, None, after)
        self._progress.clear()
        return diff

    def _copy_batch(self, items: list[Item]) -> CopyReport:
        report = CopyReport(read=len(items))
        self._rate_limiter.take(len(items))
        new = [item for item in items if not self._exists(item, report)]
        if new and not self._add(new, report):
            # One of them was refused. Alone, each of them shows whether it is the one.
            for item in new:
                self._add([item], report)
        return report

    def _exists(self, item: Item, report: CopyReport) -> bool:
        """Whether the target has an item with this id; it is compared then.

        Only a file is asked, where reading costs nothing. A table answers with the write itself.
        """
        if not self._batch_writes:
            return False
        try:
            existing = self._target.get(str(item[KEY]))
        except ItemNotFoundError:
            return False
        _compare(item, existing, report)
        return True

    def _add(self, items: list[Item], report: CopyReport) -> bool:
        """Whether the report now says what became of the items. If not, nothing was written."""
        try:
            self._rate_limiter.retry_while_busy(
                lambda: self._target.write([Add(item) for item in items])
            )
        except ItemExistsError as error:
            if len(items) > 1:
                return False
            _compare(items[0], error.item, report)
        except (DynamoDbError, ItemTooLargeError) as error:
            if isinstance(error, DynamoDbError) and error.name != "too-large":
                raise
            if len(items) > 1:
                return False
            report.too_large.append(str(items[0][KEY]))
        else:
            report.copied += len(items)
        return True

    def _verify(self, report: CopyReport) -> None:
        """Read both stores again and compare digests, since whole stores may not fit in memory."""
        digests = {str(item[KEY]): _digest(item) for item in self._items(self._target, "target")}
        for item in self._items(self._source, "source"):
            item_id = str(item[KEY])
            digest = digests.pop(item_id, None)
            if digest is None:
                report.missing.append(item_id)
            elif digest != _digest(item):
                report.different.append(item_id)
            else:
                report.verified += 1
        report.only_in_target = len(digests)

    def _items(self, store: Store, name: str) -> Iterator[Item]:
        number = 0
        for page in self._pages(store):
            self._rate_limiter.take(len(page))
            number += len(page)
            self._progress.update(f"{number:,} items of the {name} read")
            yield from page

    def _pages(self, store: Store) -> Iterator[list[Item]]:
        after: str | None = None
        while True:
            page = self._rate_limiter.retry_while_busy(
                partial(store.scan, _WHOLE_TABLE, after=after, limit=_PAGE_SIZE)
            )
            yield list(page.items)
            if page.after is None:
                return
            after = page.after[1]


def _compare(item: Item, existing: Item, report: CopyReport) -> None:
    if dict(item) == dict(existing):
        report.there_already += 1
    else:
        report.refused.append(str(item[KEY]))


def _digest(item: Item) -> bytes:
    return hashlib.sha256(json.dumps(item, sort_keys=True).encode()).digest()
