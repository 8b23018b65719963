"""Keeps the place of one tenant in the lists up to date.

The place is read before the tenant, and is written only if nobody else has written it since: so
whoever has seen an older tenant than somebody else fails, and looks again. The tenant is read once
more after the write: it may have been removed right before.
"""

from collections.abc import Sequence
from contextlib import suppress

from portal import records
from portal.queries import LIKELY, possible_duplicates
from portal.records import ListFacts
from portal.stores import (
    GSI2,
    KEY,
    Add,
    BusyError,
    Change,
    Item,
    ItemExistsError,
    Remove,
    Replace,
    Store,
    VersionConflictError,
    find_item,
)
from portal.tenants import Tenant, is_cluster

_ATTEMPTS = 8


def keep_place(store: Store, tenant_id: str, *, twins: bool = True) -> None:
    """Make the place of a tenant what the tenant says, or remove it if there is no tenant.

    Args:
        twins: Also let the tenants that may be the same customer have their marks.

    Raises:
        BusyError: Others kept interfering.
        StoreError: The store failed. The next call goes on.
    """
    for _ in range(_ATTEMPTS):
        place = find_item(store, records.list_place_id(tenant_id))
        item = find_item(store, tenant_id)
        change = _change(store, place, item, twins=twins)
        if change is None:
            return
        with suppress(ItemExistsError, VersionConflictError):
            store.write([change])
            if find_item(store, tenant_id) == item:
                return
    raise BusyError(reason="Others kept changing the place of the same tenant in lists.")


def _change(store: Store, place: Item | None, item: Item | None, *, twins: bool) -> Change | None:
    """`None`: there is nothing to do."""
    version = int(place["version"]) if place else 0
    if item is None or not records.is_tenant(item):
        return Remove(str(place[KEY]), version) if place else None
    tenant = records.tenant_of(item)
    same = _likely_twins(store, tenant)
    wanted = records.list_place_item(tenant, _facts(store, item, tenant, same), version)
    if wanted == place:
        return None
    if twins:
        # First, so that whoever goes on after a kill finds something to do.
        for twin in same:
            if not _has_mark(store, twin):
                keep_place(store, twin, twins=False)
    wanted = {**wanted, "version": version + 1}
    return Replace(wanted, version) if place else Add(wanted)


def _facts(store: Store, item: Item, tenant: Tenant, twins: Sequence[str]) -> ListFacts:
    cluster = tenant.ids.cluster if tenant.ids else ""
    return ListFacts(
        cluster=cluster if is_cluster(cluster) else "",
        source=records.source_of(item, tenant),
        twice=bool(twins),
        noted=any(
            store.count(
                GSI2,
                records.notes_partition(stay.id),
                cap=1,
                between=records.range_of_stay(stay),
            )
            for stay in tenant.stays
        ),
    )


def _likely_twins(store: Store, tenant: Tenant) -> list[str]:
    found = possible_duplicates(store, tenant, reasons=LIKELY)
    return [str(row[KEY]) for _reason, row in found]


def _has_mark(store: Store, tenant_id: str) -> bool:
    """Whether its place says that it may be there twice; or it has none yet, and will get it."""
    place = find_item(store, records.list_place_id(tenant_id))
    return place is None or (GSI2.sort in place and records.list_facts(place, GSI2).twice)
