"""The customer's pages.

site         the choice of a language, and files that every site is asked for
sign_up      the contact form, and the check of one field
sent_form    what becomes of a form that was sent, here or in the frame of the shell
earlier_sign_up  the form once more corrects the request that the browser has just sent
proof_widget  the proof of work that the form asks for
claims       the ids that a link out of the shell names
status       the page behind a status link: read, change, withdraw, end the link
status_view  what the status page says
opened_link  a status link, and what it leads to
follow_up    asking again from the status page: for access, or to renew it
question     the answer to a question of staff
address      the proof of an address: the page behind the link in a mail, and a new link
reminders    the end of reminders by mail: the page behind the link in one
lost_link    the links to all requests of an address, by mail
pages        what the customers' pages have in common
change_fields  the fields with which a customer changes stored details
language_of_form  another language in the middle of a form
progress     the steps of a request on its status page
form_problems  why a form comes back although its fields are right
refusal      the page behind the link of a refusal
help         how long a decision usually takes, and whom to ask
"""

from portal.web.customer import (
    address,
    follow_up,
    lost_link,
    question,
    refusal,
    reminders,
    sign_up,
    site,
    status,
)
from portal.web.customer.claims import claim_facts
from portal.web.customer.earlier_sign_up import corrected, opens
from portal.web.customer.help import contacts
from portal.web.customer.language_of_form import keep_typed
from portal.web.customer.opened_link import opened_link
from portal.web.customer.pages import page_with_form
from portal.web.customer.proof_widget import proof_of_form, widget
from portal.web.customer.refusal import RefusalView, refusal_view
from portal.web.customer.sent_form import limit_problem, new_form_token, submit_form
from portal.web.customer.status_view import status_view

BLUEPRINTS = (
    site.bp,
    sign_up.bp,
    lost_link.bp,
    status.bp,
    follow_up.bp,
    question.bp,
    address.bp,
    reminders.bp,
    refusal.bp,
)

keep_typed(status.bp, question.bp, follow_up.bp, lost_link.bp)

__all__ = [
    "BLUEPRINTS", "RefusalView", "claim_facts", "contacts", "corrected", "limit_problem",
    "new_form_token", "opened_link", "opens", "page_with_form", "proof_of_form", "refusal_view",
    "status_view", "submit_form", "widget",
]  # fmt: skip
