"""`python -m migrations_tools export`: all tenants, to be imported again."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from migrations_tools.imports.special_files import whole_shown
from portal.imports import export_tenant, printable_excerpt, reimport_problem
from portal.stores import Store, iter_scan


@dataclass
class Exported:
    """How many tenants were written, how many have no final key and were left out, and what
    could not be imported again as it is."""

    number: int = 0
    left_out: int = 0
    problems: list[str] = field(default_factory=list)


def export_to(store: Store, write: Callable[[str], object], depth: int) -> Exported:
    """Writes JSON Lines. Errors as of the store and of `write`."""
    report = Exported()
    for item in iter_scan(store):
        told = export_tenant(item)
        if told is None:
            is_sign_up = str(item["tenantId"]).startswith("pending-") and "status" in item
            report.left_out += is_sign_up
            continue
        problem = reimport_problem(told, depth)
        if problem:
            report.problems.append(f"{printable_excerpt(told['tenantId'])}: {whole_shown(problem)}")
        write(json.dumps(told, ensure_ascii=False) + "\n")
        report.number += 1
    return report
