"""Files that leave the portal: a list of tenants, and who decided what. Never a secret.

tenants    a list of tenants as CSV
decisions  the report for auditors as CSV, and the index that finds decisions by their time
whole      a file that breaks off says so

The names of columns are stable: programs read them.
"""

from portal.reports.decisions import complete_report_index, decisions_as_csv
from portal.reports.tenants import tenants_as_csv
from portal.reports.whole import whole_or_said

__all__ = ["complete_report_index", "decisions_as_csv", "tenants_as_csv", "whole_or_said"]
