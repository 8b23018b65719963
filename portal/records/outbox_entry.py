"""An entry of the outbox as an item, and back: that something is to be delivered, or was.

An entry names its tenant and what is to be said. It holds no address, no name and no text: these
are read from the tenant when it is delivered, so a tenant that was erased meanwhile gets nothing.
What a mail server answered is not kept either, since it may repeat the address.
"""

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from portal import logs
from portal.records.attributes import Texts, format_optional_timestamp
from portal.stores import GSI2, GSI3, GSI4, KEY, Item, Value
from portal.timestamps import format_timestamp, parse_timestamp

#: The partition of entries that are to be delivered, sorted by when they are due.
OUTBOX_DUE = "OUTBOX#due"
#: The partition of entries that were given up, or came back.
OUTBOX_GIVEN_UP = "OUTBOX#given_up"
#: The partition of entries that are of no tenant and have ended, sorted by when they did.
OUTBOX_ENDED = "OUTBOX#ended"
#: The partition of items that name a removed tenant whose entries are still to be removed.
OUTBOX_ORPHANS = "OUTBOX#orphans"

#: The queue of what is to be said to programs, until it is known to which of them.
EVENT_QUEUE = "events"
#: The item that says when the last daily round was made.
DAILY_ROUND = "limit-daily-mails"
#: The most characters of an entry's id: it holds the id of its tenant.
MAX_OUTBOX_ID = 200
#: How the end of an id begins if the entry goes to the second address of the customer.
TO_SECOND = "second-"
#: Kinds of `portal.mail` that no customer gets for one tenant: lost links; and for staff the
#: digest, sign-in links, and what they tell each other.
_OF_NO_TENANT = frozenset({"digest", "links", "sign_in", "assigned", "escalated", "done"})


class DeliveryState(StrEnum):
    DUE = "due"
    SENT = "sent"
    GIVEN_UP = "given_up"
    #: It was sent, and another mail server said later that it will never arrive.
    CAME_BACK = "came_back"
    #: Nothing was wrong, but there was nothing to say any more.
    DROPPED = "dropped"


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboxEntry:
    """Something that is to be delivered: to the contact of a tenant, to staff, or to a program.

    Attributes:
        kind: What is to be said: a name of `portal.mail.Kind`, or of `portal.webhooks.TYPES`.
        locale: The language of the sign-up.
        at: When it was decided.
        by: Who had it sent again; empty if a decision wrote the entry.
        sign_up_id: The sign-up that was closed towards the tenant, if its contact gets it.
        due_at: When it is tried next. While somebody delivers it: when somebody else may.
        tries: How often it was tried.
        ended_at: When it was sent, given up or dropped, or came back.
        reason: Why the latest attempt failed, as a code; why it was dropped; or what was heard of
            it after it was sent.
        way: How it left, such as `smtp`.
        sent_again: Whether staff sent it once more after it was given up, or came back.
        soft_bounces: How many notices said that it did not arrive so far, or for now.
        since: Of a digest: when the one before it was made.
        notices: Fingerprints of the latest notices about it, so that a repeated one counts once.
        mark: A keyed hash of the address that a mail counts for: one with lost links, or with the
            link that proves it. No other address gets these, whatever becomes of the requests
            meanwhile. Earlier versions had none.
        requests: Of such a mail: ids of the newest requests of that address. The address is looked
            for where they lead to when the mail leaves. Empty if it has none. Of a mail to staff
            about one tenant: its id.
        queue: Of what goes to another program: the subscription that it waits for, or
            `EVENT_QUEUE`. Empty: it is a mail. Each queue is worked off by itself.
        body: Of such an entry: what is to be said, without anything personal.
        request_id: The id of the request that had it written, so that a mail leads to the log lines
            of what caused it. Empty if no request did.
    """

    id: str
    tenant_id: str
    kind: str
    locale: str
    at: datetime
    version: int = 1
    state: DeliveryState = DeliveryState.DUE
    by: str = ""
    sign_up_id: str = ""
    due_at: datetime | None = None
    tries: int = 0
    ended_at: datetime | None = None
    reason: str = ""
    way: str = ""
    sent_again: bool = False
    soft_bounces: int = 0
    notices: tuple[str, ...] = ()
    since: datetime | None = None
    mark: str = ""
    requests: tuple[str, ...] = ()
    queue: str = ""
    body: str = ""
    request_id: str = ""

    @property
    def is_of_tenant(self) -> bool:
        """Whether it says something of its tenant. Staff see to it then if it is not delivered:
        nobody can send another one again, and the log says that it failed."""
        return self.kind not in _OF_NO_TENANT and not self.queue

    @property
    def is_for_nobody(self) -> bool:
        """Whether somebody typed an address that has no requests. Such an entry is written, so that
        writing takes as long as for any other address, and means nothing."""
        return not self.is_of_tenant and bool(self.mark) and not self.requests

    @property
    def to_second(self) -> bool:
        """Whether it goes to the second address of the customer. The id says so, since rows of an
        index have nothing else that could."""
        return self.id.removeprefix(f"mail-{self.tenant_id}-").startswith(TO_SECOND)


