"""The fields of a tenant in a file, and the prefix of its key in a browser's localStorage."""

from portal.contact_fields import CONTACT_ATTRIBUTES

KEY_PREFIX = "fsm_tenant_"

#: The fields that an import reads. Every other field is left out, and the row names it.
FIELDS = (
    "accountId", "accountName", "companyId", "companyName", "cluster",
    *CONTACT_ATTRIBUTES.values(),
    "clientId", "clientSecret", "validFrom", "validTo", "openEnded",
    "isActive", "createdAt", "updatedAt",
)  # fmt: skip
SECRET_FIELD = "clientSecret"  # noqa: S105 - the name of a field
#: The fields that a report or an export may contain: all but the secret.
EXPORTED_FIELDS = tuple(name for name in FIELDS if name != SECRET_FIELD)

KNOWN_FIELDS = frozenset(FIELDS) | {"tenantId"}
