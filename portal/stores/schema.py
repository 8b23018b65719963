"""The table as data: its key, its indexes, and what each index carries.

Both stores, and whatever deploys or checks the table, are made from this one definition.
"""

from dataclasses import dataclass

KEY = "tenantId"


@dataclass(frozen=True, slots=True)
class Index:
    """A sparse index: it holds the items that have both of its key attributes.

    `projected` names the attributes that a row of it shows beside the keys; `None`: all.
    """

    name: str
    partition: str
    sort: str
    projected: frozenset[str] | None

    @property
    def attributes(self) -> frozenset[str] | None:
        """All attributes of a row: the carried ones, the index's keys and the table's key."""
        if self.projected is None:
            return None
        return self.projected | {KEY, self.partition, self.sort}


#: What a list of tenants shows. Never the secret.
TENANT_COLUMNS = frozenset({
    "status", "isActive", "version", "accountId", "companyId",
    "contactCompanyName", "contactFullName", "contactEmailAddress",
    "validFrom", "validTo", "openEnded", "createdAt", "decidedAt",
})  # fmt: skip

#: What a tenant's history, and other lists of small items, show.
EVENT_COLUMNS = frozenset({"at", "by", "verb", "reason", "changes", "requestId", "text"})

#: DynamoDB takes no more attributes beside the keys in one index, nor in all of them together.
MAX_PROJECTED = 20
MAX_PROJECTED_IN_ALL = 100

#: Given by the downstream application, which queries it by name.
GSI1 = Index("GSI1", "gsi1pk", "gsi1sk", projected=None)
#: `STATUS#…`, `EVENTS#…`: the queue, its tabs, a tenant's history.
GSI2 = Index("GSI2", "gsi2pk", "gsi2sk", projected=TENANT_COLUMNS | EVENT_COLUMNS)
#: `COMPANY#<first letter>`: search by the beginning of a company's name.
GSI3 = Index("GSI3", "gsi3pk", "gsi3sk", projected=TENANT_COLUMNS)
#: `EMAIL#<address>`: search by address, likely duplicates.
GSI4 = Index("GSI4", "gsi4pk", "gsi4sk", projected=TENANT_COLUMNS)

INDEXES = (GSI1, GSI2, GSI3, GSI4)
