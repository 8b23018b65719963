"""What admins do with subscriptions. Each act is an event of the security log, in the same write.

Each names the version of the subscription that the person saw. So of two admins who change the same
one at once, the second is told so; and who changes another one does not notice.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from portal.auth import SecurityAct, Source, log_act, security_event, until_done
from portal.stores import Add, Change, Store
from portal.timestamps import format_timestamp
from portal.webhooks.book import (
    Book,
    State,
    Subscription,
    SubscriptionError,
    book_change,
    read_book,
)
from portal.webhooks.signing import WebhookSecrets

MOST_SUBSCRIPTIONS = 20
#: So long the earlier secret signs as well after it was replaced.
OVERLAP = timedelta(hours=24)


class StaleSubscriptionError(SubscriptionError):
    """Somebody else has changed it."""


class TooManySubscriptionsError(SubscriptionError):
    """There are `MOST_SUBSCRIPTIONS` already."""


class AddedBeforeError(SubscriptionError):
    """The same form was sent before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """The subscription that a person acts on, as they saw it."""

    id: str
    version: int


def new_subscription_id() -> str:
    return secrets.token_hex(8)


def add_subscription(
    store: Store,
    sealing: WebhookSecrets,
    *,
    subscription_id: str,
    address: str,
    types: Sequence[str],
    personal: bool,
    source: Source,
    now: datetime,
) -> Subscription:
    """A new subscription, with a secret of its own.

    Args:
        subscription_id: It came with the form, so a form that is sent twice adds one.

    Raises:
        AddedBeforeError: The form was sent before.
        TooManySubscriptionsError: There are too many already.
        BusyError: The store stayed busy.
    """
    new = Subscription(
        id=subscription_id,
        address=address,
        types=tuple(types),
        personal=personal,
        secret=sealing.new(subscription_id),
        created_at=now,
        created_by=source.by,
    )

    def edit(book: Book) -> Book:
        if subscription_id in book.removed or any(
            each.id == subscription_id for each in book.subscriptions
        ):
            raise AddedBeforeError
        if len(book.subscriptions) >= MOST_SUBSCRIPTIONS:
            raise TooManySubscriptionsError
        return replace(book, subscriptions=(*book.subscriptions, new))

    _act(store, edit, SecurityAct.WEBHOOK_ADDED, new, source=source, now=now)
    return new


def switch(store: Store, seen: Seen, state: State, source: Source, now: datetime) -> Subscription:
    """Switches it on or off.

    Raises:
        UnknownSubscriptionError, StaleSubscriptionError: See there.
        BusyError: The store stayed busy.
    """
    act = SecurityAct.WEBHOOK_ON if state is State.ON else SecurityAct.WEBHOOK_OFF
    ended_at = None if state is State.ON else now
    return _change(
        store, seen, act, lambda each: replace(each, state=state, ended_at=ended_at),
        source=source, now=now,
    )  # fmt: skip


def rotate(
    store: Store, sealing: WebhookSecrets, seen: Seen, source: Source, now: datetime
) -> Subscription:
    """Gives it a new secret. The one that it had signs as well for 24 hours.

    Raises:
        UnknownSubscriptionError, StaleSubscriptionError: See there.
        BusyError: The store stayed busy.
    """
    new = sealing.new(seen.id)
    return _change(
        store,
        seen,
        SecurityAct.WEBHOOK_ROTATED,
        lambda each: replace(
            each, secret=new, earlier_secret=each.secret, earlier_until=now + OVERLAP
        ),
        source=source,
        now=now,
    )


def end_earlier_secret(store: Store, seen: Seen, source: Source, now: datetime) -> Subscription:
    """From now on only today's secret signs.

    Raises:
        UnknownSubscriptionError, StaleSubscriptionError: See there.
        BusyError: The store stayed busy.
    """
    return _change(
        store,
        seen,
        SecurityAct.WEBHOOK_SECRET_ENDED,
        lambda each: replace(each, earlier_secret="", earlier_until=None),
        source=source,
        now=now,
    )


