"""The pages of staff.

routes            the addresses of the pages
sign_in           signing in and out, and who is signed in
overview          the first page: counts, what waits longest, what expires soon
queue             the lists of tenants: tabs, search, pages
queue_columns     the columns of a list
render_rows       writes many table rows fast
recent_decisions  what this person has just decided; an index may lag behind it
tenant_page       one tenant: facts, forms, history, notes
tenant_card       the facts of a tenant, and warnings
verbs             the verbs of staff, each described once
decisions         one route for each verb, and those of notes and renewals
forms             the fields that each verb asks for
form_views        the forms that a tenant's page offers, ready for its template
"""

from portal.web.staff import decisions, routes
from portal.web.staff.render_rows import render_rows
from portal.web.staff.sign_in import signed_in_user

BLUEPRINTS = (routes.bp, decisions.bp)

__all__ = ["BLUEPRINTS", "render_rows", "signed_in_user"]
