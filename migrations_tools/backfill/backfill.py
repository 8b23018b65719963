"""Gives rows of the old application what they lack: index keys, so that lists show them, and a
sealed secret in place of a plaintext one.

Nothing else is written, neither a version nor a status: as long as the old application may still
write a row, its `isActive` decides. Where that is the text of true or false, it becomes true or
false, as an import reads it. Incomplete rows are listed, and stay incomplete until somebody
answers (`answers`). What a row lacks is derived from the row itself, so a complete
row is left alone, and a run that was stopped can simply be repeated.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial

from migrations_tools.backfill.active_flags import (
    ACTIVE,
    active_flag,
    shown_value,
    with_readable_flag,
)
from migrations_tools.backfill.answers import AnswerOutcome
from migrations_tools.backfill.checkpoints import Checkpoint, Checkpoints
from migrations_tools.backfill.rows import (
    Changes,
    Compare,
    Rows,
    RowTooLargeError,
    SkipReason,
    changed_row,
)
from migrations_tools.progress import ProgressLine
from migrations_tools.rate_limiter import RateLimiter
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
from portal.tenants import ActiveFlag, Gap

#: How often a row is tried if somebody else keeps changing it.
MAX_ATTEMPTS = 8

_INDEX_KEYS = tuple(name for index in INDEXES for name in (index.partition, index.sort))
#: The downstream application lists tenants by these keys, so they are never removed.
_DOWNSTREAM_KEYS = frozenset({GSI1.partition, GSI1.sort})


def missing_attributes(item: Item, sealer: Sealer) -> Changes:
    """The changes that complete the row; empty if it is complete or no tenant.

    A plaintext secret is in them as a sealed one.
    """
    if not records.is_tenant(item):
        return {}
    readable = with_readable_flag(item)
    expected = records.index_keys_of(readable)
    changes: dict[str, Value | None] = {
        name: readable[name] for name in (ACTIVE,) if readable is not item
    }
    changes |= {
        name: expected.get(name)
        for name in _INDEX_KEYS
        if item.get(name) != expected.get(name)
        and not (name in _DOWNSTREAM_KEYS and name not in expected)
    }
    if has_plaintext_secret(item):
        changes[records.SECRET] = seal_item(item, sealer)[records.SECRET]
    return changes


@dataclass
class BackfillReport:
    """What was found and done, or what a dry run would do.

    The field names are the keys of `adopt --json`. If a run continued an earlier one, the counts
    are those of this run, and the ids are those of both.
    """

    rows: int = 0
    tenants: int = 0
    right: int = 0
    """Tenants that were complete already."""
    listed: int = 0
    """Tenants that got index keys."""
    sealed: int = 0
    changed_meanwhile: int = 0
    """How often a row was read again because somebody else had changed it."""
    failed: list[str] = field(default_factory=list)
    """Ids of rows that others kept changing."""
    unchangeable: dict[str, SkipReason] = field(default_factory=dict)
    """Ids of rows that were skipped, and why."""
    unusable: dict[str, list[str]] = field(default_factory=dict)
    """Attributes that the portal cannot use, by the id of their tenant. They stay as they are."""
    incomplete: dict[str, list[Gap]] = field(default_factory=dict)
    """What rows lack, by their ids, if nobody has answered yet whether to keep or close them."""
    active: dict[str, list[str]] = field(default_factory=dict)
    """Of rows whose `isActive` is neither true nor false: how it is read, and what it is."""
    answers: dict[str, AnswerOutcome] = field(default_factory=dict)
    """What became of each answer of this run, by the id of its row."""

    @property
    def is_complete(self) -> bool:
        refused = [outcome for outcome in self.answers.values() if not outcome.is_heeded]
        return not (self.failed or self.unchangeable or refused)

    def __add__(self, other: "BackfillReport") -> "BackfillReport":
        own_values, other_values = asdict(self), asdict(other)
        merged = {
            name: own_values.pop(name) | other_values.pop(name)
            for name in ("unchangeable", "unusable", "incomplete", "active", "answers")
        }
        return BackfillReport(
            **{name: own_values[name] + other_values[name] for name in own_values}, **merged
        )


class Backfill:
    """One run over the table.

    Args:
        apply: Write the changes; without it, only count them.
        segments: How many parts of the table are handled at the same time.
        checkpoints: How far each segment has come, and which rows were skipped there. A run
            that was stopped continues from them.
        compare: Called in a dry run with each tenant's row, and as what it would become. By
            several threads at once, if there are several segments.
    """

    def __init__(
        self,
        rows: Rows,
        sealer: Sealer,
        *,
        apply: bool,
        segments: int = 1,
        rate_limiter: RateLimiter | None = None,
        progress: ProgressLine | None = None,
        checkpoints: Checkpoints | None = None,
        compare: Compare | None = None,
    ) -> None:
        self._rows = rows
        self._sealer = sealer if apply else _DryRunSealer(sealer)
        self._apply = apply
        self._compare = compare
        self._segments = segments
        self._rate_limiter = rate_limiter or RateLimiter()
        self._progress = progress or ProgressLine()
        self._checkpoints = checkpoints or Checkpoints(None, "", segments)
        self._rows_read = 0
        self._stopped = False

    def run(self) -> BackfillReport:
        """What was done. After an error, the changes so far stay.

        Raises:
            StoreError: The store or the sealer failed.
        """
        total = BackfillReport()
        with ThreadPoolExecutor(self._segments) as pool:
            futures = [
                pool.submit(self._run_segment, Segment(number, self._segments))
                for number in range(self._segments)
            ]
            try:
                for future in futures:
                    total += future.result()
            except BaseException:
                # Ctrl-C, or a segment that failed: the other segments end after their next row.
                self._stopped = True
                raise
            finally:
                self._progress.clear()
        self._checkpoints.delete()
        return total

    def _run_segment(self, segment: Segment) -> BackfillReport:
        checkpoint = self._checkpoints.get(segment.number)
        # This run also reports the rows that an earlier one skipped.
        report = BackfillReport(
            failed=[*checkpoint.failed],
            unchangeable={**checkpoint.unchangeable},
            unusable={**checkpoint.unusable},
            incomplete={**checkpoint.incomplete},
            active={**checkpoint.active},
        )
        done, after = checkpoint.done, checkpoint.after
        while not done:
            page = self._rate_limiter.retry_while_busy(partial(self._rows.page, segment, after))
            self._rate_limiter.take(len(page.items))
            for item in page.items:
                if self._stopped:
                    return report
                self._handle_row(item, report)
            after = page.after[1] if page.after else None
            done = after is None
            self._checkpoints.save(
                segment.number,
                Checkpoint(
                    after=after,
                    done=done,
                    # Copies: this segment changes its report while another thread saves the
                    # checkpoints of all segments.
                    failed=[*report.failed],
                    unchangeable={**report.unchangeable},
                    unusable={**report.unusable},
                    incomplete={**report.incomplete},
                    active={**report.active},
                ),
            )
        return report

    def _handle_row(self, item: Item, report: BackfillReport) -> None:
        report.rows += 1
        self._rows_read += 1
        self._progress.update(f"{self._rows_read:,} rows read")
        if not records.is_tenant(item):
            return
        report.tenants += 1
        flag = active_flag(item)
        if "status" not in item and flag not in (ActiveFlag.TRUE, ActiveFlag.FALSE):
            report.active[str(item[KEY])] = [flag.value, shown_value(item)]
        # As the row is after this run.
        readable = with_readable_flag(item)
        if unusable := records.unusable_attributes(readable):
            report.unusable[str(item[KEY])] = unusable
        if gaps := records.open_gaps(readable):
            report.incomplete[str(item[KEY])] = [*gaps]
        for _ in range(MAX_ATTEMPTS):
            try:
                changes = missing_attributes(item, self._sealer)
                self._compared(item, changes)
                if not changes:
                    report.right += 1
                    return
                if self._apply:
                    self._rate_limiter.take(1)
                    self._rate_limiter.retry_while_busy(partial(self._rows.change, item, changes))
            except VersionConflictError as conflict:
                report.changed_meanwhile += 1
                if conflict.item is None:
                    return
                item = conflict.item
            except RowTooLargeError:
                report.unchangeable[str(item[KEY])] = SkipReason.TOO_LARGE
                return
            except SecretTooLongError:
                self._compared(item, {})
                report.unchangeable[str(item[KEY])] = SkipReason.TOO_LONG_TO_SEAL
                return
            else:
                report.listed += any(name in _INDEX_KEYS for name in changes)
                report.sealed += records.SECRET in changes
                return
        report.failed.append(str(item[KEY]))

    def _compared(self, item: Item, changes: Changes) -> None:
        if self._compare is not None and not self._apply:
            self._compare(item, changed_row(item, changes) if changes else item)


class _DryRunSealer:
    """Makes no key and calls no KMS, but refuses the secrets that the real sealer would refuse."""

    def __init__(self, real: Sealer) -> None:
        self.check = real.check

    def seal(self, secret: Secret, _tenant_id: str) -> str:
        self.check(secret)
        return "v1.none.none"
