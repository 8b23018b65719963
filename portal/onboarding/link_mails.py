"""Mails with the links to the requests of an address, for whoever lost them.

Anybody can type anybody's address. So the answer is always the same, and so is the work: two looks
at a few rows of an index, one write. Whatever the address has, an entry of the outbox is written,
at most once a day for each address, whoever asks. The requests are looked for when the mail leaves,
by another process; an entry of an address that has none is removed then. How often a network may
ask, and all together, is counted in the store as well. Hours and days are those of the clock, in
UTC.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from portal import records
from portal.mail import Kind, closed_ids, newest_rows, typed_mark
from portal.onboarding.decisions import MAX_ATTEMPTS, too_busy
from portal.onboarding.proof_mails import AddressCounters
from portal.stores import KEY, Add, Count, LimitReachedError, Store, VersionConflictError
from portal.timestamps import seconds_until

#: With the links, in a day.
LINK_MAILS_PER_ADDRESS = 1
#: How often a network may ask in an hour.
ASKED_PER_NETWORK = 10
#: The same of all networks together: each asking leaves a counter of its address for two days.
ASKED_IN_ALL = 300

_SCOPE = "links"
#: Requests that the entry of a mail names. The mail goes out if one of them leads to the address
#: still. Few, since each row takes time that somebody could measure.
_NAMED = 3
#: Stands for the tenant in an entry of an address without requests.
_NOBODY = "pending-nobody"
#: Counters of which this process remembers that they have reached their limit.
_MAX_REMEMBERED = 10_000


@dataclass(eq=False)
class LinkLimitError(Exception):
    """Links were asked for too often. From `retry_at` on, one may ask again."""

    retry_at: datetime

    def seconds_left(self, now: datetime) -> int:
        return seconds_until(self.retry_at, now)


class LinkMails:
    """Sends such mails, and counts them. Without `is_limited` only those of an address are."""

    def __init__(self, secret_key: str, *, is_limited: bool) -> None:
        self._counters = AddressCounters(secret_key)
        self._key = secret_key
        self._is_limited = is_limited
        self._refused: dict[str, datetime] = {}

    def send(self, store: Store, email: str, *, network: str, locale: str, now: datetime) -> None:
        """Sends the links to this address, if it has requests and got no such mail today. Whoever
        asks learns nothing of that, and waits as long in any case.

        Args:
            locale: The language of the page on which somebody asks.

        Raises:
            LinkLimitError: This network, or all together, have asked too often.
            BusyError: Other changes kept interfering.
        """
        limits = self._limits(network, now)
        for each in limits:
            retry_at = self._refused.get(each.item_id)
            if retry_at and now < retry_at:
                raise LinkLimitError(retry_at)
        address = email.lower()
        of_address = self._counters.counter(_SCOPE, address, {"day": LINK_MAILS_PER_ADDRESS}, now)
        changes: list[Count | Add] = [*limits, of_address, self._entry(store, email, locale, now)]
        for _ in range(MAX_ATTEMPTS):
            with suppress(VersionConflictError):
                try:
                    store.write(changes)
                except LimitReachedError as error:
                    if error.item_id != of_address.item_id:
                        raise self._refusal(error.item_id, now) from error
                    if limits:
                        # One was sent today. Asking counts all the same.
                        changes = [*limits]
                        continue
                return
        raise too_busy()

    def _limits(self, network: str, now: datetime) -> list[Count]:
        if not self._is_limited:
            return []
        # Of a network, one item counts everything.
        hour = f"{now.astimezone(UTC):%H}"
        of_network = {f"links{hour}": ASKED_PER_NETWORK}
        return [
            self._counters.counter("network", network, of_network, now),
            self._counters.counter(_SCOPE, "", {f"h{hour}": ASKED_IN_ALL}, now),
        ]

    def _refusal(self, counter_id: str, now: datetime) -> LinkLimitError:
        hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        retry_at = hour + timedelta(hours=1)
        if len(self._refused) >= _MAX_REMEMBERED:
            self._refused.clear()
        self._refused[counter_id] = retry_at
        return LinkLimitError(retry_at)

    def _entry(self, store: Store, email: str, locale: str, now: datetime) -> Add:
        """The mail. It holds a mark of the address: until it leaves, a request may get another one,
        which nobody has typed here. The newest request that staff see in the queue lists it."""
        rows = newest_rows(store, email, _NAMED)
        ids = [*(str(row[KEY]) for row in rows), *closed_ids(store, email, _NAMED)]
        seen = (str(row[KEY]) for row in rows if not records.is_set_aside(row))
        tenant_id = next(seen, ids[0] if ids else _NOBODY)
        entry = records.new_outbox_entry(tenant_id, Kind.LINKS.value, locale, now)
        mark = typed_mark(self._key, entry.id, email)
        return Add(records.outbox_item(replace(entry, mark=mark, requests=tuple(ids))))