def new_outbox_entry(
    tenant_id: str,
    kind: str,
    locale: str,
    at: datetime,
    *,
    by: str = "",
    sign_up_id: str = "",
    suffix: str = "",
    since: datetime | None = None,
) -> OutboxEntry:
    """An entry that is due at once. `suffix` ends its id; it is random if omitted. It has the id of
    the request that is under way."""
    ending = suffix or f"{format_timestamp(at)}-{secrets.token_hex(4)}"
    return OutboxEntry(
        id=f"mail-{tenant_id}-{ending}",
        tenant_id=tenant_id,
        kind=kind,
        locale=locale,
        at=at,
        by=by,
        sign_up_id=sign_up_id,
        due_at=at,
        since=since,
        request_id=logs.request_id.get(),
    )


def about_tenant(entry: OutboxEntry, tenant_id: str) -> OutboxEntry:
    """An entry for staff that is about this tenant. It stands in no list of the tenant's."""
    return replace(entry, requests=(tenant_id,))


def outbox_partition(tenant_id: str) -> str:
    return f"OUTBOX#{tenant_id}"


def due_partition(queue: str) -> str:
    """Where GSI4 has what is due in a queue. Without a name, it is that of the mails."""
    return f"{OUTBOX_DUE}#{queue}" if queue else OUTBOX_DUE


def given_up_partition(queue: str) -> str:
    """As `due_partition`, of what was given up."""
    return f"{OUTBOX_GIVEN_UP}#{queue}" if queue else OUTBOX_GIVEN_UP


def outbox_key(entry_id: str) -> str:
    """32 hexadecimal digits that stand for an entry where others see them: in a Message-ID, in the
    address to which a bounce message comes, in a log. They tell nothing of the tenant."""
    return hashlib.sha256(entry_id.encode()).hexdigest()[:32]


def mail_partition(key: str) -> str:
    """Where GSI3 has the entry of a key, once it was sent."""
    return f"MAIL#{key}"


