"""Takes in the rows that the old application wrote: index keys, so that lists show them, and
their plaintext secrets sealed.

Only that is written. Neither a version nor a status is added: as long as the old application
may still write a row, its `isActive` decides. What a row needs is worked out from the row
itself, so a row that has it is left alone, and a run that was stopped is simply run again.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial

from migrations_tools.backfill.checkpoints import Checkpoint, Checkpoints
from migrations_tools.backfill.rows import Changes, Rows, RowTooLargeError, SkipReason
from migrations_tools.pace import ProgressLine, RateLimiter
from portal import records
from portal.sealing import Sealer, Secret, SecretTooLongError, has_plaintext_secret, seal_item
from portal.stores import (
    GSI1,
    INDEXES,
    KEY,
    Item,
    Segment,
    Value,
    VersionConflictError,
)

#: How often a row is looked at again after somebody else changed it.
TRIES = 8

_KEYS = tuple(name for index in INDEXES for name in (index.partition, index.sort))
#: The downstream application lists tenants by these: what it wrote there is never taken away.
_GIVEN = frozenset({GSI1.partition, GSI1.sort})


def missing_of(item: Item, sealer: Sealer) -> Changes:
    """What the row needs; empty if it has it, or is no tenant. The secret comes out sealed."""
    if not records.is_tenant(item):
        return {}
    wanted = records.index_keys_of(item)
    changes: dict[str, Value | None] = {
        name: wanted.get(name)
        for name in _KEYS
        if item.get(name) != wanted.get(name) and not (name in _GIVEN and name not in wanted)
    }
    if has_plaintext_secret(item):
        changes[records.SECRET] = seal_item(item, sealer)[records.SECRET]
    return changes


@dataclass
class BackfillReport:
    """What was found and done. In a dry run: what would be done. Of a run that went on where an
    earlier one stopped, the counts are its own; the ids are those of both."""

    rows: int = 0
    tenants: int = 0
    right: int = 0
    listed: int = 0
    sealed: int = 0
    changed_meanwhile: int = 0
    failed: list[str] = field(default_factory=list)
    """The ids of rows that others changed again and again."""
    unchangeable: dict[str, SkipReason] = field(default_factory=dict)
    """The ids of rows that were left as they were, and why."""

    @property
    def is_whole(self) -> bool:
        return not (self.failed or self.unchangeable)

    def __add__(self, other: "BackfillReport") -> "BackfillReport":
        ours, theirs = asdict(self), asdict(other)
        unchangeable = ours.pop("unchangeable") | theirs.pop("unchangeable")
        return BackfillReport(
            **{name: ours[name] + theirs[name] for name in ours}, unchangeable=unchangeable
        )


class Backfill:
    """One run over the table in `segments` parts at the same time.

    With `apply` it writes; without, it only counts. `memory` keeps how far each part has come, and
    the ids of what it had to leave, so that a run that was stopped goes on behind that.
    """

    def __init__(
        self,
        rows: Rows,
        sealer: Sealer,
        *,
        apply: bool,
        segments: int = 1,
        pace: RateLimiter | None = None,
        progress: ProgressLine | None = None,
        memory: Checkpoints | None = None,
    ) -> None:
        self._rows = rows
        self._sealer = sealer if apply else _CountingSealer(sealer)
        self._apply = apply
        self._segments = segments
        self._pace = pace or RateLimiter()
        self._progress = progress or ProgressLine()
        self._memory = memory or Checkpoints(None, "", segments)
        self._seen = 0
        self._stopped = False

    def run(self) -> BackfillReport:
        """Errors as of the store and the sealer: what was done until then stays done."""
        total = BackfillReport()
        with ThreadPoolExecutor(self._segments) as pool:
            parts = [
                pool.submit(self._segment, Segment(number, self._segments))
                for number in range(self._segments)
            ]
            try:
                for part in parts:
                    total += part.result()
            except BaseException:
                # Ctrl-C, or a part that cannot go on: the others end behind their next row.
                self._stopped = True
                raise
            finally:
                self._progress.end()
        self._memory.forget()
        return total

    def _segment(self, segment: Segment) -> BackfillReport:
        place = self._memory.place(segment.number)
        # What an earlier run had to leave is this one's to tell.
        report = BackfillReport(failed=[*place.failed], unchangeable={**place.unchangeable})
        done, after = place.done, place.after
        while not done:
            page = self._pace.retry_while_busy(partial(self._rows.page, segment, after))
            self._pace.take(len(page.items))
            for item in page.items:
                if self._stopped:
                    return report
                self._row(item, report)
            after = page.after[1] if page.after else None
            done = after is None
            self._memory.keep(
                segment.number,
                Checkpoint(
                    after=after,
                    done=done,
                    # Copies: this part goes on while another one's place is written.
                    failed=[*report.failed],
                    unchangeable={**report.unchangeable},
                ),
            )
        return report

    def _row(self, item: Item, report: BackfillReport) -> None:
        report.rows += 1
        self._seen += 1
        self._progress.at(f"{self._seen:,} rows read")
        if not records.is_tenant(item):
            return
        report.tenants += 1
        for _ in range(TRIES):
            try:
                changes = missing_of(item, self._sealer)
                if not changes:
                    report.right += 1
                    return
                if self._apply:
                    self._pace.take(1)
                    self._pace.retry_while_busy(partial(self._rows.change, item, changes))
            except VersionConflictError as refused:
                report.changed_meanwhile += 1
                if refused.item is None:
                    return
                item = refused.item
            except RowTooLargeError:
                report.unchangeable[str(item[KEY])] = SkipReason.TOO_LARGE
                return
            except SecretTooLongError:
                report.unchangeable[str(item[KEY])] = SkipReason.TOO_LONG_TO_SEAL
                return
            else:
                report.listed += any(name in _KEYS for name in changes)
                report.sealed += records.SECRET in changes
                return
        report.failed.append(str(item[KEY]))


class _CountingSealer:
    """For a dry run: makes no key and asks no KMS, and refuses what the real one would."""

    def __init__(self, real: Sealer) -> None:
        self.check = real.check

    def seal(self, secret: Secret, _tenant_id: str) -> str:
        self.check(secret)
        return "v1.none.none"
