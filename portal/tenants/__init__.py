"""The rules: what a tenant is, which verb may change it from which status, and when it has access.

    life_cycle   statuses, verbs, reasons, and the status that each verb leads to
    validity     the time of a licence: from one instant to another
    tenant       a tenant, its contact, ids and OAuth client; a change returns a new tenant
    access_status  whether a tenant may use the application, and why

All classes here are immutable values or errors. The room imports only the standard library.
"""

from portal.tenants.access_status import EXPIRING, AccessStatus, access_status, standing
from portal.tenants.life_cycle import (
    REJECT_REASONS,
    SUSPEND_REASONS,
    TRANSITIONS,
    ErasedError,
    NotAllowedError,
    Reason,
    RuleError,
    Status,
    Verb,
    can,
    status_after,
)
from portal.tenants.tenant import (
    CLUSTER_LENGTH,
    ID,
    SECRET_LENGTH,
    AuditInfo,
    Client,
    Contact,
    Decision,
    Ids,
    Tenant,
    idempotency_key_of,
    is_id,
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
    "SUSPEND_REASONS", "TRANSITIONS", "AccessStatus", "AuditInfo", "BackwardWindowError", "Client",
    "Contact", "Decision", "ErasedError", "Ids", "NotAllowedError", "PastWindowError", "Reason",
    "RuleError", "Status", "Tenant", "Validity", "Verb", "access_status", "can", "first_instant",
    "idempotency_key_of", "is_id", "standing", "status_after",
]  # fmt: skip
