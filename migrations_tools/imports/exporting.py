"""Writes all tenants as JSON Lines, which `import` reads again."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from migrations_tools.imports.plain_files import escape_unprintable
from portal.imports import export_tenant, printable_excerpt, reimport_problem
from portal.stores import Store, iter_scan


@dataclass
class ExportReport:
    """What was written.

    Attributes:
        tenants: How many tenants were written.
        left_out: How many sign-ups have no final id and were left out.
        problems: Which tenants could not be imported again as they are, and why.
    """

    tenants: int = 0
    left_out: int = 0
    problems: list[str] = field(default_factory=list)


def export_tenants(store: Store, write: Callable[[str], object], depth: int) -> ExportReport:
    """Write one line for each tenant.

    Args:
        depth: How many lists and objects an import allows inside each other.

    Raises:
        StoreError: The store failed. Errors of `write` pass as they are.
    """
    report = ExportReport()
    for item in iter_scan(store):
        tenant = export_tenant(item)
        if tenant is None:
            is_sign_up = str(item["tenantId"]).startswith("pending-") and "status" in item
            report.left_out += is_sign_up
            continue
        problem = reimport_problem(tenant, depth)
        if problem:
            tenant_id = printable_excerpt(tenant["tenantId"])
            report.problems.append(f"{tenant_id}: {escape_unprintable(problem)}")
        write(json.dumps(tenant, ensure_ascii=False) + "\n")
        report.tenants += 1
    return report
