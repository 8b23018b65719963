"""The verbs: pages, API and commands change a tenant only through these functions.

    decisions    how every verb works: load, check the version, write all or nothing
    claims       how many pending tenants name the same ids
    sign_ups     submit, edit_contact, withdraw; reject, reopen, release
    activation   activate; renew_existing if the customer has a tenant already
    licences     suspend, reinstate, set_validity, set_client
    notes        add_note
    erasure      erase, erase_closed_before

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
