"""The rules: what a tenant is, who may change it how, and when it may use the application.

    life_cycle   every status, every verb, and which verb leads where
    validity     the window of a licence
    tenant       a tenant, its contact, ids and client; a change returns a new one
    access       whether a tenant may use the application, and why

Everything here is a value, and imports only the standard library.
"""

from portal.tenants.access import EXPIRING, Standing, standing, standing_of
from portal.tenants.life_cycle import (
    REJECT_REASONS,
    SUSPEND_REASONS,
    ErasedError,
    NotAllowedError,
    Reason,
    RuleError,
    Status,
    Verb,
    status_after,
)
from portal.tenants.tenant import Act, Client, Contact, Decision, Ids, Tenant, mark_of
from portal.tenants.validity import (
    MILLISECOND,
    BackwardWindowError,
    PastWindowError,
    Validity,
    first_instant,
)

__all__ = [
    "EXPIRING", "MILLISECOND", "REJECT_REASONS", "SUSPEND_REASONS", "Act",
    "BackwardWindowError", "Client", "Contact", "Decision", "ErasedError", "Ids",
    "NotAllowedError", "PastWindowError", "Reason", "RuleError", "Standing", "Status", "Tenant",
    "Validity", "Verb", "first_instant", "mark_of", "standing", "standing_of", "status_after",
]  # fmt: skip
