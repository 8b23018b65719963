"""What undoing the latest decision on a tenant needs, as one attribute of the tenant. Every further
change drops it. It holds only what the decision changed, and no secret."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.records.attributes import format_optional_timestamp
from portal.stores import INDEXES, Item, Value
from portal.timestamps import parse_timestamp

UNDO = "undo"
#: Each change sets these anew.
_OF_THE_CHANGE = frozenset({
    "version", "updatedAt", UNDO,
    "decidedVerb", "decidedBy", "decidedAt", "decidedWho", "decidedMark",
    *(key for index in INDEXES for key in (index.partition, index.sort)),
})  # fmt: skip
_SECRET, _SET_AT = "clientSecret", "clientSecretSetAt"


@dataclass(frozen=True, kw_only=True, slots=True)
class Undo:
    """before: the attributes that the decision changed, as they were; `None`: it was not there.
    mails: ids of the entries of the outbox that it wrote."""

    before: Mapping[str, Value | None]
    mails: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Undone:
    """The latest change undid `verb`. told_at: when the customer had been told of it, if so."""

    verb: str
    told_at: datetime | None


def with_undo(
    before: Item, after: Item, mails: Collection[str] = (), *, loses_secret: bool = False
) -> Item:
    """The item `after` a decision, with what undoing it needs. Without that if the decision
    replaced a secret, which cannot be restored: it is kept nowhere.

    Args:
        loses_secret: It can be undone all the same, and the secret has to be typed again.
    """
    names = (before.keys() | after.keys()) - _OF_THE_CHANGE
    if loses_secret:
        names -= {_SECRET, _SET_AT}
    changed = {name: before.get(name) for name in names if before.get(name) != after.get(name)}
    replaces_secret = bool(before.get(_SECRET)) and bool(changed.keys() & {_SECRET, _SET_AT})
    if replaces_secret or any(
        not isinstance(value, str | int | None) for value in changed.values()
    ):
        return after
    kept = {"before": dict(sorted(changed.items())), "mails": list(mails)}
    return {**after, UNDO: json.dumps(kept, ensure_ascii=False)}


def undo_of(item: Item) -> Undo | None:
    """`None` if the latest change of the tenant cannot be undone."""
    kept = _read(item)
    if "before" not in kept:
        return None
    return Undo(before=kept["before"], mails=tuple(kept["mails"]))


def restored(item: Item, undo: Undo) -> Item:
    """The item with the attributes that it had before the decision."""
    left = {name: value for name, value in item.items() if name not in {UNDO, *undo.before}}
    return left | {name: value for name, value in undo.before.items() if value is not None}


def with_undone(item: Item, undone: Undone) -> Item:
    told = format_optional_timestamp(undone.told_at) or ""
    return {**item, UNDO: json.dumps({"undone": undone.verb, "told": told})}


def undone_of(item: Item) -> Undone | None:
    """`None` if the latest change of the tenant undid nothing."""
    kept = _read(item)
    if "undone" not in kept:
        return None
    return Undone(verb=kept["undone"], told_at=parse_timestamp(kept["told"]))


def _read(item: Item) -> dict[str, Any]:
    try:
        kept = json.loads(str(item.get(UNDO, "{}")))
    except ValueError:
        return {}
    return kept if isinstance(kept, dict) else {}
