"""Claims count the pending tenants that name the same ids. The write that changes such a tenant
changes the count."""

import secrets

from portal import records
from portal.stores import (
    Add,
    Change,
    ItemNotFoundError,
    Remove,
    Replace,
    Store,
)
from portal.tenants import Ids, Tenant

#: So many open sign-ups may claim the same ids. One is enough for `validate` to answer PENDING.
MAX_CLAIMS = 3


class TooManyClaimsError(Exception):
    """`MAX_CLAIMS` open sign-ups claim these ids already."""


def claim_changes(
    store: Store, before: Tenant | None, after: Tenant | None, *, limited: bool = False
) -> list[Change]:
    """What to write together with a change of a tenant: its ids' counts, one more or one less.

    Raises:
        TooManyClaimsError: It is `limited`, and there would be more than `MAX_CLAIMS`.
    """
    old, new = _counted_ids(before), _counted_ids(after)
    if old == new:
        return []
    most = MAX_CLAIMS if limited else None
    changes = [_count_claim(store, ids, step, most) for ids, step in ((old, -1), (new, 1)) if ids]
    return [change for change in changes if change]


def _counted_ids(tenant: Tenant | None) -> Ids | None:
    if tenant and tenant.is_queued:
        return tenant.ids
    return None


def _count_claim(store: Store, ids: Ids, step: int, most: int | None) -> Change | None:
    try:
        item = store.get(records.claim_id(ids))
    except ItemNotFoundError:
        # A random first version: a claim that was removed and added again since it was read must
        # not have the version that was read.
        first_version = secrets.randbits(40)
        return Add(records.claim_item(ids, 1, first_version)) if step > 0 else None
    count, version = int(item["count"]) + step, int(item["version"])
    if most is not None and count > most:
        raise TooManyClaimsError
    if count <= 0:
        return Remove(records.claim_id(ids), version)
    return Replace(records.claim_item(ids, count, version + 1), version)
