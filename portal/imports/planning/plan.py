"""A draft held against the store: one row after another, and nothing is written."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from portal import records
from portal.imports.model import (
    SECRET_FIELD,
    WRITTEN_KINDS,
    AllowedChange,
    Candidate,
    FieldChange,
    FieldMessage,
    ImportOptions,
    Message,
    PlanRow,
    Policy,
    RowKind,
)
from portal.imports.planning.diff import changes_between, differing_fields, is_newer, licence_after
from portal.imports.planning.licence_totals import NO_LICENCE, Licence, LicenceTotals
from portal.imports.planning.staging import StagedEntries, StagedEntry
from portal.imports.validation import tenant_id_of
from portal.sealing import Sealer, SecretFingerprints
from portal.settings import Settings
from portal.stores import Item, ItemNotFoundError, Store
from portal.tenants import Status
from portal.timestamps import format_timestamp

#: Looked up and sealed together.
_TOGETHER = 250
#: A file costs nothing to ask; a table answers after a while, so several ask at a time.
_ASK_TABLE = 8


def lookup_workers(settings: Settings) -> int:
    """How many look up and seal at the same time, best."""
    return 1 if settings.store == "json" else _ASK_TABLE


@dataclass
class Tally(LicenceTotals):
    """What the rows come to, complete when all of them have been seen; the licences are those
    of what would be written."""

    counts: Counter[RowKind] = field(default_factory=Counter)

    @property
    def rows(self) -> int:
        return self.counts.total()

    @property
    def to_write(self) -> int:
        return sum(self.counts[kind] for kind in WRITTEN_KINDS)

    def take(self, row: PlanRow, licence: Licence, now: str) -> None:
        self.counts[row.kind] += 1
        self.add(licence, now)


class Plan:
    """The rows of a draft, one after another; `tally` is complete when they have been seen.

    Errors while they are made: as of the store and the sealer. With a `sealer` the secrets of
    what would be written are sealed: without one, the plan can only be looked at. `workers`:
    see `lookup_workers`.
    """

    def __init__(
        self,
        draft: StagedEntries,
        store: Store,
        fingerprints: SecretFingerprints,
        choice: ImportOptions,
        *,
        now: datetime,
        sealer: Sealer | None = None,
        workers: int = 1,
    ) -> None:
        self.draft = draft
        self.choice = choice
        self.tally = Tally()
        #: Told the number of rows now and then.
        self.progress: Callable[[int], object] = lambda _: None
        self._store = store
        self._fingerprints = fingerprints
        self._now = format_timestamp(now)
        self._sealer = sealer
        self._workers = workers

    def __iter__(self) -> Iterator[PlanRow]:
        entries = iter(self.draft)
        with ThreadPoolExecutor(self._workers) as pool:
            while block := list(islice(entries, _TOGETHER)):
                # Looked up here, since only one may ask the draft at a time.
                twins = map(self._twin, block)
                alone = self._workers == 1
                rows = (map if alone else pool.map)(self._row, block, twins)
                for row, licence in rows:
                    self.tally.take(row, licence, self._now)
                    yield row
                self.progress(self.tally.rows)

    def _twin(self, drafted: StagedEntry) -> Candidate | None:
        """What is planned for the same tenant instead."""
        is_planned = drafted.newest == drafted.number
        return None if is_planned else self.draft.candidate(drafted.newest)

    def _row(self, drafted: StagedEntry, twin: Candidate | None) -> tuple[PlanRow, Licence]:
        """The row, and what licence it would give, if it would be written."""
        checked = drafted.checked
        candidate = checked.candidate
        verdict = Outcome(RowKind.INVALID, reasons=checked.reasons)
        sealed = fingerprint = ""
        beside = 0
        if candidate and twin:
            beside = drafted.newest
            verdict = Outcome(RowKind.DUPLICATE, reasons=_beside(candidate, twin, beside))
        elif candidate:
            verdict = classify(candidate, self._item(candidate.id), self.choice, self._fingerprints)
            if drafted.failed and verdict.kind is not RowKind.SAME:
                verdict, beside = _held_back(verdict, drafted.failed), drafted.failed
            sealed, fingerprint = self._sealed(verdict, candidate)
        row = PlanRow(
            number=drafted.number,
            kind=verdict.kind,
            source=drafted.source,
            line=checked.line,
            column=checked.column,
            key=checked.key,
            tenant_id=candidate.id if candidate else tenant_id_of(checked),
            reasons=verdict.reasons,
            repairs=checked.repairs,
            left_out=checked.left_out,
            changes=verdict.changes,
            secret=verdict.secret,
            duplicate_of=beside,
            values=candidate.values if candidate else checked.values,
            email_in_file=candidate.email_in_file if candidate else "",
            sealed_secret=sealed,
            secret_fingerprint=fingerprint,
            expected_version=verdict.expected,
            item_digest=verdict.digest,
        )
        return row, verdict.licence

    def _item(self, tenant_id: str) -> Item | None:
        try:
            return self._store.get(tenant_id)
        except ItemNotFoundError:
            return None

    def _sealed(self, verdict: "Outcome", candidate: Candidate) -> tuple[str, str]:
        """The sealed secret and its mark, where they would be written."""
        secret = candidate.secret
        if self._sealer is None or secret is None or verdict.kind not in WRITTEN_KINDS:
            return "", ""
        if verdict.secret != "set":  # noqa: S105 - a word about a secret
            return "", ""
        sealed = self._sealer.seal(secret, candidate.id)
        return sealed, self._fingerprints.of(candidate.id, sealed, secret)


class Outcome(NamedTuple):
    """What would become of a candidate; the names are those of `PlanRow`. `licence`: none if it is
    not written."""

    kind: RowKind
    secret: str = ""
    changes: tuple[FieldChange, ...] = ()
    reasons: tuple[FieldMessage, ...] = ()
    expected: int | None = None
    digest: str = ""
    licence: Licence = NO_LICENCE


def classify(
    candidate: Candidate, item: Item | None, choice: ImportOptions, fingerprints: SecretFingerprints
) -> Outcome:
    """What would become of the candidate, beside the item that is there."""
    secret = "set" if candidate.secret else "missing"
    if item is None:
        return Outcome(RowKind.NEW, secret, licence=candidate.values)
    changes = changes_between(candidate, item)
    if candidate.secret and fingerprints.same(item, candidate.id, candidate.secret):
        secret = "unchanged"  # noqa: S105 - a word about a secret
    elif candidate.secret:
        had = "set" if item.get(records.SECRET) else "missing"
        changes.append(FieldChange(SECRET_FIELD, had, "set"))
    if not changes:
        return Outcome(RowKind.SAME, secret)
    told = Outcome(RowKind.CONFLICT, secret, tuple(changes))
    if kept := _kept(candidate, item, changes, choice):
        return told._replace(reasons=tuple(kept))
    version = item.get("version")
    return told._replace(
        kind=RowKind.UPDATE,
        expected=version if isinstance(version, int) else None,
        digest=digest_of(item),
        licence=licence_after(candidate.values, item),
    )


def _beside(candidate: Candidate, twin: Candidate, newest: int) -> tuple[FieldMessage, ...]:
    """Why another entry for the same tenant is planned, and what this one says otherwise."""
    names = differing_fields(candidate, twin)
    if not names:
        said = Message("Row %(row)s is the same tenant, and not older.", row=str(newest))
    else:
        said = Message(
            "Row %(row)s is the same tenant, and not older. It differs in %(fields)s.",
            row=str(newest), fields=", ".join(names),
        )  # fmt: skip
    return (FieldMessage("", said),)


def _held_back(verdict: Outcome, failed: int) -> Outcome:
    """An older record is not written where a newer one was meant, which may say otherwise of
    whether the tenant is active."""
    said = Message(
        "Row %(row)s is the same tenant, newer, and cannot be imported.", row=str(failed)
    )
    reasons = (FieldMessage("", said), *verdict.reasons)
    return Outcome(RowKind.CONFLICT, verdict.secret, verdict.changes, reasons)


_DIFFERS = Message("It is in the store already and differs, and the store's is kept.")
_CLOSED = {
    Status.PENDING: Message("The tenant is pending in the store, and is kept."),
    Status.REJECTED: Message("The tenant is rejected in the store, and is kept."),
    Status.WITHDRAWN: Message("The tenant is withdrawn in the store, and is kept."),
}


def _kept(
    candidate: Candidate, item: Item, changes: Sequence[FieldChange], choice: ImportOptions
) -> list[FieldMessage]:
    """Why the store's stays, if it does."""
    status = records.status_of(item)
    if status not in (Status.ACTIVE, Status.SUSPENDED):
        return [FieldMessage("", _CLOSED[status])]
    if choice.policy is Policy.SKIP:
        return [FieldMessage("", _DIFFERS)]
    kept = []
    changed = {change.field for change in changes}
    by_staff = records.set_by_staff(item)
    if "isActive" in changed and AllowedChange.STATUS not in choice.allowed:
        if candidate.values["isActive"] is True:
            text = Message(
                "The tenant is suspended in the store, and no import makes it active by itself."
            )
            kept.append(FieldMessage("isActive", text))
        elif by_staff[0]:
            kept.append(FieldMessage("isActive", Message("Staff set the status, and it is kept.")))
    moved = [name for name in ("validTo", "validFrom", "openEnded") if name in changed]
    if moved and by_staff[1] and AllowedChange.VALIDITY not in choice.allowed:
        kept.append(FieldMessage(moved[0], Message("Staff set the validity, and it is kept.")))
    if choice.policy is Policy.NEWER_WINS and not is_newer(candidate, records.tenant_of(item)):
        kept.append(
            FieldMessage("updatedAt", Message("The store's is as new or newer, and is kept."))
        )
    return kept


def digest_of(item: Item) -> str:
    """Tells whether an item still is what it was, with or without a version."""
    return hashlib.sha256(json.dumps(dict(item), sort_keys=True).encode()).hexdigest()[:24]
