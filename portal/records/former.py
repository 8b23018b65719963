"""The former state of a tenant that an import changed, so that the import can be undone: the
attributes that it changed, as they were, and a digest of the tenant as the import left it."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace

from portal.records.attributes import SECRET
from portal.records.digest import sorted_json
from portal.records.ids import item_kind
from portal.records.tenant import index_keys_of, item_of, tenant_of
from portal.records.undo import UNDO, Undone, with_undone
from portal.stores import INDEXES, KEY, Item, Value
from portal.tenants import AuditInfo, Decision, Verb

#: What undoing an import says that it undid.
UNDONE_IMPORT = Verb.IMPORT.value
_INDEX_KEYS = frozenset(key for index in INDEXES for key in (index.partition, index.sort))
#: The latest change sets these anew, undoing as well. `updatedAt` is not among them: it says how
#: old the record is, and that is what the policy `newer-wins` asks.
_OF_THE_CHANGE = _INDEX_KEYS | {
    "version", UNDO, "decidedVerb", "decidedBy", "decidedAt", "decidedWho", "decidedMark",
}  # fmt: skip
_SECRET_PREFIX = "secretOf-"  # noqa: S105 - the begin of a name


def former_values(before: Item, after: Item) -> dict[str, Value | None]:
    """The attributes that a change of a tenant changed, as they were; `None`: it was not there."""
    names = (before.keys() | after.keys()) - _OF_THE_CHANGE
    return {name: before.get(name) for name in sorted(names) if before.get(name) != after.get(name)}


def with_former_values(item: Item, former: Mapping[str, Value | None], audit: AuditInfo) -> Item:
    """The tenant as it was before an import. Its version rises all the same, and its latest
    decision is the undoing."""
    dropped = {*former, *_OF_THE_CHANGE}
    left = {name: value for name, value in item.items() if name not in dropped}
    base = left | {name: value for name, value in former.items() if value is not None}
    decision = Decision(verb=Verb.UNDO, by=audit.by, at=audit.at, who=audit.who)
    decided = item_of(replace(tenant_of(base), decision=decision))
    base |= {name: value for name, value in decided.items() if name.startswith("decided")}
    base |= {"version": int(item["version"]) + 1, **index_keys_of(base)}
    return with_undone(base, Undone(verb=UNDONE_IMPORT, told_at=None))


def written_digest(item: Item) -> str:
    """Shows any change of a tenant since, also one that leaves the version as it is."""
    return hashlib.sha256(sorted_json(item)).hexdigest()[:24]


def is_as_written(item: Item, digest: str) -> bool:
    """Whether the tenant still is as the import left it.

    digest: Of the item that the import wrote. If its secret was plain text then, the store has
        sealed it since.
    """
    return digest in (written_digest(item), written_digest(without_secret(item)))


def without_secret(item: Item) -> Item:
    return {name: value for name, value in item.items() if name != SECRET}


# ---- Secrets that were plain text


def former_secret_name(tenant_id: str) -> str:
    """The attribute of a stored item that holds a former secret of this tenant. A plain one stands
    there by itself, so that it is sealed in the write that keeps it."""
    return f"{_SECRET_PREFIX}{tenant_id}"


def former_secrets(item: Item) -> Iterator[tuple[str, str]]:
    """Attribute and tenant of each former secret that the item of an import holds."""
    if item_kind(str(item[KEY])) == "import":
        for name in item:
            if name.startswith(_SECRET_PREFIX):
                yield name, name.removeprefix(_SECRET_PREFIX)
