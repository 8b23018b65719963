"""Who looks after a tenant, who looks at it, and what people of staff want to hear by mail.

None of it is in the item of the tenant: it raises no version, so it collides with no decision.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.records.attributes import Texts, format_optional_timestamp, parse_optional_timestamp
from portal.stores import GSI2, GSI4, KEY, Item, Value
from portal.tenants import Status, Tenant
from portal.timestamps import format_timestamp, parse_timestamp

#: The partition of those who want the digest, though no setting names their address.
WANT_DIGEST = "WISHES#digest"
#: All presence is in so many items, whatever the number of tenants: so none is ever to be removed.
_PRESENCE_ITEMS = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """Who looks after a tenant.

    Attributes:
        version: Of its item; 0: it is not stored yet.
        turn: How often it was given to somebody or handed back. A form holds the number that its
            page showed.
        status: Of the tenant when that was done. Whoever decides ends it.
        owner: The id of the person; empty: nobody.
        at, by, who: When it was done, and by whom.
        followers: Ids of people who had it, or wrote a note: they hear that it is decided.
        escalated_at, escalated_to: When, and to which person, it was reported that this takes long.
    """

    tenant_id: str
    status: Status
    created_at: datetime | None
    version: int = 0
    turn: int = 0
    owner: str = ""
    owner_name: str = ""
    at: datetime | None = None
    by: str = ""
    who: str = ""
    followers: tuple[str, ...] = ()
    escalated_at: datetime | None = None
    escalated_to: str = ""


def new_desk(tenant: Tenant) -> Desk:
    """Nobody looks after the tenant."""
    return Desk(tenant_id=tenant.id, status=tenant.status, created_at=tenant.created_at)


def desk_id(tenant_id: str) -> str:
    return f"desk-of-{tenant_id}"


def assigned_partition(status: Status) -> str:
    """What somebody looks after, by the sign-up: as the queue is sorted."""
    return f"ASSIGNED#{status.value}"


def owner_partition(person_id: str) -> str:
    return f"OWNER#{person_id}"


def desk_item(desk: Desk) -> Item:
    """It is in the indexes only while somebody looks after the tenant. These carry some names, and
    no others."""
    sort = f"{format_optional_timestamp(desk.created_at) or ''}#{desk.tenant_id}"
    keys: dict[str, Value] = {
        GSI2.partition: assigned_partition(desk.status),
        GSI2.sort: sort,
        GSI4.partition: owner_partition(desk.owner),
        GSI4.sort: sort,
    }
    item: dict[str, Value | None] = {
        KEY: desk_id(desk.tenant_id),
        "version": desk.version,
        "turn": desk.turn,
        "status": desk.status.value,
        "createdAt": format_optional_timestamp(desk.created_at),
        "reason": desk.owner,
        "text": desk.owner_name,
        "at": format_optional_timestamp(desk.at),
        "by": desk.by,
        "who": desk.who,
        "followers": " ".join(desk.followers),
        "decidedAt": format_optional_timestamp(desk.escalated_at),
        "escalatedTo": desk.escalated_to,
        **(keys if desk.owner else {}),
    }
    return {name: value for name, value in item.items() if value not in (None, "")}


def desk_of(item: Item) -> Desk:
    """Of an item, or of a row of GSI2, which has no `turn`, `who` and `followers`."""
    text = Texts(item)
    return Desk(
        tenant_id=text[KEY].removeprefix(desk_id("")),
        status=Status(text["status"]),
        created_at=parse_optional_timestamp(item.get("createdAt")),
        version=int(item["version"]),
        turn=int(item.get("turn", 0)),
        owner=text["reason"],
        owner_name=text["text"],
        at=parse_optional_timestamp(item.get("at")),
        by=text["by"],
        who=text["who"],
        followers=tuple(text["followers"].split()),
        escalated_at=parse_optional_timestamp(item.get("decidedAt")),
        escalated_to=text["escalatedTo"],
    )


def owned_tenant(row: Item) -> str:
    """The tenant of a row of the partition of somebody who looks after tenants."""
    return str(row[KEY]).removeprefix(desk_id(""))


# ---- Presence


@dataclass(frozen=True, kw_only=True, slots=True)
class Presence:
    """That a person looks at a tenant."""

    tenant: str
    person_id: str
    name: str
    at: datetime


def presence_id(tenant_id: str) -> str:
    """The id of the item that has, among others, who looks at this tenant."""
    return f"desk-presence-{int(presence_key(tenant_id), 16) % _PRESENCE_ITEMS}"


def presence_key(tenant_id: str) -> str:
    """Stands for the tenant in that item."""
    return hashlib.sha256(tenant_id.encode()).hexdigest()[:16]


def presence_item(item_id: str, version: int, people: Sequence[Presence]) -> Item:
    rows = [[each.tenant, each.person_id, each.name, format_timestamp(each.at)] for each in people]
    return {KEY: item_id, "version": version, "text": json.dumps(rows, ensure_ascii=False)}


def presence_of(item: Item) -> list[Presence]:
    return [
        Presence(tenant=tenant, person_id=person_id, name=name, at=instant)
        for tenant, person_id, name, at in json.loads(str(item["text"]))
        if (instant := parse_timestamp(at))
    ]


# ---- What people want to hear by mail


@dataclass(frozen=True, kw_only=True, slots=True)
class MailWishes:
    """What a person of staff wants to hear by mail.

    Attributes:
        digest: The digest of the morning. `None`: as a setting says.
        assigned: That somebody gave them a tenant.
        done: That somebody else decided on what they looked after, or wrote a note about.
        locale: Their language; empty: as a setting says.
    """

    version: int = 0
    digest: bool | None = None
    assigned: bool = True
    done: bool = True
    locale: str = ""


def mail_wishes_id(person_id: str) -> str:
    return f"desk-wishes-{person_id}"


def mail_wishes_item(person_id: str, wishes: MailWishes) -> Item:
    item: dict[str, Value | None] = {
        KEY: mail_wishes_id(person_id),
        "version": wishes.version,
        "digest": wishes.digest,
        "assigned": wishes.assigned,
        "done": wishes.done,
        "locale": wishes.locale or None,
        **({GSI2.partition: WANT_DIGEST, GSI2.sort: person_id} if wishes.digest else {}),
    }
    return {name: value for name, value in item.items() if value is not None}


def mail_wishes_of(item: Item) -> MailWishes:
    digest = item.get("digest")
    return MailWishes(
        version=int(item["version"]),
        digest=digest if isinstance(digest, bool) else None,
        assigned=item.get("assigned") is not False,
        done=item.get("done") is not False,
        locale=Texts(item)["locale"],
    )


def person_of_wishes(row: Item) -> str:
    return str(row[KEY]).removeprefix(mail_wishes_id(""))
