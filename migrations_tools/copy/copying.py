"""Copies all items from one store into another: the same items, nothing lost, nothing twice.

An item is only ever added. What is there already and is the same was copied before, so a copy
that was stopped is simply run again; what is there and differs is left alone and reported.
Afterwards both stores are read once more, and compared.
"""

import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial

from migrations_tools.pace import ProgressLine, RateLimiter
from portal.stores import (
    KEY,
    MAX_CHANGES,
    Add,
    Item,
    ItemExistsError,
    ItemNotFoundError,
    Segment,
    Store,
)
from portal.stores.dynamodb import DynamoDbError

PAGE = 1000

_WHOLE = Segment()


@dataclass
class CopyReport:
    """What was done, by items. The ids of `refused` hold another item in the target, which has
    no room for those of `too_large`; the last four are what the second reading found."""

    read: int = 0
    copied: int = 0
    there_already: int = 0
    refused: list[str] = field(default_factory=list)
    too_large: list[str] = field(default_factory=list)
    verified: int = 0
    missing: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)
    only_in_target: int = 0

    @property
    def is_whole(self) -> bool:
        return not (self.refused or self.too_large or self.missing or self.different)

    def __add__(self, other: "CopyReport") -> "CopyReport":
        ours, theirs = asdict(self), asdict(other)
        return CopyReport(**{name: ours[name] + theirs[name] for name in ours})


class Copy:
    """`together`: several items are one write of the target, which a file is faster with; a
    table would charge a transaction twice. `workers`: so many write at the same time."""

    def __init__(
        self,
        source: Store,
        target: Store,
        *,
        together: bool,
        workers: int = 1,
        pace: RateLimiter | None = None,
        progress: ProgressLine | None = None,
    ) -> None:
        self._source = source
        self._target = target
        self._together = together
        self._workers = workers
        self._pace = pace or RateLimiter()
        self._progress = progress or ProgressLine()

    def run(self) -> CopyReport:
        """Errors as of the stores: what was copied until then stays copied."""
        report = CopyReport()
        with ThreadPoolExecutor(self._workers) as pool:
            for page in self._pages(self._source):
                size = MAX_CHANGES if self._together else 1
                batches = [page[start : start + size] for start in range(0, len(page), size)]
                for part in pool.map(self._batch, batches):
                    report += part
                self._progress.at(f"{report.read:,} items copied")
        self._verify(report)
        self._progress.end()
        return report

    def _batch(self, items: list[Item]) -> CopyReport:
        report = CopyReport(read=len(items))
        self._pace.take(len(items))
        left = [item for item in items if not self._is_there(item, report)]
        if left and not self._try(left, report):
            # One of them is in the way: it is found out which.
            for item in left:
                self._try([item], report)
        return report

    def _is_there(self, item: Item, report: CopyReport) -> bool:
        """In a file a look costs nothing, while a table answers with the write itself."""
        if not self._together:
            return False
        try:
            now = self._target.get(str(item[KEY]))
        except ItemNotFoundError:
            return False
        _compare(item, now, report)
        return True

    def _try(self, items: list[Item], report: CopyReport) -> bool:
        """Whether it is settled what became of the items."""
        try:
            self._pace.retry_while_busy(lambda: self._target.write([Add(item) for item in items]))
        except ItemExistsError as refused:
            if len(items) > 1:
                return False
            _compare(items[0], refused.item, report)
        except DynamoDbError as trouble:
            if trouble.name != "too-large":
                raise
            if len(items) > 1:
                return False
            report.too_large.append(str(items[0][KEY]))
        else:
            report.copied += len(items)
        return True

    def _verify(self, report: CopyReport) -> None:
        """Reads both stores again, and compares digests: whole stores need not fit in memory."""
        there = {str(item[KEY]): _digest(item) for item in self._all(self._target, "target")}
        for item in self._all(self._source, "source"):
            tenant_id = str(item[KEY])
            digest = there.pop(tenant_id, None)
            if digest is None:
                report.missing.append(tenant_id)
            elif digest != _digest(item):
                report.different.append(tenant_id)
            else:
                report.verified += 1
        report.only_in_target = len(there)

    def _all(self, store: Store, name: str) -> Iterator[Item]:
        number = 0
        for page in self._pages(store):
            self._pace.take(len(page))
            number += len(page)
            self._progress.at(f"{number:,} items of the {name} read again")
            yield from page

    def _pages(self, store: Store) -> Iterator[list[Item]]:
        after: str | None = None
        while True:
            page = self._pace.retry_while_busy(partial(store.scan, _WHOLE, after=after, limit=PAGE))
            yield list(page.items)
            if page.after is None:
                return
            after = page.after[1]


def _compare(item: Item, now: Item, report: CopyReport) -> None:
    if dict(item) == dict(now):
        report.there_already += 1
    else:
        report.refused.append(str(item[KEY]))


def _digest(item: Item) -> bytes:
    return hashlib.sha256(json.dumps(item, sort_keys=True).encode()).digest()
