"""The place of a tenant in lists that its own indexes do not have: one small item for each tenant,
with one row in up to four indexes. It can be made anew from the tenant at any time.

    GSI1   the tenants of a list by company
    GSI2   those that have a mark, in the usual order of the list
    GSI3   those of a cluster, in the usual order of the list
    GSI4   those that came in one way, in the usual order of the list

Each sort key also says the cluster, the source and the marks: not every index has attributes for
them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from portal.records.attributes import Texts, format_optional_timestamp
from portal.records.index_keys import index_keys, normalised
from portal.stores import GSI1, GSI2, GSI3, GSI4, KEY, Index, Item, Value
from portal.tenants import Source, Status, Tenant

#: How a sign-up came in. Only what the rest of its item does not tell: the form is the usual way.
_CAME_BY = "cameBy"
_SOURCES = {each.value: each for each in Source}
#: Characters of a company's name in a sort key, which also holds more than those of the tenant.
_MOST_OF_NAME = 150
_ID = "search-list-"
_TWICE, _NOTED = "T", "N"
_NONE = "-"


@dataclass(frozen=True, kw_only=True, slots=True)
class ListFacts:
    """What the lists know of a tenant beside its row.

    Attributes:
        twice: Another tenant has its address or its company, so it may be the same customer.
        noted: There are notes about it.
    """

    cluster: str = ""
    source: Source = Source.FORM
    twice: bool = False
    noted: bool = False

    @property
    def has_marks(self) -> bool:
        return self.twice or self.noted


def came_by(source: Source) -> dict[str, Value]:
    """What the item of a new sign-up has beside the tenant. Every change carries it over."""
    return {} if source is Source.FORM else {_CAME_BY: source.value}


def source_of(item: Item, tenant: Tenant) -> Source:
    """How a tenant came in. Of sign-ups before 1.4 that were activated, nobody knows whether they
    came from inside Field Service Management: then it is the form."""
    named = _SOURCES.get(Texts(item)[_CAME_BY])
    if named:
        return named
    if tenant.status is Status.PENDING:
        if tenant.client.sealed_secret:
            return Source.PROGRAM
        return Source.SHELL if tenant.ids and not tenant.renews else Source.FORM
    if tenant.pending_id or not tenant.is_final:
        return Source.FORM
    return Source.IMPORT


def list_place_id(tenant_id: str) -> str:
    return f"{_ID}{tenant_id}"


def place_tenant_id(row: Item) -> str:
    """The tenant of a place, or of its row in an index."""
    return str(row[KEY]).removeprefix(_ID)


def is_list_place(row: Item) -> bool:
    return str(row[KEY]).startswith(_ID)


def list_place_item(tenant: Tenant, facts: ListFacts, version: int) -> Item:
    """The place of a tenant."""
    own = index_keys(tenant)
    usual_list = str(own[GSI2.partition])
    usual_sort = str(own[GSI2.sort]).partition("#")[0]
    company = normalised(tenant.contact.company)[:_MOST_OF_NAME]
    marks = (_TWICE if facts.twice else "") + (_NOTED if facts.noted else "")
    end = f"#{facts.cluster or _NONE},{facts.source.value},{marks or _NONE}#{tenant.id}"
    keys: dict[Index, tuple[str, str]] = {
        GSI1: (by_company(usual_list), f"{company}{end}"),
        GSI4: (of_source(usual_list, facts.source), f"{usual_sort}{end}"),
    }
    if facts.cluster:
        keys[GSI3] = of_cluster(usual_list, facts.cluster), f"{usual_sort}{end}"
    if facts.has_marks:
        keys[GSI2] = marked(usual_list), f"{usual_sort}{end}"
    values: Mapping[str, Value | None] = {
        "contactCompanyName": tenant.contact.company,
        "createdAt": format_optional_timestamp(tenant.created_at),
        "validTo": format_optional_timestamp(tenant.validity.valid_to),
    }
    item: dict[str, Value] = {KEY: list_place_id(tenant.id), "version": version}
    item |= {name: value for name, value in values.items() if value}
    if tenant.version is not None:
        # So each change writes the place, also one that leads back to what it was: whoever has read
        # an older tenant finds another version of it, and fails.
        item["tenantVersion"] = tenant.version
    for index, (partition, sort) in keys.items():
        item |= {index.partition: partition, index.sort: sort}
    return item


def list_facts(row: Item, index: Index) -> ListFacts:
    """What a row of this index says."""
    sort = str(row[index.sort]).removesuffix(f"#{place_tenant_id(row)}")
    cluster, source, marks = sort.rpartition("#")[2].split(",")
    return ListFacts(
        cluster="" if cluster == _NONE else cluster,
        source=Source(source),
        twice=_TWICE in marks,
        noted=_NOTED in marks,
    )


# ---- Partitions. `usual_list`: that of the tenants themselves in GSI2.


def by_company(usual_list: str) -> str:
    return f"LIST#{usual_list}"


def marked(usual_list: str) -> str:
    return f"LIST#{usual_list}#MARKED"


def of_cluster(usual_list: str, cluster: str) -> str:
    return f"LIST#{usual_list}#CLUSTER#{cluster}"


def of_source(usual_list: str, source: Source) -> str:
    return f"LIST#{usual_list}#SOURCE#{source.value}"
