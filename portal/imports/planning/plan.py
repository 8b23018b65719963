"""The plan of an import: staged entries, compared with the store, become rows. Writes nothing."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import NamedTuple
from zoneinfo import ZoneInfo

from portal import records
from portal.answer_diff import (
    FIELDS_TOLD,
    SAME,
    AnswerChange,
    AnswerDiff,
    Answered,
    answered_by,
    change_between,
    change_of_new,
)
from portal.imports.model import WRITTEN_KINDS, Candidate, ImportOptions, PlanRow, RowKind
from portal.imports.planning.classify import Outcome, classify, duplicate, held_back
from portal.imports.planning.diff import VALIDITY_FIELDS
from portal.imports.planning.licence_totals import Licence, LicenceTotals
from portal.imports.planning.lookups import Found, ItemLookups, Lookup, begin, default_lookup
from portal.imports.planning.staging import StagedEntries, StagedEntry
from portal.imports.planning.to_tenant import (
    changed_access,
    changed_item,
    new_status,
    new_validity,
)
from portal.imports.validation import names_two_tenants, tenant_id_of
from portal.sealing import Sealer, SecretFingerprints
from portal.settings import Settings
from portal.stores import Item, Store
from portal.tenants import AuditInfo
from portal.timestamps import format_timestamp

#: Rows that are looked up and sealed at a time.
_BLOCK_ROWS = 500
#: A DynamoDB table answers after milliseconds, so several workers wait at the same time. The
#: file store answers at once.
_TABLE_WORKERS = 8
_UTC = ZoneInfo("UTC")
#: The fields of a row that decide access.
_DECIDING = VALIDITY_FIELDS | {"isActive"}


def lookup_workers(settings: Settings) -> int:
    """The number of workers with which a plan is fastest."""
    return 1 if settings.store == "json" else _TABLE_WORKERS


@dataclass
class Tally(LicenceTotals):
    """Counts the rows of a plan; the licence totals are of the rows to write."""

    counts: Counter[RowKind] = field(default_factory=Counter)

    @property
    def rows(self) -> int:
        return self.counts.total()

    @property
    def to_write(self) -> int:
        return sum(self.counts[kind] for kind in WRITTEN_KINDS)

    def count(self, row: PlanRow, licence: Licence, now: str) -> None:
        self.counts[row.kind] += 1
        self.add(licence, now)


class _Planned(NamedTuple):
    """What becomes of an entry, before its secret is sealed.

    Attributes:
        duplicate_of: As in `PlanRow`.
        item: The tenant in the store; None if it is not there, or not this row counts for it.
    """

    staged: StagedEntry
    outcome: Outcome
    duplicate_of: int
    item: Item | None


class _SealedSecret(NamedTuple):
    """Both empty if there is no secret to write."""

    sealed: str = ""
    fingerprint: str = ""


_NO_SECRET = _SealedSecret()


#: Entries, each with the candidate that counts instead; `None` if the entry counts.
_Block = Sequence[tuple[StagedEntry, Candidate | None]]


class Plan:
    """Iterating yields the rows; `tally` and `answers` are complete afterwards.

    answers: whose answer from `validate` the rows change, of the tenants that the files name and
        the store has, or gets. Made of what is read anyway.

    sealer: seals the secrets of the rows to write. A plan without one can only be shown.
    workers: threads that look up and seal, see `lookup_workers`.
    zone: of the days on which access is lost or gained.
    lookup: how to look up tenants in DynamoDB; without one, as their number suggests.
    progress: called with the number of rows, every 500 rows.

    Iterating raises errors of the store and the sealer.
    """

    def __init__(
        self,
        staged: StagedEntries,
        store: Store,
        fingerprints: SecretFingerprints,
        options: ImportOptions,
        *,
        now: datetime,
        sealer: Sealer | None = None,
        workers: int = 1,
        zone: ZoneInfo = _UTC,
        lookup: Lookup | None = None,
    ) -> None:
        self.staged = staged
        self.options = options
        self.tally = Tally()
        self.answers = AnswerDiff(now, zone)
        self.progress: Callable[[int], object] = lambda _: None
        self._store = store
        self._fingerprints = fingerprints
        self._now = format_timestamp(now)
        #: Who applies the plan, and when, is not known yet. Neither decides an answer.
        self._audit = AuditInfo(by="", at=now)
        self._sealer = sealer
        self._workers = workers
        self._lookup = lookup

    def __iter__(self) -> Iterator[PlanRow]:
        pool = ThreadPoolExecutor(self._workers)
        # A store that answers at once needs no other threads.
        workers = pool if self._workers > 1 else None
        lookup = self._lookup or default_lookup(self.staged.size)
        lookups = ItemLookups(self._store, lookup, workers, self.staged.has_tenant)
        try:
            for block, found in self._blocks(lookups):
                items = found()
                planned = [self._planned(*each, items) for each in block]
                sealings = [self._begin_sealing(each, workers) for each in planned]
                for each, sealing in zip(planned, sealings, strict=True):
                    row = _row(each, sealing())
                    self.tally.count(row, each.outcome.licence, self._now)
                    change = self._change(row, each.item)
                    if change is not None:
                        self.answers.count(row.tenant_id, change)
                    yield row
                self.progress(self.tally.rows)
        finally:
            pool.shutdown(cancel_futures=True)
            lookups.close()

    def _blocks(self, lookups: ItemLookups) -> Iterator[tuple[_Block, Found]]:
        """Entries, each with the candidate that counts instead, and the items of their tenants.
        Those of the next block are looked up meanwhile."""
        entries = iter(self.staged)
        ahead: tuple[_Block, Found] | None = None
        # In this thread: only one may use the scratch database at a time.
        while some := list(islice(entries, _BLOCK_ROWS)):
            block = [(each, self._newest_candidate(each)) for each in some]
            candidates = (each.entry.candidate for each, newest in block if newest is None)
            found = lookups.begin([each.id for each in candidates if each is not None])
            if ahead is not None:
                yield ahead
            ahead = block, found
        if ahead is not None:
            yield ahead

    def _newest_candidate(self, staged: StagedEntry) -> Candidate | None:
        """The candidate that counts instead of this entry; `None` if this entry counts."""
        counts = staged.newest == staged.number
        return None if counts else self.staged.candidate(staged.newest)

    def _planned(
        self, staged: StagedEntry, newest: Candidate | None, items: Mapping[str, Item]
    ) -> _Planned:
        entry = staged.entry
        candidate = entry.candidate
        kind = RowKind.CONFLICT if names_two_tenants(entry) else RowKind.INVALID
        outcome = Outcome(kind, reasons=entry.reasons)
        duplicate_of = 0
        item: Item | None = None
        if candidate and newest:
            duplicate_of = staged.newest
            outcome = duplicate(candidate, newest, duplicate_of, staged.other_place)
        elif candidate:
            item = items.get(candidate.id)
            outcome = classify(candidate, item, self.options, self._fingerprints)
            if staged.newer_invalid and outcome.kind is not RowKind.SAME:
                duplicate_of = staged.newer_invalid
                outcome = held_back(outcome, duplicate_of, staged.other_place)
        return _Planned(staged, outcome, duplicate_of, item)

    def _change(self, row: PlanRow, item: Item | None) -> AnswerChange | None:
        now = self.answers.now
        if row.kind is RowKind.NEW:
            return change_of_new(new_status(row.values), new_validity(row.values), now)
        if item is None:
            return None
        if row.kind is not RowKind.UPDATE:
            return SAME
        changed = {change.field for change in row.changes}
        if changed & FIELDS_TOLD:
            _, written = changed_item(row, item, self._audit)
            return change_between(answered_by(item, now), answered_by(written, now), now)
        if not changed & _DECIDING:
            return SAME
        # The other fields are as they were.
        access = records.status_of(item), records.validity_of(item)
        before, after = (Answered.of(*each, now) for each in (access, changed_access(row, *access)))
        return change_between(before, after, now)

    def _begin_sealing(
        self, planned: _Planned, workers: Executor | None
    ) -> Callable[[], _SealedSecret]:
        """Seals the secret if one is to be written. A sealer may ask a service."""
        outcome, candidate = planned.outcome, planned.staged.entry.candidate
        is_to_be_written = outcome.kind in WRITTEN_KINDS and outcome.secret == "set"  # noqa: S105 - a word about a secret
        if self._sealer is None or candidate is None or not is_to_be_written:
            return _without_secret
        return begin(workers, self._sealed, candidate, self._sealer)

    def _sealed(self, candidate: Candidate, sealer: Sealer) -> _SealedSecret:
        secret = candidate.secret
        if secret is None:
            return _NO_SECRET
        sealed = sealer.seal(secret, candidate.id)
        return _SealedSecret(sealed, self._fingerprints.of(candidate.id, sealed, secret))


def _without_secret() -> _SealedSecret:
    return _NO_SECRET


def _row(planned: _Planned, secret: _SealedSecret) -> PlanRow:
    staged, outcome, duplicate_of, _ = planned
    entry = staged.entry
    candidate = entry.candidate
    return PlanRow(
        number=staged.number,
        kind=outcome.kind,
        source=staged.source,
        line=entry.line,
        column=entry.column,
        key=entry.key,
        tenant_id=candidate.id if candidate else tenant_id_of(entry),
        reasons=outcome.reasons,
        repairs=entry.repairs,
        left_out=entry.left_out,
        changes=outcome.changes,
        secret=outcome.secret,
        duplicate_of=duplicate_of,
        values=candidate.values if candidate else entry.values,
        email_in_file=candidate.email_in_file if candidate else "",
        sealed_secret=secret.sealed,
        secret_fingerprint=secret.fingerprint,
        expected_version=outcome.expected_version,
        item_digest=outcome.item_digest,
        place=staged.place,
    )
