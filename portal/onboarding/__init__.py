"""The verbs: everything that changes a tenant goes through here, whoever asks for it.

    decisions    how every verb works: what was seen, what is asked again, one write
    claims       how many pending tenants name the same ids
    sign_ups     submit, edit_contact, withdraw; reject, reopen, release
    activation   activate, or renew_existing where the account has a tenant already
    licences     suspend, reinstate, set_validity, set_client
    notes        add_note
    erasure      erase, erase_closed_before

Each verb takes the version that its person saw (`expected_version`; `None`: the old application
wrote the record). Asked again for what it has just done, it changes nothing and answers the same;
asked on a version that is no longer there, it raises `StaleError` with the tenant as it is.
The tenant, its event, its claim and its forward are one all-or-nothing write.
"""

from portal.onboarding import activation, erasure, licences, notes, sign_ups
from portal.onboarding.activation import TenantExistsError, activate, renew_existing
from portal.onboarding.decisions import StaleError, UnknownTenantError, find
from portal.onboarding.erasure import erase, erase_closed_before
from portal.onboarding.licences import reinstate, set_client, set_validity, suspend
from portal.onboarding.notes import add_note
from portal.onboarding.sign_ups import edit_contact, reject, release, reopen, submit, withdraw

__all__ = [
    "StaleError",
    "TenantExistsError",
    "UnknownTenantError",
    "activate",
    "activation",
    "add_note",
    "edit_contact",
    "erase",
    "erase_closed_before",
    "erasure",
    "find",
    "licences",
    "notes",
    "reinstate",
    "reject",
    "release",
    "renew_existing",
    "reopen",
    "set_client",
    "set_validity",
    "sign_ups",
    "submit",
    "suspend",
    "withdraw",
]  # fmt: skip
