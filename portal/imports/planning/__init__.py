"""Candidates against the store -> one `PlanRow` after another. Writes nothing.

staging         validated entries on disk, before they are compared
diff            a candidate against the stored tenant, field by field
plan            the plan: which kind each entry is
licence_totals  who could use the application by it, and until when
"""

from portal.imports.planning.diff import WINDOW, changes_between, licence_after, moves_window
from portal.imports.planning.licence_totals import NO_LICENCE, Licence, LicenceTotals
from portal.imports.planning.plan import Plan, Tally, digest_of, lookup_workers
from portal.imports.planning.staging import StagedEntries

__all__ = [
    "NO_LICENCE",
    "WINDOW",
    "Licence",
    "LicenceTotals",
    "Plan",
    "StagedEntries",
    "Tally",
    "changes_between",
    "digest_of",
    "licence_after",
    "lookup_workers",
    "moves_window",
]
