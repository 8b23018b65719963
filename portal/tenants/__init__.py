"""The rules: what a tenant is, which verb may change it from which status, and when it has access.

    life_cycle   statuses, verbs, reasons, and the status that each verb leads to
    validity     the time of a licence: from one instant to another
    cluster      the host label of a cluster
    gaps         what an incomplete row of the old application lacks
    validity_change  the days or the term that somebody asks for, and whether they shorten it
    active_flag  what `isActive` of the old application means
    source       how a tenant came in
    question     what staff ask the customer of a sign-up, and the answer
    audit        who changes something, and whether a request repeats the latest change
    ids          account and company in Field Service Management
    tenant       a tenant, its contact and OAuth client; a change returns a new tenant
    access_status  whether a tenant may use the application, and why

All classes here are immutable values or errors. The room imports only the standard library.
"""

from portal.tenants.access_status import EXPIRING, AccessStatus, access_status, standing
from portal.tenants.active_flag import ActiveFlag, read_active
from portal.tenants.audit import AuditInfo, Decision, idempotency_key_of
from portal.tenants.cluster import CLUSTER_LENGTH, ClusterError, cluster_of, is_cluster
from portal.tenants.gaps import Gap
from portal.tenants.ids import ID, Ids, is_id
from portal.tenants.life_cycle import (
    CLOSED,
    REJECT_REASONS,
    SUSPEND_REASONS,
    TRANSITIONS,
    UNDOABLE,
    ErasedError,
    NotAllowedError,
    Reason,
    RuleError,
    Status,
    Verb,
    can,
    status_after,
)
from portal.tenants.question import Question
from portal.tenants.shell_proof import ShellProof, ShellVerdict
from portal.tenants.source import Source
from portal.tenants.tenant import SECRET_LENGTH, Client, Contact, Stay, Tenant
from portal.tenants.validity import (
    MILLISECOND,
    BackwardWindowError,
    PastWindowError,
    Validity,
    first_instant,
)
from portal.tenants.validity_change import (
    RENEWAL_TERMS,
    ShorterWindowError,
    Term,
    TermConflictError,
    ValidityChange,
    can_be_renewed,
    renewed,
    require_agreement,
    resolved,
    takes_access_away,
)

__all__ = [
    "CLOSED", "CLUSTER_LENGTH", "EXPIRING", "ID", "MILLISECOND", "REJECT_REASONS", "RENEWAL_TERMS",
    "SECRET_LENGTH", "SUSPEND_REASONS", "TRANSITIONS", "UNDOABLE", "AccessStatus", "ActiveFlag",
    "AuditInfo", "BackwardWindowError", "Client", "ClusterError", "Contact", "Decision",
    "ErasedError", "Gap", "Ids", "NotAllowedError", "PastWindowError", "Question", "Reason",
    "RuleError", "ShellProof", "ShellVerdict", "ShorterWindowError", "Source", "Status", "Stay",
    "Tenant", "Term", "TermConflictError", "Validity", "ValidityChange", "Verb", "access_status",
    "can", "can_be_renewed", "cluster_of", "first_instant", "idempotency_key_of", "is_cluster",
    "is_id", "read_active", "renewed", "require_agreement", "resolved", "standing", "status_after",
    "takes_access_away",
]  # fmt: skip
