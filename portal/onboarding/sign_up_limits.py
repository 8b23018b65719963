"""Limits on sign-ups, so that no flood hides customers from staff.

They are counted in the same write as the sign-up itself, and only for what is accepted. So they
are exact for any number of workers and machines. Hours and days are those of the clock, in UTC.

What one network, address or domain sends beyond its limit is refused. Beyond the limit of all
together, a proof of work is asked for. What comes without one, or beyond the limit of those that
have one, or claims more ids than it may, is set aside: it is kept, staff can move it into the
queue, and the answer is the usual one. What only came without a proof of work gets into the queue
when its customer proves the address.

Every sign-up counts alike, whether its address is known or not. So a refusal tells only that three
forms with this address were accepted today, and nothing about tenants.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from portal import records
from portal.onboarding.proof_mails import AddressCounters
from portal.proof_of_work import Proof
from portal.stores import (
    GSI2,
    KEY,
    Add,
    Count,
    Item,
    ItemExistsError,
    ItemNotFoundError,
    LimitReachedError,
    Remove,
    Replace,
    Store,
    VersionConflictError,
    iter_query,
)
from portal.tenants import Ids, Tenant
from portal.timestamps import seconds_until

#: A network may send so many times its sign-ups of an hour in a day.
_HOURS_A_DAY = 4
SIGN_UPS_PER_ADDRESS = 3
SIGN_UPS_PER_DOMAIN = 30
#: Sign-ups by programs for the same ids in a day, from whatever networks and addresses.
SIGN_UPS_PER_IDS = 5
#: In an hour.
SIGN_UPS_IN_ALL = 200
#: In an hour, beyond those: each has cost its sender a proof of work.
PROVED_SIGN_UPS_IN_ALL = 2000
MAX_SET_ASIDE = 1000

#: How long this process believes that no more may be set aside: finding out reads the whole list.
_FULL_FOR = timedelta(minutes=1)
#: Networks whose refusals this process remembers.
_MAX_REMEMBERED = 10_000
#: Old counters that one sign-up removes at most.
_REMOVED_AT_ONCE = 25
_HOUR = timedelta(hours=1)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(eq=False)
class SignUpLimitError(Exception):
    """Too many sign-ups. From `retry_at` on, further ones are accepted."""

    retry_at: datetime

    def seconds_left(self, now: datetime) -> int:
        return seconds_until(self.retry_at, now)


class ProofNeededError(Exception):
    """More sign-ups come than usual: send it again with a proof of work."""


class SpentProofError(Exception):
    """The proof was used for another sign-up."""


class SignUpLimits:
    """Counts sign-ups. `per_hour`: how many a network may send."""

    def __init__(self, secret_key: str, per_hour: int) -> None:
        self._counters = AddressCounters(secret_key)
        self._per_hour = per_hour
        self._refused: dict[str, datetime] = {}
        self._all_reached_until = self._full_until = self._tidy_at = _LONG_AGO
        self._proved_reached_until = _LONG_AGO

    def asks_for_proof(self, now: datetime) -> bool:
        """Whether this process knows that the limit of all is reached."""
        return now < self._all_reached_until

    def before(
        self, tenant: Tenant, network: str, now: datetime, proof: Proof | None = None
    ) -> Tenant:
        """The sign-up, set aside if this process knows that the limit of all is reached. Counts
        only go up, so the store need not be asked again: a flood costs no writes.

        Raises:
            SignUpLimitError: This process knows that the network has reached its limit.
        """
        retry_at = self._refused.get(self.counter_of_network(network, now).item_id)
        if retry_at and now < retry_at:
            raise SignUpLimitError(retry_at)
        reached_until = self._proved_reached_until if proof else self._all_reached_until
        return _beyond_all(tenant, proved=proof is not None) if now < reached_until else tenant

    def before_ids(self, ids: Ids, now: datetime) -> None:
        """As `before`, of the ids that a program names.

        Raises:
            SignUpLimitError: This process knows that they have reached their limit.
        """
        retry_at = self._refused.get(self.counter_of_ids(ids, now).item_id)
        if retry_at and now < retry_at:
            raise SignUpLimitError(retry_at)

    def counter_of_network(self, network: str, now: datetime) -> Count:
        """What to write together with anything that counts as a sign-up of this network."""
        per_hour = self._per_hour
        limits = {_hour_name(now): per_hour, "day": per_hour * _HOURS_A_DAY}
        return self._counters.counter("network", network, limits, now)

    def counter_of_ids(self, ids: Ids, now: datetime) -> Count:
        """What to write together with the sign-up of a program, beside the `changes`."""
        return self._counters.counter("ids", ids.tenant_id, {"day": SIGN_UPS_PER_IDS}, now)

    def changes(
        self, store: Store, tenant: Tenant, network: str, now: datetime, proof: Proof | None = None
    ) -> list[Count | Add]:
        """What to write together with a sign-up.

        Raises:
            SignUpLimitError: It is to be set aside, but too many are.
        """
        by_network = self.counter_of_network(network, now)
        if tenant.set_aside:
            if now < self._full_until:
                raise SignUpLimitError(self._full_until)
            _add_set_aside_counter(store)
            last = Count(records.SET_ASIDE_COUNTER, {"count": MAX_SET_ASIDE})
        else:
            scope, limit = ("proved", PROVED_SIGN_UPS_IN_ALL) if proof else ("all", SIGN_UPS_IN_ALL)
            last = Count(_week_item_id(now), {records.hour_name(scope, now): limit})
            if tenant.ids:
                limits = {**by_network.limits, "claims": self._per_hour}
                by_network = replace(by_network, limits=limits)
        counts: list[Count | Add] = [
            by_network, self._counter_of_address(tenant.contact.email, now), last,
        ]  # fmt: skip
        return [*counts, Add(_spent_proof(proof, now))] if proof else counts

    def beyond(
        self, store: Store, tenant: Tenant, network: str, now: datetime, error: LimitReachedError
    ) -> Tenant:
        """The sign-up as it is to be tried again after this error: set aside, or unchanged.

        Raises:
            SignUpLimitError: It is refused.
        """
        if error.item_id == records.SET_ASIDE_COUNTER:
            if not _count_set_aside_again(store):
                self._full_until = now + _FULL_FOR
                raise SignUpLimitError(self._full_until)
            return tenant
        is_of_all = error.item_id == _week_item_id(now)
        if is_of_all and error.names == (records.hour_name("all", now),):
            self._all_reached_until = _hour_of(now) + _HOUR
            return _beyond_all(tenant, proved=False)
        if is_of_all:
            self._proved_reached_until = _hour_of(now) + _HOUR
            return _beyond_all(tenant, proved=True)
        if error.names == ("claims",):
            return replace(tenant, set_aside=True, waits_for_address=False)
        next_day = datetime.combine(_day_of(now) + timedelta(days=1), time(), UTC)
        by_hour = set(error.names) <= {_hour_name(now), "claims"}
        retry_at = _hour_of(now) + _HOUR if by_hour else next_day
        counters = [self.counter_of_network(network, now)]
        if tenant.ids:
            counters.append(self.counter_of_ids(tenant.ids, now))
        if error.item_id in (counter.item_id for counter in counters):
            if len(self._refused) >= _MAX_REMEMBERED:
                self._refused.clear()
            self._refused[error.item_id] = retry_at
        raise SignUpLimitError(retry_at)

    def count_correction(self, store: Store, tenant: Tenant, network: str, now: datetime) -> None:
        """Count one more form of this network that corrects a sign-up which was counted already.

        Raises:
            SignUpLimitError: The network has reached its limit.
        """
        self.before(tenant, network, now)
        try:
            store.write([self.counter_of_network(network, now)])
        except LimitReachedError as error:
            self.beyond(store, tenant, network, now, error)

    def remove_old_counters(self, store: Store, now: datetime) -> None:
        """Remove some counters of earlier days, about once an hour; each time while many are left.
        `portal erase-closed` removes all."""
        if now < self._tidy_at:
            return
        self._tidy_at = now + _HOUR
        between = records.old_counters(now)
        page = store.query(GSI2, records.COUNTERS, between=between, limit=_REMOVED_AT_ONCE)
        _remove(store, [str(row[KEY]) for row in page.items])
        if page.after:
            self._tidy_at = now

    def _counter_of_address(self, email: str, now: datetime) -> Count:
        return self._counters.of_address(
            email, now, per_address=SIGN_UPS_PER_ADDRESS, per_domain=SIGN_UPS_PER_DOMAIN
        )


def _beyond_all(tenant: Tenant, *, proved: bool) -> Tenant:
    """A sign-up beyond the limit of all: set aside. If nothing else is wrong with it than that no
    proof of work came, the proof of its address does as well. That needs a link to its page."""
    if tenant.set_aside:
        return tenant
    waits = bool(tenant.status_link) and not proved
    return replace(tenant, set_aside=True, waits_for_address=waits)


def remove_counters_before(store: Store, now: datetime) -> None:
    """Remove all counters of sign-ups that are not needed any more."""
    ids: list[str] = []
    for row in iter_query(store, GSI2, records.COUNTERS, between=records.old_counters(now)):
        ids.append(str(row[KEY]))
        if len(ids) == _REMOVED_AT_ONCE:
            _remove(store, ids)
            ids = []
    _remove(store, ids)


def _remove(store: Store, ids: list[str]) -> None:
    if not ids:
        return
    try:
        store.write([Remove(item_id, None) for item_id in ids])
    except VersionConflictError:
        # Somebody else removes the same, or the index lags behind.
        for item_id in ids:
            with suppress(VersionConflictError):
                store.write([Remove(item_id, None)])


def _set_aside_now(store: Store) -> int:
    return store.count(GSI2, records.ASIDE, cap=MAX_SET_ASIDE)


def _add_set_aside_counter(store: Store) -> None:
    """The counter, before it counts for the first time: an earlier version had none."""
    try:
        store.get(records.SET_ASIDE_COUNTER)
    except ItemNotFoundError:
        with suppress(ItemExistsError):
            store.write([Add(records.set_aside_counter(_set_aside_now(store), version=1))])


def _count_set_aside_again(store: Store) -> bool:
    """Count those that are still set aside, since nobody counts down. Whether there is room."""
    counter: Item = store.get(records.SET_ASIDE_COUNTER)
    if int(counter["count"]) < MAX_SET_ASIDE:
        return True
    count = _set_aside_now(store)
    if count >= MAX_SET_ASIDE:
        return False
    # Nothing is counted between: the counter has reached its limit. The version shows whether
    # somebody else has set it since.
    version = int(counter["version"])
    with suppress(VersionConflictError):
        store.write([Replace(records.set_aside_counter(count, version + 1), version)])
    return True


def _spent_proof(proof: Proof, now: datetime) -> Item:
    """Remembers a proof for longer than its challenge is valid. It goes with the old counters."""
    item_id = records.spent_proof_id(proof.nonce)
    return {KEY: item_id, **records.counter_attributes(item_id, _day_of(now))}


def _week_item_id(now: datetime) -> str:
    # It counts those of the week as well, so that counting both is one write.
    return records.sign_ups_item_id(records.week_of(now))


def _day_of(now: datetime) -> date:
    return now.astimezone(UTC).date()


def _hour_name(now: datetime) -> str:
    return f"h{now.astimezone(UTC):%H}"


def _hour_of(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
