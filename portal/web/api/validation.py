"""Asks the store what `GET /api/validate` wants to know, and makes the answer. For the view of
Flask and for what stands in front of it: both have the same object."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache, partial

from portal import records
from portal.grace import LastKnown
from portal.refusal_links import RefusalLinks
from portal.settings import Settings
from portal.stores import Store, StoreError, kept_reads
from portal.tenants import Ids
from portal.timestamps import format_timestamp
from portal.usage import UsageNoter
from portal.web.api.validate_answer import (
    Answer,
    AnyAnswer,
    TenantAnswer,
    UnknownAnswer,
    answer_about,
    link_member,
    too_many_unknown,
    with_link,
)
from portal.web.http import RETRY_AFTER, NetworkRateLimit

logger = logging.getLogger(__name__)

_UNKNOWN: AnyAnswer = UnknownAnswer()

#: Links that need not be signed again.
_MAX_LINKS = 4096

Items = tuple[str, str]
#: The network of the client, which is looked up only if it matters.
Network = Callable[[], str]


def items_asked_for(ids: Ids) -> Items:
    """The items that decide: the tenant, and if there is none, whether a sign-up claims its ids."""
    return ids.tenant_id, records.claim_id(ids)


def _link_of(links: RefusalLinks, tenant_id: str) -> bytes:
    account_id, _, company_id = tenant_id.partition("_")
    return link_member(links.address(Ids(account_id=account_id, company_id=company_id)))


class Validation:
    """One application has one. Any number of threads may ask.

    Only if there is no tenant, the claim is read; on DynamoDB that is a second read. While the
    store cannot be asked, a tenant that was valid when it was last asked stays so for a while
    (`portal.grace`).

    Args:
        clock: Returns the current time, as `portal.create_app` has it.
    """

    def __init__(
        self,
        store: Store,
        last_known: LastKnown,
        settings: Settings,
        not_found: NetworkRateLimit,
        *,
        clock: Callable[[], datetime],
        refusal_links: RefusalLinks,
        usage: UsageNoter,
    ) -> None:
        seconds = settings.validate_cache_seconds
        self._reads = kept_reads(store, answer_about, absent=_UNKNOWN, seconds=seconds)
        whole = partial(answer_about, is_whole=True)
        self._whole_reads = kept_reads(store, whole, absent=_UNKNOWN)
        self._last_known = last_known
        self._not_found = not_found
        self._clock = clock
        self._usage = usage
        #: To sign a link takes longer than the rest of the answer.
        self._link_of = lru_cache(_MAX_LINKS)(partial(_link_of, refusal_links))
        #: What is answered may have been read that much earlier.
        self._age = timedelta(seconds=seconds if settings.store == "dynamodb" else 0)

    def answer(
        self, items: Items | None, now: datetime, network: Network, *, is_whole: bool = False
    ) -> Answer:
        """The answer at this time.

        Args:
            items: As `items_asked_for` names them; None if what was sent can be no ids.
            is_whole: With the personal fields of the contact, for a program with a token.

        Raises:
            StoreError: The store does not answer, and nothing is known from before.
        """
        if items is None:
            return self._answer_without_tenant(_UNKNOWN, now, network)
        answer = self._answer(items, now, network, is_whole=is_whole)
        # The application has no token, and another program is not let in by this.
        if not is_whole:
            self._note(items[0], answer, now)
        return with_link(answer, self._link_of, items[0])

    def _answer(self, items: Items, now: datetime, network: Network, *, is_whole: bool) -> Answer:
        tenant_id = items[0]
        try:
            about = (self._whole_reads if is_whole else self._reads).first(items)
        except StoreError as error:
            return self._last_known_answer(tenant_id, now, error)
        if not isinstance(about, TenantAnswer):
            self._last_known.saw_none(tenant_id, self._clock())
            answer = self._answer_without_tenant(about, now, network)
            if about is _UNKNOWN and answer.status == 200:
                self._usage.asked_unknown(tenant_id)
            return answer
        answer = about.at(now)
        if answer.gives_access:
            self._last_known.saw_yes(about.sighting, now - self._age if self._age else now)
        else:
            self._last_known.saw_no(tenant_id, self._clock(), about.sighting.version)
        return answer

    def _note(self, tenant_id: str, answer: Answer, now: datetime) -> None:
        if answer.gives_access:
            self._usage.gave_access(tenant_id, now)
        elif answer.has_ended:
            self._usage.refused(tenant_id, now)

    def _answer_without_tenant(self, about: AnyAnswer, now: datetime, network: Network) -> Answer:
        if about is _UNKNOWN:
            wait = self._not_found.seconds_to_wait(network(), now)
            if wait:
                return too_many_unknown(wait)
        return about.at(now)

    def _last_known_answer(self, tenant_id: str, now: datetime, error: StoreError) -> Answer:
        if tenant_id in error.absent:
            self._last_known.saw_none(tenant_id, self._clock())
            raise error
        known = self._last_known.last_yes(tenant_id, now)
        if known is None:
            raise error
        logger.warning(
            "The store did not answer (%s). A tenant was answered as it was at %s.",
            type(error).__name__,
            format_timestamp(known.as_of),
        )
        return TenantAnswer(known.item).stale_at(now, known.as_of, RETRY_AFTER)

    def answer_at_once(self, items: Items, now: datetime, network: Network) -> Answer | None:
        """The same answer, for a thread that must not wait; None if it would have to."""
        answer = self._answer_at_once(items, now, network)
        return with_link(answer, self._link_of, items[0]) if answer else None

    def _answer_at_once(self, items: Items, now: datetime, network: Network) -> Answer | None:
        about = self._reads.first_at_once(items)
        if about is None:
            return None
        if isinstance(about, TenantAnswer):
            answer = about.at(now)
            if answer.gives_access:
                began = now - self._age if self._age else now
                is_noted = self._last_known.saw_yes_before(about.sighting, began)
            else:
                is_noted = self._last_known.saw_no_before(items[0], now, about.sighting.version)
            if not is_noted:
                return None
            self._note(items[0], answer, now)
            return answer
        if self._last_known.is_yes(items[0]):
            return None
        if about is _UNKNOWN:
            wait = self._not_found.seconds_to_wait_at_once(network(), now)
            if wait is None:
                return None
            if wait:
                return too_many_unknown(wait)
        self._last_known.note_missing(items[0], now)
        if about is _UNKNOWN:
            self._usage.asked_unknown(items[0])
        return about.at(now)