def remove_subscription(store: Store, seen: Seen, source: Source, now: datetime) -> Subscription:
    """Removes it, at once. Its deliveries are removed some minutes later.

    Raises:
        UnknownSubscriptionError, StaleSubscriptionError: See there.
        BusyError: The store stayed busy.
    """
    found = _find(read_book(store), seen)

    def edit(book: Book) -> Book:
        _find(book, seen)
        left = tuple(each for each in book.subscriptions if each.id != seen.id)
        removed = {**book.removed, seen.id: format_timestamp(now)}
        return replace(book, subscriptions=left, removed=removed)

    _act(store, edit, SecurityAct.WEBHOOK_REMOVED, found, source=source, now=now)
    return found


def note_act(
    store: Store, subscription: Subscription, act: SecurityAct, source: Source, now: datetime,
    *, together: Sequence[Change] = (),
) -> None:  # fmt: skip
    """An act that changes no subscription, for the security log.

    Raises:
        StoreError: It could not be written.
    """
    store.write([*together, _event(act, subscription, source, now)])
    log_act(act, source, about=subscription.id)


def end_gone(store: Store, subscription_id: str, now: datetime) -> None:
    """The receiver has answered that it is gone for good. If somebody has removed it or switched it
    off meanwhile, that counts.

    Raises:
        BusyError: The store stayed busy.
    """
    book = read_book(store)
    for each in book.subscriptions:
        if each.id == subscription_id and each.state is State.ON:
            _change(
                store,
                Seen(id=each.id, version=each.version),
                SecurityAct.WEBHOOK_GONE,
                lambda one: replace(one, state=State.GONE, ended_at=now),
                source=Source(by="portal", who="portal"),
                now=now,
            )


def reseal(store: Store, sealing: WebhookSecrets) -> None:
    """Seal each secret with the newest key, so that the earlier key may go.

    Raises:
        BusyError: The store stayed busy.
    """

    def sealed_anew(each: Subscription) -> Subscription:
        return replace(
            each,
            secret=sealing.resealed(each.secret, each.id),
            earlier_secret=sealing.resealed(each.earlier_secret, each.id),
        )

    def attempt() -> None:
        book = read_book(store)
        after = replace(book, subscriptions=tuple(sealed_anew(each) for each in book.subscriptions))
        if after != book:
            store.write([book_change(book, after)])

    until_done(attempt)


def forget_removed(store: Store, subscription_id: str) -> None:
    """Nothing is left of it.

    Raises:
        BusyError: The store stayed busy.
    """

    def attempt() -> None:
        book = read_book(store)
        left = {key: at for key, at in book.removed.items() if key != subscription_id}
        if left != book.removed:
            store.write([book_change(book, replace(book, removed=left))])

    until_done(attempt)


def _change(
    store: Store,
    seen: Seen,
    act: SecurityAct,
    change: Callable[[Subscription], Subscription],
    *,
    source: Source,
    now: datetime,
) -> Subscription:
    found = _find(read_book(store), seen)

    def edit(book: Book) -> Book:
        before = _find(book, seen)
        return book.with_one(replace(change(before), version=before.version + 1))

    return _act(store, edit, act, found, source=source, now=now).find(seen.id)


def _find(book: Book, seen: Seen) -> Subscription:
    found = book.find(seen.id)
    if found.version != seen.version:
        raise StaleSubscriptionError
    return found


def _act(
    store: Store,
    edit: Callable[[Book], Book],
    act: SecurityAct,
    subscription: Subscription,
    *,
    source: Source,
    now: datetime,
) -> Book:
    """Write the change and its event in one write. Others may write meanwhile."""

    def attempt() -> Book:
        book = read_book(store)
        after = edit(book)
        store.write([book_change(book, after), _event(act, subscription, source, now)])
        return after

    after = until_done(attempt)
    log_act(act, source, about=subscription.id)
    return after


def _event(act: SecurityAct, subscription: Subscription, source: Source, now: datetime) -> Add:
    about = f"{subscription.host} ({subscription.id})"
    return security_event(act, source, now, about=about)
