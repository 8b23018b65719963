"""A store that seals plaintext secrets on every write. All verbs write through it.

The old application stored secrets as they were typed. Any change of such a tenant also seals its
secret, in the same write, so that no verb has to. The secret itself stays the same, and the
history does not list it as changed.
"""

from collections.abc import Sequence
from dataclasses import replace

from portal.records import SECRET, is_tenant
from portal.sealing.sealers import Sealer, Secret, is_sealed
from portal.stores import (
    KEY,
    Change,
    Cursor,
    Index,
    Item,
    Page,
    Remove,
    Segment,
    Store,
)

_WHOLE = Segment()


def has_plaintext_secret(item: Item) -> bool:
    """Whether the item is a tenant whose secret is not sealed."""
    secret = item.get(SECRET)
    return bool(secret) and not is_sealed(str(secret)) and is_tenant(item)


def seal_item(item: Item, sealer: Sealer) -> Item:
    """The item with its secret sealed; the same item if that is so already.

    Raises:
        UnavailableError: The sealer cannot use its key.
    """
    if not has_plaintext_secret(item):
        return item
    return {**item, SECRET: sealer.seal(Secret(str(item[SECRET])), str(item[KEY]))}


class SealingStore:
    """A `Store` that seals secrets before it passes a write on."""

    def __init__(self, store: Store, sealer: Sealer) -> None:
        self._store = store
        self._sealer = sealer

    def write(self, changes: Sequence[Change]) -> None:
        self._store.write([self._seal_change(change) for change in changes])

    def _seal_change(self, change: Change) -> Change:
        if isinstance(change, Remove) or not has_plaintext_secret(change.item):
            return change
        return replace(change, item=seal_item(change.item, self._sealer))

    def get(self, tenant_id: str) -> Item:
        return self._store.get(tenant_id)

    def query(
        self,
        index: Index,
        partition: str,
        *,
        between: tuple[str, str] | None = None,
        after: Cursor | None = None,
        limit: int = 50,
        newest_first: bool = False,
    ) -> Page:
        return self._store.query(
            index,
            partition,
            between=between,
            after=after,
            limit=limit,
            newest_first=newest_first,
        )

    def count(
        self, index: Index, partition: str, *, cap: int, between: tuple[str, str] | None = None
    ) -> int:
        return self._store.count(index, partition, cap=cap, between=between)

    def scan(
        self, segment: Segment = _WHOLE, *, after: str | None = None, limit: int = 1000
    ) -> Page:
        return self._store.scan(segment, after=after, limit=limit)

    def describe(self) -> str:
        return self._store.describe()

    def check(self) -> None:
        self._store.check()

    def close(self) -> None:
        self._store.close()
