"""Subscriptions as they are stored: all in one item, since they are few. So whoever has something
to say reads one item."""

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from portal.stores import KEY, Add, Change, Item, Replace, Store, find_item
from portal.timestamps import format_timestamp, parse_timestamp
from portal.webhooks.addresses import host_of

#: The item that has them all.
LIST_ID = "hook-list"
SUBSCRIPTION_ID = r"[a-f0-9]{16}"


class State(StrEnum):
    ON = "on"
    OFF = "off"
    """An admin has switched it off."""
    GONE = "gone"
    """The receiver has answered that it is gone for good."""


class SubscriptionError(Exception):
    """An act on a subscription was refused. Nothing was changed."""


class UnknownSubscriptionError(SubscriptionError):
    """There is no such subscription, or not any more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscription:
    """Who hears of what.

    Attributes:
        address: Where it is sent to. It may hold a secret of the receiver.
        types: What it hears of, names of `TYPES`.
        personal: Whether it gets company, name and email address, too.
        secret, earlier_secret: Sealed. The earlier one signs as well until `earlier_until`.
        ended_at: When it was switched off, or the receiver was gone.
    """

    id: str
    address: str = field(repr=False)
    types: tuple[str, ...]
    personal: bool
    secret: str = field(repr=False)
    created_at: datetime
    created_by: str
    version: int = 1
    state: State = State.ON
    earlier_secret: str = field(default="", repr=False)
    earlier_until: datetime | None = None
    ended_at: datetime | None = None

    @property
    def host(self) -> str:
        return host_of(self.address)

    def secrets_at(self, now: datetime) -> tuple[str, ...]:
        """The sealed secrets that sign now, today's first."""
        has_earlier = self.earlier_secret and self.earlier_until and now < self.earlier_until
        return (self.secret, self.earlier_secret) if has_earlier else (self.secret,)


@dataclass(frozen=True, kw_only=True, slots=True)
class Book:
    """The item of all subscriptions.

    Attributes:
        removed: When subscriptions were removed whose deliveries are still there, by their ids.
        version: Of the item; 0: there is none yet.
    """

    subscriptions: tuple[Subscription, ...] = ()
    removed: dict[str, str] = field(default_factory=dict)
    version: int = 0

    def find(self, subscription_id: str) -> Subscription:
        """Raises `UnknownSubscriptionError`."""
        for each in self.subscriptions:
            if each.id == subscription_id:
                return each
        raise UnknownSubscriptionError

    def name_of(self, subscription: Subscription) -> str:
        """What lists call it: its host, and its id if others have the same host. The rest of an
        address may be a secret."""
        host = subscription.host
        is_alone = [each.host for each in self.subscriptions].count(host) <= 1
        return host if is_alone else f"{host} ({subscription.id})"

    @property
    def is_in_use(self) -> bool:
        return any(each.state is State.ON for each in self.subscriptions)

    def with_one(self, changed: Subscription) -> "Book":
        others = tuple(changed if each.id == changed.id else each for each in self.subscriptions)
        return replace(self, subscriptions=others)


def read_book(store: Store) -> Book:
    """Raises `StoreError`."""
    item = find_item(store, LIST_ID)
    return book_of(item) if item else Book()


def book_change(before: Book, after: Book) -> Change:
    item: Item = {
        KEY: LIST_ID,
        "version": before.version + 1,
        "subscriptions": json.dumps(
            [_values(each) for each in after.subscriptions], ensure_ascii=False
        ),
        "removed": json.dumps(after.removed),
    }
    return Replace(item, before.version) if before.version else Add(item)


def _values(each: Subscription) -> dict[str, Any]:
    return {
        "id": each.id,
        "address": each.address,
        "types": each.types,
        "personal": each.personal,
        "secret": each.secret,
        "createdAt": format_timestamp(each.created_at),
        "createdBy": each.created_by,
        "version": each.version,
        "state": each.state.value,
        "earlierSecret": each.earlier_secret,
        "earlierUntil": format_timestamp(each.earlier_until) if each.earlier_until else "",
        "endedAt": format_timestamp(each.ended_at) if each.ended_at else "",
    }


def book_of(item: Item) -> Book:
    """The book of its item."""
    return Book(
        subscriptions=tuple(
            _subscription_of(values) for values in json.loads(str(item["subscriptions"]))
        ),
        removed=json.loads(str(item.get("removed", "{}"))),
        version=int(item["version"]),
    )


def _subscription_of(values: dict[str, Any]) -> Subscription:
    created_at = parse_timestamp(values["createdAt"])
    if created_at is None:
        raise ValueError("A subscription has no time at which it was made.")
    return Subscription(
        id=values["id"],
        address=values["address"],
        types=tuple(values["types"]),
        personal=values["personal"],
        secret=values["secret"],
        created_at=created_at,
        created_by=values["createdBy"],
        version=values["version"],
        state=State(values["state"]),
        earlier_secret=values["earlierSecret"],
        earlier_until=parse_timestamp(values["earlierUntil"]),
        ended_at=parse_timestamp(values["endedAt"]),
    )
