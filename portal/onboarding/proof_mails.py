"""Mails with a link that proves an address: at most one for each address a day, whoever asks.

Anybody can type anybody's address into the form. So the mails are counted in the store, exact for
any number of workers and machines, and whoever asks for one gets the same answer each time. Days
are those of the clock, in UTC.
"""

import hmac
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime

from portal import records
from portal.mail import Kind, is_for, typed_mark
from portal.onboarding.decisions import MAX_ATTEMPTS, too_busy
from portal.onboarding.free_mail import FREE_MAIL_DOMAINS
from portal.outbox import entries_of
from portal.records import OutboxEntry
from portal.stores import KEY, Add, Change, Count, LimitReachedError, Store, VersionConflictError
from portal.tenants import Tenant

#: With a link, in a day.
MAILS_PER_ADDRESS = 1


class AddressCounters:
    """Where sign-ups and mails of an address are counted. Without `secret_key`, the one that signs
    sessions, nobody can find out whom a counter is for."""

    def __init__(self, secret_key: str) -> None:
        self._key = hmac.digest(secret_key.encode(), b"limits of sign-ups", "sha256")

    def hash(self, scope: str, whom: str, day: date) -> str:
        message = f"{scope}\0{whom}\0{day.isoformat()}".encode()
        return hmac.digest(self._key, message, "sha256").hex()[:24]

    def counter(self, scope: str, whom: str, limits: dict[str, int], now: datetime) -> Count:
        day = now.astimezone(UTC).date()
        item_id = records.counter_id(scope, day, self.hash(scope, whom, day) if whom else "")
        return Count(item_id, limits, records.counter_attributes(item_id, day))

    def of_address(
        self, email: str, now: datetime, *, per_address: int, per_domain: int = 0, prefix: str = "a"
    ) -> Count:
        """One item for all addresses of a company's domain: each write to another item costs as
        much as the sign-up itself.

        Args:
            per_domain: Of all addresses of a domain together; 0: there is no limit of them.
            prefix: Begins the name of the number.
        """
        address = email.lower()
        domain = address.rpartition("@")[2]
        if domain in FREE_MAIL_DOMAINS:
            name = "day" if per_domain else prefix
            return self.counter("address", address, {name: per_address}, now)
        digest = self.hash("address", address, now.astimezone(UTC).date())
        limits = {f"{prefix}{digest}": per_address}
        if per_domain:
            limits["day"] = per_domain
        return self.counter("domain", domain, limits, now)


class ProofMails:
    """Counts the mails that prove an address."""

    def __init__(self, secret_key: str) -> None:
        self._key = secret_key
        self._counters = AddressCounters(secret_key)

    def marked(self, entries: Sequence[Change], email: str) -> list[Change]:
        """These entries of mails, for this address only: if the tenant has another one by the time
        they leave, that one has a count of its own."""
        return [
            Add({**each.item, "addressMark": typed_mark(self._key, str(each.item[KEY]), email)})
            if isinstance(each, Add)
            else each
            for each in entries
        ]

    def is_counted_for(self, entry: OutboxEntry, email: str) -> bool:
        """Whether a mail that did not leave was counted for this address."""
        return is_for(entry, email, [self._key])

    def with_count(self, counts: list[Count | Add], email: str, now: datetime) -> list[Count | Add]:
        """These changes of a write, and the count of one mail. One item may stand in a write once
        only, so a count of the same item takes it in."""
        own = self._count(email, now)
        merged = [
            replace(each, limits={**each.limits, **own.limits})
            if isinstance(each, Count) and each.item_id == own.item_id
            else each
            for each in counts
        ]
        return merged if merged != counts else [*counts, own]

    def is_used_up(self, error: LimitReachedError, email: str, now: datetime) -> bool:
        """Whether nothing but the mail of this day has reached its limit."""
        own = self._count(email, now)
        return error.item_id == own.item_id and set(error.names) == set(own.limits)

    def send(
        self, store: Store, tenant: Tenant, now: datetime, counts: Sequence[Count] = ()
    ) -> None:
        """Sends such a mail to the contact of the tenant, if none was sent today. The customer asks
        for it on the status page, and learns nothing of that.

        Args:
            counts: What else the mail counts for. It is not sent beyond one of these limits.

        Raises:
            BusyError: Other changes kept interfering.
        """
        if tenant.is_closed or tenant.is_doubtful or not tenant.contact.email:
            return
        entries = self.marked(entries_of(Kind.ADDRESS, tenant, now), tenant.contact.email)
        self.write(store, tenant.contact.email, now, [*counts, *entries])

    def write(self, store: Store, email: str, now: datetime, changes: list[Change]) -> bool:
        """Writes these changes, which send such a mail. `False`: one was sent today, or a count
        among the changes has reached its limit.

        Raises:
            ItemExistsError: As `Store.write`.
            BusyError: Other changes kept interfering.
        """
        for _ in range(MAX_ATTEMPTS):
            with suppress(VersionConflictError):
                try:
                    store.write([self._count(email, now), *changes])
                except LimitReachedError:
                    return False
                return True
        raise too_busy()

    def _count(self, email: str, now: datetime) -> Count:
        return self._counters.of_address(email, now, per_address=MAILS_PER_ADDRESS, prefix="m")
