"""The verbs: pages, API and commands change a tenant only through these functions.

    decisions    how every verb works: load, check the version, write all or nothing
    claims       how many pending tenants name the same ids
    sign_ups     submit, edit_contact, withdraw; reject, reopen, release
    sign_up_limits  how many sign-ups are accepted
    waiting_times  how long sign-ups waited for their decision
    free_mail    domains that give addresses to anybody
    follow_ups   a customer asks again, or to renew
    status_links  end_status_link, new_status_link
    link_mails   the links to the requests of an address, by mail
    credential_tries  client id and secret are tried at their cluster
    sign_in_mails  sign-in links for staff, by mail
    activation   activate; renew_existing if the customer has a tenant already
    renewal_undo undo_renewal
    undo         undo: the latest decision, by whoever made it
    wrong_ids    set_ids
    moves        what else leads to a tenant that gets another id
    licences     suspend, reinstate, set_validity, renew, set_client, edit_names
    incomplete_rows  kept, closed: what an operator answers to an incomplete row
    changes      several of these in one write, for programs
    program_sign_ups  submit_for_ids, for the downstream application
    notes        add_note
    questions    ask, answer
    proof_of_address  confirm_email
    proof_mails  how many mails with the link for that are sent
    mails        send_again, is_unreached
    reminders    end_reminders, resume_reminders
    doubtful     clear_doubtful
    erasure      erase, erase_closed_before, erase_ended_before, ended_and_due,
                 remove_set_aside_before

An import is no verb of one person: `portal.imports.jobs` writes its tenants and their events.

Expected version: each change of a tenant increases its version by 1. The caller passes the
version that the person saw, `None` if only the old application has written the record. If the
tenant has another version by now, somebody else has changed it: the verb changes nothing and
raises `StaleError`, which holds the current tenant.

Idempotency key: a hash of the verb, the person, the expected version and the values. It is
stored with the change. If a request has the key of the latest change, it is a double click or a
form that was sent twice: the verb changes nothing and returns the current tenant.

One write: the tenant, its event, its claim and its forward are written all or nothing, on the
condition that none of them has changed since it was read. If the condition fails, the verb
reads again and tries again; after 8 attempts it raises `BusyError`.

Errors of the store and of the sealer pass through as they are.
"""

from portal.onboarding import (
    activation,
    erasure,
    licences,
    mails,
    notes,
    questions,
    sign_ups,
    wrong_ids,
)
from portal.onboarding.activation import TenantExistsError, activate, renew_existing
from portal.onboarding.changes import TenantChanges, change_tenant
from portal.onboarding.credential_tries import CredentialTries, TryLimitError, TypedCredentials
from portal.onboarding.decisions import StaleError, UnknownTenantError, find, load
from portal.onboarding.doubtful import Cleared, clear_doubtful
from portal.onboarding.erasure import (
    ended_and_due,
    erase,
    erase_closed_before,
    erase_ended_before,
    remove_set_aside_before,
)
from portal.onboarding.follow_ups import (
    AskedAlreadyError,
    FollowUp,
    follow_up_in,
    latest_follow_up,
    may_ask_again,
    may_ask_to_renew,
)
from portal.onboarding.incomplete_rows import closed, kept
from portal.onboarding.licences import (
    edit_names,
    reinstate,
    renew,
    set_client,
    set_validity,
    suspend,
)
from portal.onboarding.link_mails import LinkLimitError, LinkMails
from portal.onboarding.mails import is_unreached, send_again
from portal.onboarding.moves import IdsTakenError
from portal.onboarding.notes import add_note
from portal.onboarding.program_sign_ups import IdsInUseError, OpenSignUpError, submit_for_ids
from portal.onboarding.proof_mails import ProofMails
from portal.onboarding.proof_of_address import confirm_email
from portal.onboarding.questions import answer, ask
from portal.onboarding.reminders import are_reminders_ended, end_reminders, resume_reminders
from portal.onboarding.renewal_undo import undo_renewal
from portal.onboarding.sign_in_mails import SignInMails
from portal.onboarding.sign_up_limits import (
    ProofNeededError,
    SignUpLimitError,
    SignUpLimits,
    SpentProofError,
    remove_counters_before,
)
from portal.onboarding.sign_ups import edit_contact, reject, release, reopen, submit, withdraw
from portal.onboarding.status_links import end_status_link, new_status_link
from portal.onboarding.undo import undo
from portal.onboarding.wrong_ids import SameIdsError, set_ids

__all__ = [
    "AskedAlreadyError", "Cleared", "CredentialTries",
    "FollowUp", "IdsInUseError", "IdsTakenError", "LinkLimitError",
    "LinkMails", "OpenSignUpError", "ProofMails", "ProofNeededError", "SameIdsError", "SignInMails",
    "SignUpLimitError", "SignUpLimits", "SpentProofError", "StaleError", "TenantChanges",
    "TenantExistsError", "TryLimitError", "TypedCredentials",
    "UnknownTenantError", "activate", "activation", "add_note", "answer",
    "are_reminders_ended", "ask", "change_tenant", "clear_doubtful", "closed", "confirm_email",
    "edit_contact", "edit_names", "end_reminders", "end_status_link",
    "ended_and_due", "erase", "erase_closed_before", "erase_ended_before", "erasure",
    "find", "follow_up_in", "is_unreached", "kept", "latest_follow_up", "licences",
    "load", "mails", "may_ask_again", "may_ask_to_renew", "new_status_link", "notes",
    "questions", "reinstate", "reject", "release", "remove_counters_before",
    "remove_set_aside_before", "renew", "renew_existing", "reopen", "resume_reminders",
    "send_again", "set_client", "set_ids", "set_validity", "sign_ups", "submit", "submit_for_ids",
    "suspend", "undo", "undo_renewal", "withdraw", "wrong_ids",
]  # fmt: skip