def outbox_item(entry: OutboxEntry) -> Item:
    """The item of an entry. GSI2 lists it for its tenant, as long as that is there; GSI4 only while
    somebody has to do something about it, or until it is removed, if it is of no tenant; GSI3 finds
    it by its key after it may have left."""
    at = format_timestamp(entry.at)
    item: dict[str, Value | None] = {
        KEY: entry.id,
        "version": entry.version,
        "status": entry.state.value,
        # The indexes carry these names and no others.
        "verb": entry.kind,
        "at": at,
        "by": entry.by,
        "reason": entry.reason,
        "text": entry.way,
        "decidedAt": format_optional_timestamp(entry.ended_at),
        "of": entry.tenant_id,
        "signUp": entry.sign_up_id,
        "locale": entry.locale,
        "dueAt": format_optional_timestamp(entry.due_at),
        "tries": entry.tries,
        "sentAgain": entry.sent_again or None,
        # The page of a tenant shows this number, and reads rows of the index only.
        "changes": entry.soft_bounces or None,
        "since": format_optional_timestamp(entry.since),
        "notices": " ".join(entry.notices),
        "addressMark": entry.mark,
        "requests": " ".join(entry.requests),
        "queue": entry.queue,
        "body": entry.body,
        "requestId": entry.request_id,
        GSI2.partition: outbox_partition(entry.queue or entry.tenant_id),
        GSI2.sort: f"{at}#{entry.id}",
        **_work_keys(entry),
        **_return_keys(entry),
    }
    return {name: value for name, value in item.items() if value not in (None, "")}


def outbox_orphans_item(tenant_id: str) -> Item:
    """Written together with the removal of a tenant, so that its entries are removed as well. It
    holds no personal data. The same form, sent again, makes the same tenant once more."""
    item_id = f"limit-mails-of-{tenant_id}-{secrets.token_hex(4)}"
    return {
        KEY: item_id,
        "version": 1,
        "of": tenant_id,
        GSI4.partition: OUTBOX_ORPHANS,
        GSI4.sort: item_id,
    }


def _work_keys(entry: OutboxEntry) -> dict[str, Value]:
    match entry.state:
        case DeliveryState.DUE if entry.due_at:
            partition, when = due_partition(entry.queue), entry.due_at
        case DeliveryState.GIVEN_UP if entry.ended_at and entry.queue:
            partition, when = given_up_partition(entry.queue), entry.ended_at
        case DeliveryState.GIVEN_UP | DeliveryState.CAME_BACK if (
            entry.ended_at and not entry.sent_again and entry.is_of_tenant
        ):
            partition, when = OUTBOX_GIVEN_UP, entry.ended_at
        case _ if entry.ended_at and not entry.is_of_tenant:
            partition, when = OUTBOX_ENDED, entry.ended_at
        case _:
            return {}
    return {GSI4.partition: partition, GSI4.sort: f"{format_timestamp(when)}#{entry.id}"}


def _return_keys(entry: OutboxEntry) -> dict[str, Value]:
    if entry.queue or entry.state in (DeliveryState.DUE, DeliveryState.DROPPED):
        return {}
    return {GSI3.partition: mail_partition(outbox_key(entry.id)), GSI3.sort: entry.id}


def outbox_entry_of(item: Item) -> OutboxEntry:
    """The entry of an item. A row of an index lacks `tries`, `dueAt`, `locale` and others."""
    text = Texts(item)
    at, queue = parse_timestamp(text["at"]), text["queue"]
    soft_bounces = item.get("changes")
    if at is None:
        raise ValueError(f"{item[KEY]} has no time")
    return OutboxEntry(
        id=text[KEY],
        # A test of a webhook is of no tenant, and is listed for its subscription.
        tenant_id=text["of"] or ("" if queue else text[GSI2.partition].partition("#")[2]),
        kind=text["verb"],
        locale=text["locale"],
        at=at,
        version=int(item["version"]),
        state=DeliveryState(text["status"]),
        by=text["by"],
        sign_up_id=text["signUp"],
        due_at=parse_timestamp(text["dueAt"]),
        tries=int(item.get("tries", 0)),
        ended_at=parse_timestamp(text["decidedAt"]),
        reason=text["reason"],
        way=text["text"],
        sent_again=item.get("sentAgain") is True,
        soft_bounces=soft_bounces if isinstance(soft_bounces, int) else 0,
        since=parse_timestamp(text["since"]),
        notices=tuple(text["notices"].split()),
        mark=text["addressMark"],
        requests=tuple(text["requests"].split()),
        queue=queue,
        body=text["body"],
        request_id=text["requestId"],
    )
