"""Mails with a sign-in link, for people of staff who ask for one on the sign-in page.

Anybody can type anybody's address. So the answer is always the same, and so is the work: the person
is looked up, and there is one write, with an entry of the outbox in any case. How often an address
and a network may ask, and all together, is counted in the store, exact for any number of workers
and machines, and whether or not somebody has the address. Hours are those of the clock, in UTC.
"""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

from portal import records
from portal.auth import active_person, id_of_address
from portal.mail import sign_in_entry
from portal.onboarding.decisions import MAX_ATTEMPTS, too_busy
from portal.onboarding.link_mails import LinkLimitError
from portal.onboarding.proof_mails import AddressCounters
from portal.stores import Add, Count, LimitReachedError, Store, VersionConflictError

#: In an hour. Of a network, only if there are limits of networks at all.
ASKED_PER_ADDRESS = 10
ASKED_PER_NETWORK = 10
ASKED_IN_ALL = 300

_SCOPE = "signin"
#: The id of nobody. The entry of a mail to them is dropped when it is due.
_NOBODY = f"staff-{'0' * 32}"
#: Counters of which this process remembers that they have reached their limit.
_MAX_REMEMBERED = 10_000


class SignInMails:
    """Sends such mails, and counts them. Without `is_limited` only those of an address are."""

    def __init__(self, secret_key: str, *, is_limited: bool) -> None:
        self._counters = AddressCounters(secret_key)
        self._is_limited = is_limited
        self._refused: dict[str, datetime] = {}

    def send(self, store: Store, email: str, *, network: str, locale: str, now: datetime) -> None:
        """Sends a link to this address, if somebody of staff has it. Whoever asks learns nothing of
        that.

        Args:
            locale: The language of the page on which somebody asks.

        Raises:
            LinkLimitError: This address, this network, or all together, have asked too often.
            BusyError: Other changes kept interfering.
        """
        counts = self._counts(email, network, now)
        for each in counts:
            retry_at = self._refused.get(each.item_id)
            if retry_at and now < retry_at:
                raise LinkLimitError(retry_at)
        person = active_person(store, id_of_address(store, email))
        # For nobody as well: so the write is the same. It says nothing of the address.
        entry = sign_in_entry(person.id if person else _NOBODY, locale, now)
        changes: list[Count | Add] = [*counts, Add(records.outbox_item(entry))]
        for _ in range(MAX_ATTEMPTS):
            with suppress(VersionConflictError):
                try:
                    store.write(changes)
                except LimitReachedError as error:
                    raise self._refusal(error.item_id, now) from error
                return
        raise too_busy()

    def _counts(self, email: str, network: str, now: datetime) -> list[Count]:
        hour = f"h{now.astimezone(UTC):%H}"
        address = {hour: ASKED_PER_ADDRESS}
        counts = [self._counters.counter(_SCOPE, email.strip().lower(), address, now)]
        if self._is_limited:
            # Of a network, one item counts everything.
            of_network = {f"signin{hour[1:]}": ASKED_PER_NETWORK}
            counts.append(self._counters.counter("network", network, of_network, now))
            counts.append(self._counters.counter(_SCOPE, "", {hour: ASKED_IN_ALL}, now))
        return counts

    def _refusal(self, counter_id: str, now: datetime) -> LinkLimitError:
        hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        retry_at = hour + timedelta(hours=1)
        if len(self._refused) >= _MAX_REMEMBERED:
            self._refused.clear()
        self._refused[counter_id] = retry_at
        return LinkLimitError(retry_at)
