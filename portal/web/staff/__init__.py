"""The pages of staff.

routes      the addresses of the pages
accounts    signing in, sessions, people, tokens, the security log
overview    the first page: counts, what waits longest, what expires soon
exports     a list as CSV, and the report for auditors
lists       the queue and the other lists of tenants
tenant      the page of one tenant, and the decisions on it
webhooks    which programs are told of what happens, for admins
bulk        one decision for many tenants of a list
background  mail that waits or was given up, and the daily round, for admins
"""

from portal.web.staff import routes
from portal.web.staff.accounts import add_session_end, session_end_view, signed_in_user
from portal.web.staff.bulk import pages as bulk_pages
from portal.web.staff.lists import render_rows
from portal.web.staff.tenant import decisions

BLUEPRINTS = (routes.bp, decisions.bp, bulk_pages.bp)

__all__ = [
    "BLUEPRINTS", "add_session_end", "render_rows", "session_end_view", "signed_in_user",
]  # fmt: skip
