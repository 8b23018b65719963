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
from portal.tenants.tenant import (
    CLUSTER_LENGTH,
    ID,
    SECRET_LENGTH,
    Act,
    Client,
    Contact,
    Decision,
    Ids,
    Tenant,
    is_id,
    mark_of,
)
from portal.tenants.validity import (
    MILLISECOND,
    BackwardWindowError,
    PastWindowError,
    Validity,
    first_instant,
)

__all__ = [
    "CLUSTER_LENGTH", "EXPIRING", "ID", "MILLISECOND", "REJECT_REASONS", "SECRET_LENGTH",
    "SUSPEND_REASONS", "Act", "BackwardWindowError", "Client", "Contact", "Decision",
    "ErasedError", "Ids", "NotAllowedError", "PastWindowError", "Reason", "RuleError", "Standing",
    "Status", "Tenant", "Validity", "Verb", "first_instant", "is_id", "mark_of", "standing",
    "standing_of", "status_after",
]  # fmt: skip
