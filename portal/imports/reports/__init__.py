"""Reports of imports, and the export of tenants.

report  rows as JSON and as CSV, which can be imported again
export  tenants in a form that can be imported again
"""

from portal.imports.reports.export import export_tenant, reimport_problem
from portal.imports.reports.report import job_summary, plan_summary, report_as_csv, report_as_json

__all__ = [
    "export_tenant", "job_summary", "plan_summary", "reimport_problem", "report_as_csv",
    "report_as_json",
]  # fmt: skip
