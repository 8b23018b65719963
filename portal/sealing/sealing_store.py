"""A store that seals plaintext secrets on every write. All verbs write through it.

The old application stored secrets as they were typed. Any change of such a tenant also seals its
secret, in the same write, so that no verb has to. The secret itself stays the same, and the
history does not list it as changed.
"""

from collections.abc import Sequence
from dataclasses import replace

from portal.records import SECRET, former_secrets, is_tenant
from portal.sealing.contract import Sealer, Secret, is_sealed
from portal.stores import KEY, Change, Count, Item, Remove, Store, StoreWrapper


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


def _seal_former_secrets(item: Item, sealer: Sealer) -> Item:
    """As `seal_item`, for the secrets that an import replaced and keeps to be undone."""
    sealed = {
        name: sealer.seal(Secret(str(item[name])), tenant_id)
        for name, tenant_id in former_secrets(item)
        if not is_sealed(str(item[name]))
    }
    return {**item, **sealed} if sealed else item


class SealingStore(StoreWrapper):
    """A `Store` that seals secrets before it passes a write on."""

    def __init__(self, store: Store, sealer: Sealer) -> None:
        super().__init__(store)
        self._sealer = sealer

    def write(self, changes: Sequence[Change]) -> None:
        super().write([self._seal_change(change) for change in changes])

    def _seal_change(self, change: Change) -> Change:
        if isinstance(change, Remove | Count):
            return change
        item = _seal_former_secrets(seal_item(change.item, self._sealer), self._sealer)
        return change if item is change.item else replace(change, item=item)
