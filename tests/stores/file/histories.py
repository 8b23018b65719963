"""Random commits, and a check that a store shows their result."""

from collections.abc import Mapping
from random import Random

from portal.stores.contract import (
    Add,
    Change,
    CorruptStoreError,
    Count,
    Item,
    Remove,
    Replace,
    Store,
    UnavailableError,
)
from portal.stores.schema import GSI2

State = dict[str, Item]

IDS = [f"t{n}" for n in range(12)]


def commit(rng: Random, state: Mapping[str, Item], number: int) -> list[Change]:
    """One to four changes that `state` allows, and perhaps a count. `number` makes them different
    from all others."""
    changes: list[Change] = []
    if rng.random() < 0.5:
        changes.append(
            Count("counter", {rng.choice("xy"): number}, {"gsi2pk": "P0", "gsi2sk": "c"})
        )
    for tenant_id in rng.sample(IDS, rng.randint(1, 4)):
        current = state.get(tenant_id)
        item: dict[str, str | int | bool] = {
            "tenantId": tenant_id, "commit": number, "text": "x" * rng.choice([0, 30, 700]),
            "gsi2pk": f"P{rng.randrange(2)}", "gsi2sk": f"{rng.randrange(9)}#{tenant_id}",
            "version": int(current["version"]) + 1 if current else 1,
        }  # fmt: skip
        if current is None:
            changes.append(Add(item))
        elif rng.random() < 0.3:
            changes.append(Remove(tenant_id, int(current["version"])))
        else:
            changes.append(Replace(item, int(current["version"])))
    return changes


def apply(state: State, changes: list[Change]) -> State:
    after = dict(state)
    for change in changes:
        if isinstance(change, Remove):
            del after[change.item_id]
        elif isinstance(change, Count):
            item = {"tenantId": change.item_id, **change.attributes, **after.get("counter", {})}
            counts = {name: int(item.get(name, 0)) + 1 for name in change.limits}
            after[change.item_id] = item | counts
        else:
            after[str(change.item["tenantId"])] = change.item
    return after


def state_of(store: Store) -> State:
    """All items. Checks that the index agrees with them."""
    state = {str(item["tenantId"]): item for item in store.scan().items}
    for partition in ("P0", "P1"):
        rows = [(row["gsi2sk"], row["tenantId"]) for row in store.query(GSI2, partition).items]
        assert rows == sorted(
            (item["gsi2sk"], item["tenantId"])
            for item in state.values()
            if item["gsi2pk"] == partition
        )
    return state


class History:
    """The acknowledged items, and the one commit whose outcome may be unknown."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.state: State = {}
        self.outcome_unknown: State | None = None
        self.number = 0

    def write(self, store: Store) -> bool:
        """Write one commit. Whether it was acknowledged; an interruption leaves that unknown."""
        if self.outcome_unknown is not None and not self._decide(store):
            return False
        self.number += 1
        changes = commit(self.rng, self.state, self.number)
        after = apply(self.state, changes)
        self.outcome_unknown = after
        try:
            store.write(changes)
        except UnavailableError as error:
            if not error.outcome_unknown:
                self.outcome_unknown = None
            return False
        self.state, self.outcome_unknown = after, None
        return True

    def _decide(self, store: Store) -> bool:
        """Find out whether the commit with the unknown outcome was saved."""
        try:
            store.check()
            self.look(store)
        except CorruptStoreError:
            raise
        except UnavailableError:
            return False
        self.outcome_unknown = None
        return True

    def look(self, store: Store) -> None:
        """Check that the store shows all acknowledged commits and no refused one."""
        shown = state_of(store)
        assert shown in (self.state, self.outcome_unknown)
        if shown == self.outcome_unknown:
            self.state, self.outcome_unknown = shown, None
