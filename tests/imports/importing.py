"""What tests of the import share: an importer on a store, and exports made by the row."""

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.imports.jobs.apply import ROWS_PER_STEP, apply_step
from portal.imports.jobs.create import create_job
from portal.imports.jobs.job import ImportJob
from portal.imports.jobs.row_chunks import rows_of_job
from portal.imports.model.rows import AllowedChange, PlanRow, Policy
from portal.imports.planning.plan import ImportOptions, Plan
from portal.imports.planning.staging import StagedEntries
from portal.imports.reading.decode import Limits
from portal.sealing.fingerprints import SecretFingerprints
from portal.sealing.sealers import KeyFileSealer
from portal.sealing.sealing_store import SealingStore
from portal.stores.contract import Item, Store
from portal.tenants import AuditInfo
from tests.conftest import SECRET_KEY, START
from tests.examples import all_items

EXPORTS = Path(__file__).parent.parent / "exports"
LIMITS = Limits(size=5_000_000, entries=10_000, depth=32, value=1_000_000)
ADMIN = AuditInfo(by="Ada Admin", who="staff-ada", at=START)
SECRET = "s3cr3t-that-nobody-may-see"


def tenant(number: int = 1, **changed: Any) -> dict[str, Any]:
    """A tenant as the old application kept it; `None` leaves a field out."""
    made = {
        "accountId": "86810",
        "accountName": "Muster Haustechnik Gruppe",
        "companyId": str(number),
        "companyName": "Muster Haustechnik GmbH",
        "cluster": "eu",
        "contactCompanyName": "Muster Haustechnik GmbH",
        "contactFullName": "Jörg Weiß",
        "contactPhone": "+49 30 901820",
        "contactEmailAddress": "joerg.weiss@muster-haustechnik.example",
        "clientId": "000179d1",
        "clientSecret": SECRET,
        "validFrom": "2025-01-07T08:15:22.041Z",
        "validTo": "2027-01-21T08:15:22.041Z",
        "createdAt": "2025-01-07T08:15:22.041Z",
        "updatedAt": "2025-01-07T08:15:22.041Z",
        "isActive": True,
    } | changed
    return {name: value for name, value in made.items() if value is not None}


def dump(*tenants: dict[str, Any], **others: str) -> bytes:
    """`JSON.stringify(localStorage)`."""
    entries = {
        f"fsm_tenant_{each.get('accountId')}_{each.get('companyId')}": json.dumps(each)
        for each in tenants
    }
    return json.dumps(entries | others).encode()


def lines(*tenants: dict[str, Any]) -> bytes:
    return "".join(json.dumps(each) + "\n" for each in tenants).encode()


@dataclass
class Importer:
    """Plans and applies on a store, as a page or a command does."""

    kept: Store
    folder: Path

    def __post_init__(self) -> None:
        self.sealer = KeyFileSealer(self.folder / "sealing-keys.json")
        self.store = SealingStore(self.kept, self.sealer)

    def rows(self, *files: bytes, **choice: Any) -> list[PlanRow]:
        """A plan that is only looked at."""
        with StagedEntries() as draft:
            return list(self._plan(draft, files, choice, seals=False))

    def plan(self, *files: bytes, **choice: Any) -> ImportJob:
        with StagedEntries() as draft:
            return create_job(self.store, self._plan(draft, files, choice, seals=True), ADMIN)

    def apply(
        self, run: ImportJob, rows: int = ROWS_PER_STEP, store: Store | None = None
    ) -> ImportJob:
        while run.is_open:
            run = apply_step(store or self.store, run.id, ADMIN, rows=rows)
        return run

    def run(self, *files: bytes, **choice: Any) -> ImportJob:
        return self.apply(self.plan(*files, **choice))

    def kinds(self, *files: bytes, **choice: Any) -> list[str]:
        return [row.kind.value for row in self.rows(*files, **choice)]

    def tenants(self) -> dict[str, Item]:
        return {
            key: item
            for key, item in all_items(self.kept).items()
            if not key.startswith(("import-", "event-"))
        }

    def events(self) -> list[Item]:
        return [item for key, item in all_items(self.kept).items() if key.startswith("event-")]

    def _plan(self, draft: StagedEntries, files: Any, choice: Any, *, seals: bool) -> Plan:
        for file in files:
            draft.add(io.BytesIO(file), LIMITS)
        chosen = ImportOptions(
            policy=Policy(choice.get("policy", "skip")),
            allowed=frozenset(AllowedChange(each) for each in choice.get("allowed", ())),
        )
        return Plan(
            draft,
            self.store,
            SecretFingerprints([SECRET_KEY]),
            chosen,
            now=START,
            sealer=self.sealer if seals else None,
            workers=choice.get("workers", 1),
        )


def counts(run: ImportJob) -> dict[str, int]:
    return {kind.value: number for kind, number in run.counts.items() if number}


def rows_of(importer: Importer, run: ImportJob) -> list[PlanRow]:
    return list(rows_of_job(importer.store, run))
