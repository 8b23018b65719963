"""The page of one tenant, and the decisions of staff on it.

tenant_page    facts, forms, history, notes
section        its HTML, kept as long as it says the same
tenant_card    the facts of a tenant, and warnings
confirmations  what the page confirms after a decision or a note
verbs          the verbs of staff, each described once
verb_entry     what such a description has
decisions      one route for each verb, and those of notes and renewals
forms          the fields that each verb asks for
verb_form      what the forms of all verbs share
validity_form  two days or a term, and the question before access is taken away
offered_forms  the forms that the page offers
form_views     what its template knows of a form
closed_forms   those that nobody has filled in, made fast
sent_together  what the browser sends together with the form of a decision
renewal        a sign-up for an account that already has a tenant
related        other requests of the same customer
question_view  a question to the customer, and its answer
lamps          the five proofs of a decision
team_view      who looks after the tenant, and who looks at it
team           giving it to somebody; that one looks at it
mails          the mails to the customer, and sending one again
credentials    client id and secret are tried, before they are saved
tried_view     what a try has shown
mail_preview   a mail with words of staff, before it is sent
"""

from portal.web.staff.tenant import decisions, team, tenant_page
from portal.web.staff.tenant.form_views import MailView
from portal.web.staff.tenant.lamps import noted_day
from portal.web.staff.tenant.mail_preview import mail_view
from portal.web.staff.tenant.mails import mail_label, mail_problem
from portal.web.staff.tenant.tenant_page import conflict_notice
from portal.web.staff.tenant.validity_form import TERM, end_day
from portal.web.staff.tenant.verb_entry import VerbEntry, find_tenant
from portal.web.staff.tenant.verb_form import VerbForm
from portal.web.staff.tenant.verbs import BY_VERB, confirmation_sentence, history_label

__all__ = [
    "BY_VERB", "TERM", "MailView", "VerbEntry", "VerbForm", "confirmation_sentence",
    "conflict_notice", "decisions", "end_day", "find_tenant", "history_label", "mail_label",
    "mail_problem", "mail_view", "noted_day", "team", "tenant_page",
]  # fmt: skip
