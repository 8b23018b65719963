"""What programs are told: read off what a write changes, so no verb can forget it."""

import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from portal import records
from portal.records import OutboxEntry
from portal.stores import KEY, Add, Change, Item, Remove, Replace
from portal.tenants import CLOSED, Status, Tenant, Verb
from portal.timestamps import format_timestamp

PENDING = "tenant.pending"
ACTIVATED = "tenant.activated"
REJECTED = "tenant.rejected"
SUSPENDED = "tenant.suspended"
REINSTATED = "tenant.reinstated"
VALIDITY_CHANGED = "tenant.validity_changed"
EXPIRING = "tenant.expiring"
EXPIRED = "tenant.expired"
WITHDRAWN = "tenant.withdrawn"
#: What subscriptions may hear of, in the order in which pages show them.
TYPES = (
    PENDING, ACTIVATED, REJECTED, SUSPENDED, REINSTATED, VALIDITY_CHANGED, EXPIRING, EXPIRED,
    WITHDRAWN,
)  # fmt: skip
#: What an admin sends to see whether it arrives. Every subscription hears of it.
TEST = "webhook.test"

_LICENSED = (Status.ACTIVE, Status.SUSPENDED)
_CLOSED_TYPES = {Status.REJECTED: REJECTED, Status.WITHDRAWN: WITHDRAWN}


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something that happened to a tenant.

    Attributes:
        key: 32 hexadecimal digits. The same event, written twice, has the same.
        data: Ids and states. Nothing personal.
    """

    type: str
    tenant_id: str
    at: datetime
    data: Mapping[str, Any]
    key: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def message_id(self) -> str:
        return f"msg_{self.key}"

    def body(self) -> str:
        """As the outbox keeps it."""
        return json.dumps(
            {
                "id": self.message_id,
                "type": self.type,
                "timestamp": format_timestamp(self.at),
                "data": dict(self.data),
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )


def event_entry(event: Event) -> OutboxEntry:
    """The entry of the outbox that is written together with what happened. It becomes one entry
    for each subscription when it is due: see `portal.webhooks.fan_out`."""
    return OutboxEntry(
        id=f"hook-event-{event.key}",
        tenant_id=event.tenant_id,
        kind=event.type,
        locale="",
        at=event.at,
        due_at=event.at,
        queue=records.EVENT_QUEUE,
        body=event.body(),
    )


def single_key(*parts: str) -> str:
    """A key of an event that happens once."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def tenant_data(
    tenant: Tenant, at: datetime, *, former_id: str = "", request_id: str = ""
) -> dict[str, Any]:
    """What a program is told of a tenant.

    Args:
        former_id: The id under which it was known before, if that is another one.
        request_id: The sign-up that was closed with this change.
    """
    validity = tenant.validity
    data: dict[str, Any] = {
        "id": tenant.id,
        "status": tenant.status.value,
        "validFrom": format_timestamp(validity.valid_from) if validity.valid_from else None,
        "validTo": format_timestamp(validity.valid_to) if validity.valid_to else None,
        "version": tenant.version,
        "at": format_timestamp(at),
    }
    if former_id:
        data["formerId"] = former_id
    if request_id:
        data["requestId"] = request_id
    return data


def changes_tenants(changes: Sequence[Change]) -> bool:
    """Whether a write may have anything that programs are told."""
    return any(
        isinstance(change, Add | Replace) and records.is_tenant(change.item) for change in changes
    )


def events_of(changes: Sequence[Change], now: datetime) -> list[Event]:
    """What a write does, as programs are told it. An import, and undoing one, says nothing."""
    if any(_is_of_import(change) for change in changes):
        return []
    return list(_events_of(changes, now))


def _events_of(changes: Sequence[Change], now: datetime) -> Iterator[Event]:
    gone = [
        change.item_id
        for change in changes
        if isinstance(change, Remove) and records.item_kind(change.item_id) == "tenant"
    ]
    #: Sign-ups that end, by the tenant that they lead to.
    ended = {
        str(change.item["forwardTo"]): records.tenant_of(change.read)
        for change in changes
        if isinstance(change, Replace)
        and "forwardTo" in change.item
        and change.read is not None
        and records.is_tenant(change.read)
    }
    for change in changes:
        if not isinstance(change, Add | Replace) or not records.is_tenant(change.item):
            continue
        after = records.tenant_of(change.item)
        before, former_id, request_id = None, "", ""
        if isinstance(change, Replace):
            if change.read is None:
                continue
            if records.is_tenant(change.read):
                before = records.tenant_of(change.read)
                request = ended.get(after.id)
                request_id = request.id if request else ""
            else:
                # A sign-up takes the place of its forward again: its activation is undone.
                led_to = str(change.read.get("forwardTo", ""))
                former_id = led_to if led_to in gone else ""
        elif after.id in ended:
            before = ended[after.id]
            former_id = before.id
        elif gone:
            # It has got another id.
            former_id = gone[0]
        at = after.updated_at or now
        data = tenant_data(after, at, former_id=former_id, request_id=request_id)
        for each in _types(before, after, has_moved=bool(former_id), ends_request=bool(request_id)):
            yield Event(type=each, tenant_id=after.id, at=at, data=data)


def _types(
    before: Tenant | None, after: Tenant, *, has_moved: bool, ends_request: bool
) -> list[str]:
    if after.status is Status.PENDING:
        # Of one that nobody has looked through yet, nothing is said.
        was_queued = before is not None and before.is_queued
        return [PENDING] if has_moved or (after.is_queued and not was_queued) else []
    if after.status in CLOSED:
        is_same = before is None or before.status is after.status
        was_unknown = before is not None and before.status is Status.PENDING
        was_unknown = was_unknown and before is not None and not before.is_queued
        return [] if is_same or was_unknown else [_CLOSED_TYPES[after.status]]
    types = []
    was = before.status if before else None
    if was is not after.status:
        types.append(_licence_type(was, after.status))
    is_other = before is not None and was in _LICENSED and before.validity != after.validity
    if is_other or ends_request:
        types.append(VALIDITY_CHANGED)
    return types


def _licence_type(was: Status | None, now: Status) -> str:
    if now is Status.SUSPENDED:
        return SUSPENDED
    return REINSTATED if was is Status.SUSPENDED else ACTIVATED


def _is_of_import(change: Change) -> bool:
    if not isinstance(change, Add) or records.item_kind(str(change.item[KEY])) != "event":
        return False
    item: Item = change.item
    is_undone = item.get("verb") == Verb.UNDO.value and item.get("reason") == records.UNDONE_IMPORT
    return item.get("verb") == Verb.IMPORT.value or is_undone
