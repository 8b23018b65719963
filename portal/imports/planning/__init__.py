"""Candidates, compared with the store -> one `PlanRow` after another. Writes nothing.

staging         validated entries, before they are compared
staged_places   the places of these entries, and the choice among them
lookups         what the store has of the tenants of the entries
plan            goes over the staged entries, looks up, seals and counts
classify        which kind of row one entry becomes, and why
diff            a candidate and the stored tenant, field by field
to_tenant       a row -> the tenant that it becomes
licence_totals  how many tenants may use the application, and until when
"""

from portal.imports.planning.classify import digest_of
from portal.imports.planning.diff import (
    VALIDITY_FIELDS,
    changes_between,
    changes_validity,
    licence_after,
)
from portal.imports.planning.licence_totals import NO_LICENCE, Licence, LicenceTotals
from portal.imports.planning.lookups import Lookup
from portal.imports.planning.plan import Plan, Tally, lookup_workers
from portal.imports.planning.staged_places import PlaceChoiceError
from portal.imports.planning.staging import StagedEntries
from portal.imports.planning.to_tenant import changed_item, new_tenant

__all__ = [
    "NO_LICENCE", "VALIDITY_FIELDS", "Licence", "LicenceTotals", "Lookup", "PlaceChoiceError",
    "Plan", "StagedEntries", "Tally", "changed_item", "changes_between", "changes_validity",
    "digest_of", "licence_after", "lookup_workers", "new_tenant",
]  # fmt: skip
