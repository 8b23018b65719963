"""The pages of staff.

pages             sign-in, overview and the lists of tenants
queue_rows        tabs, rows and links of a list
render_rows       writes many table rows fast
recent_decisions  what this person has just decided, which an index may still show
tenant_page       one tenant: facts, forms, history, notes
tenant_card       the facts of a tenant, and warnings
decisions         one view for each verb
decision_forms    the forms that a tenant's page offers
forms             what each decision asks
"""

from portal.web.staff import decisions, pages
from portal.web.staff.pages import signed_in_user
from portal.web.staff.render_rows import render_rows

BLUEPRINTS = (pages.bp, decisions.bp)

__all__ = ["BLUEPRINTS", "render_rows", "signed_in_user"]
