"""Claims, the forward that replaces an activated sign-up, and the status link of its customer."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.records.attributes import IMPORTED_STATE, Texts
from portal.records.ids import claim_id, is_final_id
from portal.stores import GSI2, GSI4, INDEXES, KEY, Item, ItemNotFoundError, Store, Value
from portal.tenants import Ids, Tenant
from portal.timestamps import format_timestamp, parse_timestamp

#: So often a tenant may have moved for its first final id still to lead to it.
_MOST_MOVES = 3
#: Moves away from one id that are remembered, and that are followed from a closed sign-up.
_KEPT_MOVES = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Forward:
    """Replaces a pending tenant that was activated: `to` is its final id. The item also keeps the
    status link, so that the link still works."""

    to: str
    idempotency_key: str


def forward_of(item: Item) -> Forward | None:
    """`None` if `item` is not a forward."""
    if "forwardTo" not in item:
        return None
    text = Texts(item)
    return Forward(to=text["forwardTo"], idempotency_key=text["decidedMark"])


def forward_item(pending: Tenant, to: str, idempotency_key: str) -> Item:
    """The forward that replaces the item of `pending`."""
    item: dict[str, Value] = {
        KEY: pending.id,
        "forwardTo": to,
        "version": (pending.version or 0) + 1,
        "statusLink": pending.status_link,
        "decidedMark": idempotency_key,
    }
    if pending.created_at:
        item["createdAt"] = format_timestamp(pending.created_at)
    return item


def moved_id(tenant_id: str) -> str:
    """The id of what remembers that a tenant had this id before."""
    return f"moved-{tenant_id}"


def moved_item(
    tenant_id: str, to: str, idempotency_key: str, at: datetime, earlier: Item | None
) -> Item:
    """Where the tenant with this id has moved to. Read where the id itself is not there; and
    whoever was led to the id before goes on from it.

    Args:
        earlier: The item that this one takes the place of: others have had the id, too.
    """
    moves = (
        [(format_timestamp(at), to), *_moves(earlier)] if earlier else [(format_timestamp(at), to)]
    )
    return {
        KEY: moved_id(tenant_id),
        "forwardTo": to,
        "version": int(earlier["version"]) + 1 if earlier else 1,
        "decidedMark": idempotency_key,
        "at": format_timestamp(at),
        "moves": "\n".join(f"{moved_at} {there}" for moved_at, there in moves[:_KEPT_MOVES]),
    }


def _moves(item: Item) -> list[tuple[str, str]]:
    """When tenants have moved away from this id, and whereto, the latest first."""
    lines = (line.split(" ") for line in str(item.get("moves", "")).splitlines())
    return [(line[0], line[-1]) for line in lines]


def moved_to(item: Item) -> str:
    """Where the tenant went that had the id of this `moved_item` last: to another final id; or back
    to that of its sign-up, since its activation was undone."""
    return str(item["forwardTo"])


def get_where_it_is(store: Store, item_id: str) -> Item:
    """The item of this id. If a tenant has moved away from it, and nobody else has it by now: that
    tenant's item. An id whose activation was undone is free, and leads nowhere.

    Raises:
        ItemNotFoundError: There is neither.
    """
    for _ in range(_MOST_MOVES):
        try:
            return store.get(item_id)
        except ItemNotFoundError:
            if not is_final_id(item_id):
                raise
            item_id = moved_to(store.get(moved_id(item_id)))
            if not is_final_id(item_id):
                raise
    return store.get(item_id)


def get_where_it_leads(store: Store, item: Item) -> Item:
    """The item of the tenant to which this forward leads. The id that it names may be another
    tenant's by now: the one that had it when the sign-up was closed may have moved.

    Raises:
        ItemNotFoundError: It is not there.
    """
    tenant_id, since = str(item["forwardTo"]), _closed_at(item)
    with suppress(ItemNotFoundError):
        found = store.get(tenant_id)
        # Whoever moves a tenant rewrites the forward of its own sign-up.
        if found.get("pendingId") == item[KEY]:
            return found
    for _ in range(_KEPT_MOVES):
        moves: list[tuple[str, str]] = []
        with suppress(ItemNotFoundError):
            moves = _moves(store.get(moved_id(tenant_id)))
        later = [move for move in moves if move[0] >= since]
        if not later:
            break
        since, tenant_id = min(later)
    return store.get(tenant_id)


def _closed_at(item: Item) -> str:
    """Empty of a forward that an earlier version wrote: no tenant had moved by then."""
    return str(item.get("at", "") or str(item.get(GSI2.sort, "")).partition("#")[0])


#: The partition of sign-ups that were closed towards a tenant that existed before. Retention finds
#: them there.
CLOSED_TOWARDS = "CLOSED_TOWARDS"
#: What such a forward keeps, as JSON, so that the closing can be undone: the sign-up, and the
#: validity that the tenant had.
_CLOSED = "closedSignUp"
_VALIDITY = ("validFrom", "validTo", "openEnded", IMPORTED_STATE)
_INDEX_KEYS = frozenset(key for index in INDEXES for key in (index.partition, index.sort))


@dataclass(frozen=True, kw_only=True, slots=True)
class ClosedSignUp:
    """A sign-up that staff closed towards a tenant that existed before.

    sign_up: its item, without index keys.
    validity_before: the attributes of the validity that the tenant had.
    """

    sign_up: Item
    validity_before: Item


def closing_forward_item(
    pending: Tenant, pending_item: Item, existing_item: Item, key: str, at: datetime
) -> Item:
    """The forward that replaces a sign-up which is closed towards an existing tenant. Its customer
    may lose the link to its page, so it is found by the address until retention erases that."""
    sign_up = {name: value for name, value in pending_item.items() if name not in _INDEX_KEYS}
    validity = {name: existing_item[name] for name in _VALIDITY if name in existing_item}
    kept = {"signUp": sign_up, "validity": validity}
    forward = forward_item(pending, str(existing_item[KEY]), key)
    by_address: Item = {
        GSI4.partition: closed_email_partition(pending.contact.email),
        GSI4.sort: f"{forward.get('createdAt', '')}#{pending.id}",
    }
    return {
        **forward,
        "at": format_timestamp(at),
        _CLOSED: json.dumps(kept, ensure_ascii=False),
        GSI2.partition: CLOSED_TOWARDS,
        GSI2.sort: f"{format_timestamp(at)}#{pending.id}",
        **(by_address if pending.contact.email else {}),
    }


def closed_email_partition(address: str) -> str:
    """Where GSI4 has the sign-ups of an address that were closed towards a tenant. Lists and search
    never look there: what stands there is no tenant."""
    return f"CLOSED_EMAIL#{address.casefold()}"


def closed_sign_up_of(item: Item) -> ClosedSignUp | None:
    """`None` if the item is no such forward, or retention has erased what it kept."""
    if _CLOSED not in item:
        return None
    kept = json.loads(str(item[_CLOSED]))
    return ClosedSignUp(sign_up=kept["signUp"], validity_before=kept["validity"])


def with_validity_before(item: Item, validity_before: Item) -> Item:
    """The item of the existing tenant with exactly the validity that it had."""
    others: Mapping[str, Value] = {k: v for k, v in item.items() if k not in _VALIDITY}
    return {**others, **validity_before}


def without_closed_sign_up(item: Item) -> Item:
    """The forward after its retention: only the status link and where it leads."""
    left = {name: value for name, value in item.items() if name not in {_CLOSED, *_INDEX_KEYS}}
    return {**left, "version": int(item["version"]) + 1}


def with_status_link(item: Item, status_link: str) -> Item:
    """The forward with another status link; with an empty one, its customer has ended it."""
    left = {name: value for name, value in item.items() if name != "statusLink"}
    if status_link:
        left["statusLink"] = status_link
    elif _CLOSED in item:
        # What is restored if staff undo the closing has no link either.
        kept = json.loads(str(item[_CLOSED]))
        kept["signUp"].pop("statusLink", None)
        left[_CLOSED] = json.dumps(kept, ensure_ascii=False)
    return {**left, "version": int(item["version"]) + 1}


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusLink:
    """The hash of a customer's status link, and when it was made."""

    hashed: str
    made_at: datetime | None

    def is_over(self, now: datetime, days: int) -> bool:
        """Whether the link has expired, `days` days after it was made; or there is none."""
        return not self.hashed or self.made_at is None or now - self.made_at > timedelta(days=days)


def status_link_of(item: Item) -> StatusLink:
    """The status link in the item of a pending tenant, or in the forward that replaced it."""
    text = Texts(item)
    return StatusLink(hashed=text["statusLink"], made_at=parse_timestamp(text["createdAt"]))


def claim_item(ids: Ids, count: int, version: int) -> Item:
    """The number of pending tenants that claim these ids. It is in no index."""
    return {KEY: claim_id(ids), "count": count, "version": version}
