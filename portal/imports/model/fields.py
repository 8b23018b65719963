"""The fields of a tenant as files have them, and how their names begin in a browser."""

from portal.contact_fields import CONTACT_ATTRIBUTES

KEY_PREFIX = "fsm_tenant_"

#: All that is read of an entry. Others are left out, and named.
FIELDS = (
    "accountId", "accountName", "companyId", "companyName", "cluster",
    *CONTACT_ATTRIBUTES.values(),
    "clientId", "clientSecret", "validFrom", "validTo", "openEnded",
    "isActive", "createdAt", "updatedAt",
)  # fmt: skip
SECRET_FIELD = "clientSecret"  # noqa: S105 - the name of a field
#: What a report and an export may tell: everything but the secret.
EXPORTED_FIELDS = tuple(name for name in FIELDS if name != SECRET_FIELD)

KNOWN = frozenset(FIELDS) | {"tenantId"}

#: Rows of these kinds are imported again from a report.
FAILED_KINDS = frozenset({"conflict", "invalid"})
