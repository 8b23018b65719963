"""The fields of a tenant as files have them, and how their names begin in a browser."""

PREFIX = "fsm_tenant_"

#: All that is read of an entry. Others are left out, and named.
FIELDS = (
    "accountId", "accountName", "companyId", "companyName", "cluster", "contactCompanyName",
    "contactFullName", "contactPhone", "contactPhoneTyped", "contactPhoneExtension",
    "contactEmailAddress", "clientId", "clientSecret", "validFrom", "validTo", "openEnded",
    "isActive", "createdAt", "updatedAt",
)  # fmt: skip
SECRET_FIELD = "clientSecret"  # noqa: S105 - the name of a field
#: What a report and an export may tell: everything but the secret.
EXPORTED_FIELDS = tuple(name for name in FIELDS if name != SECRET_FIELD)

KNOWN = frozenset(FIELDS) | {"tenantId"}

#: The first columns of a report as CSV; the values of rows that failed follow, to be mended.
REPORT_COLUMNS = (
    "row", "kind", "tenant", "key", "file", "line", "column", "reasons", "repairs", "leftOut",
    "changes", "secret", "duplicateOf",
)  # fmt: skip
#: Rows of these kinds are imported again from a report.
FAILED = frozenset({"conflict", "invalid"})

#: A spreadsheet takes what begins with one of these for a formula.
FORMULA = "=+-@\t\r\n\0＝＋－＠"
