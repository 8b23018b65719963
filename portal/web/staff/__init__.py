"""The pages of staff.

routes            the addresses of the pages
sign_in           signing in and out, and who is signed in
provider_sign_in  signing in at a provider of OpenID Connect
session_end       when the session ends, and staying signed in
overview          the first page: counts, what waits longest, what expires soon
queue             the lists of tenants: tabs, search, pages
doubtful          clears doubtful sign-ups, many in one act
security          the security log, for admins
people            the list of staff, for admins
person_page       one of them: role, access, sessions
devices           with what somebody signs in, in words
background        mail that waits or was given up, and the daily round, for admins
api_tokens        the tokens of programs, for admins
token_form        the form that makes such a token
queue_columns     the columns of a list
render_rows       writes many table rows fast
renewal           a sign-up for an account that already has a tenant
recent_decisions  what this person has just decided; an index may lag behind it
tenant_page       one tenant: facts, forms, history, notes
confirmations     what a tenant's page confirms after a decision or a note
tenant_card       the facts of a tenant, and warnings
verbs             the verbs of staff, each described once
verb_entry        what such a description has
decisions         one route for each verb, and those of notes and renewals
forms             the fields that each verb asks for
mails             the mails to the customer, and sending one again
verb_form         what the forms of all verbs share
validity_form     two days or a term, and the question before access is taken away
form_views        the forms that a tenant's page offers, ready for its template
"""

from portal.web.staff import decisions, routes
from portal.web.staff.render_rows import render_rows
from portal.web.staff.session_end import add_session_end, session_end_view
from portal.web.staff.sign_in import signed_in_user

BLUEPRINTS = (routes.bp, decisions.bp)

__all__ = [
    "BLUEPRINTS", "add_session_end", "render_rows", "session_end_view", "signed_in_user",
]  # fmt: skip
