"""The daily round: mails that no decision causes. It announces the ends of validities, 30, 14 and 3
days ahead, and tells staff what waits.

One item holds when the last round was. A round tells of whatever came within 30, 14 or 3 days of
its end since then, so nothing is left out if no round ran for some days, and nothing is told twice.
It moves the item on together with the digests, on the condition that nobody else has; the mails to
customers have ids of their tenant and its end, so what a round that died had done is done again
without effect.

A long round is made in parts, so that what is due is sent in between: the item has its position
meanwhile, and whoever looks next goes on there.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from portal import records
from portal.mail import (
    DIGEST,
    EXPIRING_DAYS,
    STAFF,
    Kind,
    address_mark,
    digest_readers,
    reached,
    waiting_too_long,
    who_wants_digest,
)
from portal.stores import (
    KEY,
    Add,
    Change,
    Cursor,
    Item,
    ItemExistsError,
    Replace,
    Store,
    VersionConflictError,
    find_item,
)
from portal.timestamps import format_timestamp, parse_timestamp

#: Whether to stop here.
Until = Callable[[], bool]

logger = logging.getLogger(__name__)

#: The item that holds when the last round was.
ROUND = records.DAILY_ROUND
#: The hour, in the zone of the portal, from which on the round of a day is made.
HOUR = 6
#: After a longer time without a round, the oldest announcements are left out.
_LONGEST = timedelta(days=7)
#: Customers that are told in one part of a round.
_PART = 25
#: All digests are one write, which takes a hundred changes.
_MOST_READERS = 90
#: Seconds between two looks of one process whether a round is due.
_LOOK_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Round:
    """A round, and how far it has come.

    Attributes:
        since, at: It tells of what came near between these two moments.
        number: Of the announcement in `EXPIRING_DAYS` that is being made.
        after: The last row of it.
        told: How many customers are to be told so far.
    """

    since: datetime
    at: datetime
    number: int = 0
    after: Cursor | None = None
    told: int = 0

    def attributes(self) -> Item:
        """As the item holds it."""
        row = {"after": self.after[0], "afterId": self.after[1]} if self.after else {}
        return {
            "roundSince": format_timestamp(self.since),
            "roundAt": format_timestamp(self.at),
            "number": self.number,
            "told": self.told,
            **row,
        }


@dataclass(kw_only=True)
class Daily:
    """Makes the daily rounds. Any number of processes and machines may do so at the same time.

    Attributes:
        staff: Addresses that get the digest, unless the person says no. Others ask for it.
        staff_locale: Its language.
        approvers: Whether everybody on the list of staff who may decide gets the digest as well.
        tells_customers: Whether customers are told that their access ends.
        is_under_way: The latest call stopped before the end of a round.
    """

    store: Store
    clock: Callable[[], datetime]
    zone: ZoneInfo
    promised_days: int
    staff: Sequence[str] = ()
    staff_locale: str = "en"
    approvers: bool = False
    tells_customers: bool = False
    seconds: Callable[[], float] = time.monotonic
    is_under_way: bool = field(default=False, init=False)
    _look_at: float = field(default=float("-inf"), init=False)

    def run_if_due(self, until: Until = lambda: False) -> bool:
        """Make the round of this day, or go on with one, unless somebody has. Returns whether this
        call ended one.

        It asks the store at most every five minutes, unless a round is under way.

        Args:
            until: Whether to stop here, and go on at the next call. Each call makes a part at
                least.

        Raises:
            StoreError: The store failed. The round goes on at the next call.
        """
        if self.seconds() < self._look_at:
            return False
        if not self._is_asked_for():
            self._look_at = self.seconds() + _LOOK_SECONDS
            return False
        self.is_under_way = False
        ended = self._run(until)
        if not self.is_under_way:
            self._look_at = self.seconds() + _LOOK_SECONDS
        return ended

    def _is_asked_for(self) -> bool:
        is_set = self.staff or self.approvers or self.tells_customers
        return bool(is_set or who_wants_digest(self.store))

    def _run(self, until: Until) -> bool:
        stored = find_item(self.store, ROUND)
        current = _round_of(stored) or self._due(stored)
        if current is None:
            return False
        try:
            while self.tells_customers and current.number < len(EXPIRING_DAYS):
                current = self._part(current)
                stopped = current.number < len(EXPIRING_DAYS) and until()
                # Most rounds are short, and cost no write for their position.
                if stopped or current.after:
                    stored = self._keep(stored, current.attributes())
                if stopped:
                    self.is_under_way = True
                    return False
            digests = self._digests(current.since, current.at)
            self._keep(stored, {"at": format_timestamp(current.at)}, digests)
        except (ItemExistsError, VersionConflictError):
            # Another worker makes the same round at this moment.
            return False
        fields = {"digests": len(digests), "customers": current.told}
        logger.info("The daily mails were written.", extra={"fields": fields})
        return True

    def _due(self, stored: Item | None) -> _Round | None:
        """The round of this day; `None`: somebody has made it, or it is too early."""
        now = self.clock()
        if now.astimezone(self.zone).hour < HOUR:
            return None
        last_at = parse_timestamp(str(stored.get("at", ""))) if stored else None
        if last_at and self._day(last_at) >= self._day(now):
            return None
        return _Round(since=max(last_at or now - timedelta(days=1), now - _LONGEST), at=now)

    def _day(self, instant: datetime) -> str:
        return instant.astimezone(self.zone).date().isoformat()

    def _keep(self, stored: Item | None, attributes: Item, others: Sequence[Change] = ()) -> Item:
        """Write the item of the rounds. Returns it.

        Raises:
            ItemExistsError, VersionConflictError: Another worker was faster.
        """
        version = int(stored["version"]) if stored else 0
        # When the last round was stays until this one has ended.
        last = {"at": stored["at"]} if stored and "at" in stored else {}
        item: Item = {**last, **attributes, KEY: ROUND, "version": version + 1}
        self.store.write([Replace(item, version) if stored else Add(item), *others])
        return item

    def _part(self, current: _Round) -> _Round:
        """Tell some customers. Returns how far the round has come then."""
        days = EXPIRING_DAYS[current.number]
        span = reached(days, current.since, current.at)
        page = span.page(self.store, _PART, current.after)
        told = current.told
        for row in page.items:
            end = str(row.get("validTo", ""))[:10]
            entry = records.new_outbox_entry(
                str(row[KEY]), Kind.EXPIRING.value, "", current.at, suffix=f"ends-{end}-{days}"
            )
            try:
                self.store.write([Add(records.outbox_item(entry))])
            except ItemExistsError:
                continue
            told += 1
        number = current.number if page.after else current.number + 1
        return replace(current, number=number, after=page.after, told=told)

    def _digests(self, since: datetime, now: datetime) -> list[Change]:
        """An entry for each address; none if there is nothing to tell."""
        spans = [waiting_too_long(now, self.promised_days)]
        spans += [reached(days, since, now) for days in EXPIRING_DAYS]
        if not any(span.rows(self.store, 1) for span in spans):
            return []
        readers = digest_readers(
            self.store, self.staff, self.staff_locale, approvers=self.approvers
        )
        return [
            Add(
                records.outbox_item(
                    records.new_outbox_entry(
                        STAFF,
                        DIGEST,
                        reader.locale,
                        now,
                        suffix=f"{self._day(now)}-{address_mark(reader.address)}",
                        since=since,
                    )
                )
            )
            for reader in readers[:_MOST_READERS]
        ]


def _round_of(stored: Item | None) -> _Round | None:
    """The round that is under way; `None`: there is none."""
    since = parse_timestamp(str(stored.get("roundSince", ""))) if stored else None
    at = parse_timestamp(str(stored.get("roundAt", ""))) if stored else None
    if stored is None or since is None or at is None:
        return None
    after = (str(stored["after"]), str(stored["afterId"])) if "after" in stored else None
    return _Round(
        since=since,
        at=at,
        number=int(stored.get("number", 0)),
        after=after,
        told=int(stored.get("told", 0)),
    )
