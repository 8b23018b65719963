"""The items by which search finds tenants: marks, documents and entries. All of them can be made
anew from the tenants.

    mark       names tenants that a write has changed; it is due until the entries follow
    document   one for each tenant: which entries it has, and its row in the list of changes
    entry      up to three terms of a tenant, one in each of three indexes

None of them has the id of its tenant as its own, so no decision ever waits for one of them. An id
shows hashes of terms, never a term: ids stand in errors and logs.
"""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.records.attributes import Texts
from portal.stores import GSI2, GSI3, GSI4, KEY, Item, Value
from portal.tenants import Status, Tenant
from portal.timestamps import format_timestamp, parse_timestamp

#: The partition of marks that are to be worked off, sorted by when they are due.
SEARCH_DUE = "SEARCH#due"
#: The item that holds how far the walk over all tenants is.
SEARCH_WALK = "search-walk"
#: The indexes that have terms. An entry has at most one term for each of them.
TERM_INDEXES = (GSI2, GSI3, GSI4)

#: Terms with the same beginning of this length are in one partition.
_PARTITION_LENGTH = 2
_HASH_LENGTH = 12
#: Between ids in a mark. An id of the old application may hold a space.
_BETWEEN_IDS = "\n"
_ASIDE = "aside"

#: Partition and sort key of a tenant in the list of changes.
ListKeys = tuple[str, str]


# ---- Marks


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchMark:
    """That the entries of some tenants are to follow.

    Attributes:
        doubtful: Somebody may have changed entries too late: then all are written once more, and
            the entries with these hashes are removed unless the tenant has them. Usually `None`.
    """

    id: str
    tenant_ids: Sequence[str]
    due_at: datetime
    doubtful: frozenset[str] | None = None


def new_search_mark(
    tenant_ids: Iterable[str], due_at: datetime, doubtful: Iterable[str] | None = None
) -> SearchMark:
    return SearchMark(
        id=f"search-due-{format_timestamp(due_at)}-{secrets.token_hex(8)}",
        tenant_ids=tuple(tenant_ids),
        due_at=due_at,
        doubtful=None if doubtful is None else frozenset(doubtful),
    )


def search_mark_item(mark: SearchMark) -> Item:
    item: dict[str, Value] = {
        KEY: mark.id,
        "version": 1,
        "of": _BETWEEN_IDS.join(mark.tenant_ids),
        GSI4.partition: SEARCH_DUE,
        GSI4.sort: f"{format_timestamp(mark.due_at)}#{mark.id}",
    }
    if mark.doubtful is not None:
        item |= {"again": True, "entries": " ".join(sorted(mark.doubtful))}
    return {name: value for name, value in item.items() if value != ""}


def search_mark_of(item: Item) -> SearchMark:
    """The mark of an item.

    Raises:
        ValueError: The item is no mark.
    """
    text = Texts(item)
    due_at = parse_timestamp(text[GSI4.sort].partition("#")[0])
    if due_at is None:
        raise ValueError(f"{item[KEY]} has no time")
    return SearchMark(
        id=text[KEY],
        tenant_ids=tuple(text["of"].split(_BETWEEN_IDS)),
        due_at=due_at,
        doubtful=frozenset(text["entries"].split()) if item.get("again") is True else None,
    )


# ---- Documents


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchDocument:
    """What search has of one tenant.

    Attributes:
        entries: Hashes of all its entries. While `claimed_at` says that somebody changes them, also
            of those that are there perhaps.
        list_keys: Where the list of changes has it; `None` before its entries were complete.
        claimed_at: When somebody began to change the entries. `None`: they are complete.
        layout: Of the entries; `portal.search` counts it.
        tenant_version: The version of the tenant that it has.
    """

    tenant_id: str
    version: int
    layout: int
    entries: frozenset[str] = frozenset()
    list_keys: ListKeys | None = None
    claimed_at: datetime | None = None
    tenant_version: int | None = None


def search_document_id(tenant_id: str) -> str:
    return f"search-doc-{tenant_id}"


def search_document_item(document: SearchDocument) -> Item:
    item: dict[str, Value] = {
        KEY: search_document_id(document.tenant_id),
        "version": document.version,
        "layout": document.layout,
    }
    if document.entries:
        item["entries"] = " ".join(sorted(document.entries))
    if document.list_keys:
        item[GSI3.partition], item[GSI3.sort] = document.list_keys
    if document.tenant_version is not None:
        item["tenantVersion"] = document.tenant_version
    if document.claimed_at:
        item["claimedAt"] = format_timestamp(document.claimed_at)
    return item


def search_document_of(item: Item) -> SearchDocument:
    text = Texts(item)
    layout, tenant_version = item.get("layout"), item.get("tenantVersion")
    return SearchDocument(
        tenant_id=document_tenant_id(item),
        version=int(item["version"]),
        layout=layout if isinstance(layout, int) else 0,
        entries=frozenset(text["entries"].split()),
        list_keys=(text[GSI3.partition], text[GSI3.sort]) if GSI3.sort in text else None,
        claimed_at=parse_timestamp(text["claimedAt"]),
        tenant_version=tenant_version if isinstance(tenant_version, int) else None,
    )


def document_tenant_id(row: Item) -> str:
    """The tenant of a document, or of its row in the list of changes."""
    return str(row[KEY]).removeprefix(search_document_id(""))


def changes_partition(status: Status) -> str:
    """Where GSI3 has the tenants of a status, sorted by their latest change. It has no sign-ups
    that were set aside, or wait for the proof of their address."""
    return f"CHANGED#{status.value}"


#: Where GSI3 has the sign-ups that `changes_partition` has not.
CHANGES_ASIDE = f"CHANGED#{_ASIDE}"


def changes_keys(tenant: Tenant) -> ListKeys:
    """Where the list of changes has a tenant."""
    is_listed = tenant.status is not Status.PENDING or tenant.is_queued
    partition = changes_partition(tenant.status) if is_listed else CHANGES_ASIDE
    at = format_timestamp(tenant.updated_at) if tenant.updated_at else ""
    return partition, f"{at}#{tenant.id}"


# ---- Entries


def term_partition(term: str) -> str:
    return f"TERM#{term[:_PARTITION_LENGTH]}"


def search_entry_hash(terms: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(terms).encode()).hexdigest()[:_HASH_LENGTH]


def search_entry_id(tenant_id: str, entry_hash: str) -> str:
    return f"search-entry-{entry_hash}-{tenant_id}"


def search_entry_item(tenant_id: str, terms: Sequence[str]) -> Item:
    """The entry of a tenant for one to three terms. It never changes: other terms are another
    entry."""
    item: dict[str, Value] = {KEY: search_entry_id(tenant_id, search_entry_hash(terms))}
    for index, term in zip(TERM_INDEXES, terms, strict=False):
        item[index.partition] = term_partition(term)
        item[index.sort] = f"{term}#{tenant_id}"
    return item


def entry_tenant_id(row: Item) -> str:
    """The tenant of an entry, or of its row in an index."""
    return str(row[KEY]).split("-", 3)[3]
