"""Plans and applies imports in tests, as a page or a command does."""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from portal.imports.jobs.apply import ROWS_PER_STEP, apply_step
from portal.imports.jobs.create import create_job
from portal.imports.jobs.job import ImportJob
from portal.imports.jobs.row_chunks import rows_of_job
from portal.imports.model.rows import AllowedChange, ImportOptions, PlanRow, Policy
from portal.imports.planning.plan import Plan
from portal.imports.planning.staging import StagedEntries
from portal.sealing import KeyFileSealer
from portal.sealing.fingerprints import SecretFingerprints
from portal.sealing.sealing_store import SealingStore
from portal.stores.contract import Item, Store
from portal.tenants import AuditInfo
from tests.conftest import SECRET_KEY, START
from tests.examples import all_items
from tests.imports.files import LIMITS

ADMIN = AuditInfo(by="Ada Admin", who="staff-ada", at=START)
#: For tests with the fixture `harness`, which has the file store otherwise.
on_both_stores = pytest.mark.parametrize("raw_store", ["json", "dynamodb"], indirect=True)


@dataclass
class ImportHarness:
    """`raw_store` keeps secrets as they are; `store` seals them, as the portal's does.

    Options, in all methods: `policy`, `allowed`, `workers`, `lookup`, and `places`: the names of
    the places to import, of all that there are if it is left out.
    """

    raw_store: Store
    folder: Path

    def __post_init__(self) -> None:
        self.sealer = KeyFileSealer(self.folder / "sealing-keys.json")
        self.store: Store = SealingStore(self.raw_store, self.sealer)

    def rows(self, *files: bytes, **options: Any) -> list[PlanRow]:
        """The rows of a plan that is not stored."""
        with StagedEntries() as staged:
            return list(self._plan(staged, files, options, seals=False))

    def kinds(self, *files: bytes, **options: Any) -> list[str]:
        return [row.kind.value for row in self.rows(*files, **options)]

    def plan(self, *files: bytes, **options: Any) -> ImportJob:
        with StagedEntries() as staged:
            return create_job(self.store, self._plan(staged, files, options, seals=True), ADMIN)

    def apply(
        self, job: ImportJob, rows: int = ROWS_PER_STEP, store: Store | None = None
    ) -> ImportJob:
        while job.is_open:
            job = apply_step(store or self.store, job.id, ADMIN, rows=rows)
        return job

    def run(self, *files: bytes, **options: Any) -> ImportJob:
        """Plans and applies."""
        return self.apply(self.plan(*files, **options))

    def tenants(self) -> dict[str, Item]:
        return {
            key: item
            for key, item in all_items(self.raw_store).items()
            if not key.startswith(("import-", "event-"))
        }

    def events(self) -> list[Item]:
        items = all_items(self.raw_store).items()
        return [item for key, item in items if key.startswith("event-")]

    def _plan(
        self, staged: StagedEntries, files: Iterable[bytes], options: dict[str, Any], *, seals: bool
    ) -> Plan:
        for number, file in enumerate(files, 1):
            staged.add(io.BytesIO(file), LIMITS, name=f"file-{number}.json")
        staged.choose(options.get("places", [each.name for each in staged.places()]))
        return Plan(
            staged,
            self.store,
            SecretFingerprints([SECRET_KEY]),
            ImportOptions(
                policy=Policy(options.get("policy", "skip")),
                allowed=frozenset(AllowedChange(each) for each in options.get("allowed", ())),
            ),
            now=START,
            sealer=self.sealer if seals else None,
            workers=options.get("workers", 1),
            lookup=options.get("lookup"),
        )


def counts(job: ImportJob) -> dict[str, int]:
    """Without kinds that have no rows."""
    return {kind.value: number for kind, number in job.counts.items() if number}


def reasons(row: PlanRow) -> list[tuple[str, str]]:
    return [(reason.field, reason.text) for reason in row.reasons]


def messages(row: PlanRow) -> list[tuple[str, str]]:
    """Reasons and repairs."""
    return [(message.field, message.text) for message in (*row.reasons, *row.repairs)]


def rows_of(harness: ImportHarness, job: ImportJob) -> list[PlanRow]:
    return list(rows_of_job(harness.store, job))
