"""The plan of an import: staged entries, compared with the store, become rows. Writes nothing."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
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
from portal.stores import Item, ItemNotFoundError, Store
from portal.tenants import AuditInfo
from portal.timestamps import format_timestamp

#: Rows that the workers look up and seal at a time.
_BLOCK_ROWS = 250
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


class Plan:
    """Iterating yields the rows; `tally` and `answers` are complete afterwards.

    answers: whose answer from `validate` the rows change, of the tenants that the files name and
        the store has, or gets. Made of what is read anyway.

    sealer: seals the secrets of the rows to write. A plan without one can only be shown.
    workers: threads that look up and seal, see `lookup_workers`.
    zone: of the days on which access is lost or gained.
    progress: called with the number of rows, every 250 rows.

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

    def __iter__(self) -> Iterator[PlanRow]:
        entries = iter(self.staged)
        with ThreadPoolExecutor(self._workers) as pool:
            while block := list(islice(entries, _BLOCK_ROWS)):
                # Looked up in this thread: only one may use the scratch database at a time.
                newest = map(self._newest_candidate, block)
                is_alone = self._workers == 1
                rows = (map if is_alone else pool.map)(self._row, block, newest)
                for row, licence, change in rows:
                    self.tally.count(row, licence, self._now)
                    if change is not None:
                        self.answers.count(row.tenant_id, change)
                    yield row
                self.progress(self.tally.rows)

    def _newest_candidate(self, staged: StagedEntry) -> Candidate | None:
        """The candidate that counts instead of this entry; `None` if this entry counts."""
        counts = staged.newest == staged.number
        return None if counts else self.staged.candidate(staged.newest)

    def _row(
        self, staged: StagedEntry, newest: Candidate | None
    ) -> tuple[PlanRow, Licence, AnswerChange | None]:
        """The row, the licence that it gives if it is written, and how it changes the answer about
        its tenant; None where it is not the row that counts, or there is no tenant."""
        entry = staged.entry
        candidate = entry.candidate
        kind = RowKind.CONFLICT if names_two_tenants(entry) else RowKind.INVALID
        outcome = Outcome(kind, reasons=entry.reasons)
        sealed_secret = fingerprint = ""
        duplicate_of = 0
        item: Item | None = None
        if candidate and newest:
            duplicate_of = staged.newest
            outcome = duplicate(candidate, newest, duplicate_of, staged.other_place)
        elif candidate:
            item = self._item(candidate.id)
            outcome = classify(candidate, item, self.options, self._fingerprints)
            if staged.newer_invalid and outcome.kind is not RowKind.SAME:
                duplicate_of = staged.newer_invalid
                outcome = held_back(outcome, duplicate_of, staged.other_place)
            sealed_secret, fingerprint = self._sealed(outcome, candidate)
        row = PlanRow(
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
            sealed_secret=sealed_secret,
            secret_fingerprint=fingerprint,
            expected_version=outcome.expected_version,
            item_digest=outcome.item_digest,
            place=staged.place,
        )
        return row, outcome.licence, self._change(row, item)

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

    def _item(self, tenant_id: str) -> Item | None:
        try:
            return self._store.get(tenant_id)
        except ItemNotFoundError:
            return None

    def _sealed(self, outcome: Outcome, candidate: Candidate) -> tuple[str, str]:
        """The sealed secret and its fingerprint; both empty if no secret is to be written."""
        secret = candidate.secret
        if self._sealer is None or secret is None or outcome.kind not in WRITTEN_KINDS:
            return "", ""
        if outcome.secret != "set":  # noqa: S105 - a word about a secret
            return "", ""
        sealed_secret = self._sealer.seal(secret, candidate.id)
        return sealed_secret, self._fingerprints.of(candidate.id, sealed_secret, secret)
