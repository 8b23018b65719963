"""Reports of imports, and the export of tenants.

csv_lines  lines of CSV that no spreadsheet calculates
report  rows as JSON and as CSV, which can be imported again
export  tenants in a form that can be imported again
"""

from portal.imports.reports.csv_lines import CSV_START, guarded_line
from portal.imports.reports.export import export_tenant, reimport_problem
from portal.imports.reports.report import (
    job_summary,
    places_as_json,
    plan_summary,
    report_as_csv,
    report_as_json,
)

__all__ = [
    "CSV_START", "export_tenant", "guarded_line", "job_summary",
    "places_as_json", "plan_summary",
    "reimport_problem", "report_as_csv", "report_as_json",
]  # fmt: skip
