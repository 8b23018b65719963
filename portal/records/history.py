"""The history of a tenant: an event for each change, and the notes of staff."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from portal.contact_fields import CONTACT_FIELDS
from portal.records.attributes import Texts
from portal.stores import GSI2, KEY, Item, Value
from portal.tenants import AuditInfo, Verb
from portal.timestamps import format_timestamp, parse_timestamp

#: An event holds the old and the new values of these attributes.
_WITH_VALUES = (
    "status", "accountId", "companyId", "cluster", "validFrom", "validTo", "clientId",
    *(field.attribute for field in CONTACT_FIELDS if not field.personal),
)  # fmt: skip
#: Of these, an event names those that changed, without their values.
_NAMED_ONLY = (
    *(field.attribute for field in CONTACT_FIELDS if field.personal),
    "accountName", "companyName", "clientSecret",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One change of a tenant. `changes`: attribute -> old and new value, both empty if the values
    are personal or secret."""

    at: datetime | None
    by: str
    verb: str
    reason: str
    changes: Mapping[str, tuple[str, str]]
    request_id: str


def event_item(
    tenant_id: str,
    verb: Verb,
    audit: AuditInfo,
    before: Item | None,
    after: Item,
    *,
    reason: str = "",
) -> Item:
    """The event of a change, to be written together with the change. It holds the attributes that
    differ between the tenant's items `before` and `after`, and a digest of each item without its
    secret."""
    return _entry(
        "event", "EVENTS", tenant_id, audit, f"{format_timestamp(audit.at)}-{secrets.token_hex(4)}"
    ) | {
        "verb": verb.value,
        "changes": json.dumps(_changes(before or {}, after), ensure_ascii=False),
        "before": _digest(before),
        "after": _digest(after),
        **({"reason": reason} if reason else {}),
        **({"requestId": audit.request_id} if audit.request_id else {}),
    }


def event_of(item: Item) -> Event:
    text = Texts(item)
    return Event(
        at=parse_timestamp(text["at"]),
        by=text["by"],
        verb=text["verb"],
        reason=text["reason"],
        changes={name: (old, new) for name, (old, new) in json.loads(text["changes"]).items()},
        request_id=text["requestId"],
    )


def events_partition(tenant_id: str) -> str:
    return f"EVENTS#{tenant_id}"


def _changes(before: Item, after: Item) -> dict[str, tuple[str, str]]:
    with_values = {
        name: (str(before.get(name, "")), str(after.get(name, "")))
        for name in _WITH_VALUES
        if before.get(name) != after.get(name)
    }
    named_only = {name: ("", "") for name in _NAMED_ONLY if before.get(name) != after.get(name)}
    return with_values | named_only


def _digest(item: Item | None) -> str:
    if item is None:
        return ""
    without_secret = {name: value for name, value in item.items() if name != "clientSecret"}
    return hashlib.sha256(json.dumps(without_secret, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    at: datetime | None
    by: str
    text: str


def note_item(tenant_id: str, audit: AuditInfo, text: str, after: str = "") -> Item:
    """A note about a tenant. The id depends on the person, the text, and `after`, which says when
    the newest note was written that the person saw: a form that is sent twice adds nothing."""
    digest = hashlib.sha256(repr((audit.who or audit.by, after, text)).encode()).hexdigest()[:16]
    return _entry("note", "NOTES", tenant_id, audit, digest) | {"text": text}


def note_of(item: Item) -> Note:
    text = Texts(item)
    return Note(at=parse_timestamp(text["at"]), by=text["by"], text=text["text"])


def notes_partition(tenant_id: str) -> str:
    return f"NOTES#{tenant_id}"


def _entry(
    kind: str, partition: str, tenant_id: str, audit: AuditInfo, suffix: str
) -> dict[str, Value]:
    at = format_timestamp(audit.at)
    entry_id = f"{kind}-{tenant_id}-{suffix}"
    return {
        KEY: entry_id,
        "version": 1,
        "at": at,
        "by": audit.by,
        # Two people may have the same name.
        **({"who": audit.who} if audit.who else {}),
        GSI2.partition: f"{partition}#{tenant_id}",
        GSI2.sort: f"{at}#{entry_id}",
    }
