"""The table as data: its key, its indexes, and the attributes that each index projects.

Both stores use this definition, and so do the commands that deploy and check the table.
"""

from dataclasses import dataclass

KEY = "tenantId"


@dataclass(frozen=True, slots=True)
class Index:
    """A sparse index: it holds only the items that have both of its key attributes.

    `projected` names the attributes of its rows beside the keys; `None`: all attributes.
    """

    name: str
    partition: str
    sort: str
    projected: frozenset[str] | None

    @property
    def attributes(self) -> frozenset[str] | None:
        """All attributes of a row: the projected ones and the keys of index and table."""
        if self.projected is None:
            return None
        return self.projected | {KEY, self.partition, self.sort}


#: For lists of tenants. Never the secret.
TENANT_COLUMNS = frozenset({
    "status", "isActive", "version", "accountId", "companyId",
    "contactCompanyName", "contactFullName", "contactEmailAddress",
    "validFrom", "validTo", "openEnded", "createdAt", "decidedAt",
})  # fmt: skip

#: For a tenant's history and other lists of small items.
EVENT_COLUMNS = frozenset({"at", "by", "verb", "reason", "changes", "requestId", "text"})

#: The most projected attributes that DynamoDB allows in one index, and in all of them together.
MAX_PROJECTED = 20
MAX_PROJECTED_IN_ALL = 100

#: Defined by the downstream application, which queries it by name.
GSI1 = Index("GSI1", "gsi1pk", "gsi1sk", projected=None)
#: `STATUS#…`, `EVENTS#…`: the queue, its tabs, a tenant's history.
GSI2 = Index("GSI2", "gsi2pk", "gsi2sk", projected=TENANT_COLUMNS | EVENT_COLUMNS)
#: `COMPANY#<first letter>`: search by the beginning of a company's name.
GSI3 = Index("GSI3", "gsi3pk", "gsi3sk", projected=TENANT_COLUMNS)
#: `EMAIL#<address>`: search by address, possible duplicates.
GSI4 = Index("GSI4", "gsi4pk", "gsi4sk", projected=TENANT_COLUMNS)

INDEXES = (GSI1, GSI2, GSI3, GSI4)
