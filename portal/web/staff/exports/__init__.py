"""Files that staff take along: a list as CSV, and the report for auditors.

csv_download  an answer that is sent while it is read, a few at a time
list_csv      a list of tenants
report        who decided what, and the page that asks for the days
"""

from portal.web.staff.exports import list_csv, report

__all__ = ["list_csv", "report"]
