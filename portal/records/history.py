"""The history of a tenant: an event for each change, and the notes of staff."""

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson

from portal.contact_fields import CONTACT_FIELDS, FieldKind, fields_of_kind
from portal.records.access_fields import status_of, validity_of
from portal.records.attributes import Texts
from portal.records.digest import sorted_json
from portal.records.ids import item_kind, pending_id
from portal.records.shell_proof import SHELL_PROOF, proved_ids
from portal.stores import GSI1, GSI2, GSI3, KEY, Item, Value
from portal.tenants import AccessStatus, AuditInfo, Verb, access_status, takes_access_away
from portal.timestamps import format_timestamp, parse_timestamp

#: An event holds the old and the new values of these attributes.
_WITH_VALUES = (
    "status", "accountId", "companyId", "cluster", "validFrom", "validTo", "clientId",
    *(field.attribute for field in CONTACT_FIELDS if not field.personal),
)  # fmt: skip
#: Of these, an event names those that changed, without their values.
_NAMED_ONLY = (
    *(field.attribute for field in CONTACT_FIELDS if field.personal),
    "accountName", "companyName", "clientSecret",
)  # fmt: skip
#: Of a phone number an event holds the country and the last two digits: enough to see that it
#: became another country's, too little to call anybody.
_PHONES = {
    field.attribute: tuple(field.parts.values()) for field in fields_of_kind(FieldKind.PHONE)
}
_E164 = re.compile(r"(\+\d\d)\d{4,}(\d\d)", re.ASCII)


#: The partition of the events that took access away, whichever tenant's, by time. Who wants to know
#: what was suspended or shortened lately asks once, and not for each tenant.
ENDED = "ENDED"
#: Who an event of a customer is by. Everybody else who decides is in the report for auditors.
_CUSTOMER = "customer"
#: The partitions of events that are not about a tenant: those of the security log.
_OF_NO_TENANT = ("", "EVENTS#security")
#: The item that says that the events of earlier versions are in the report, too.
REPORT_INDEX = "report-index"
_GIVES_ACCESS = frozenset({AccessStatus.VALID, AccessStatus.EXPIRING})


#: What a note is that holds a second address. It is stored.
_SECOND_ADDRESS = "second_address"
_NO_REMINDERS = "no_reminders"


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One change of a tenant. `changes`: attribute -> old and new value, both empty if the values
    are personal or secret. Those of a phone number are masked."""

    at: datetime | None
    by: str
    verb: str
    reason: str
    changes: Mapping[str, tuple[str, str]]
    request_id: str


#: Before the number of days, as the reason of an event: personal details were erased because the
#: licence had ended more than so long before.
ENDED_FOR = "ended_for_days:"


def event_item(
    tenant_id: str,
    verb: Verb,
    audit: AuditInfo,
    before: Item | None,
    after: Item,
    *,
    reason: str = "",
) -> Item:
    """The event of a change, to be written together with the change. It holds the attributes that
    differ between the tenant's items `before` and `after`, and a digest of each item without its
    secret."""
    entry = _entry(
        "event", "EVENTS", tenant_id, audit, f"{format_timestamp(audit.at)}-{secrets.token_hex(4)}"
    )
    is_sign_up = tenant_id.startswith(pending_id(""))
    if before is not None and not is_sign_up and ends_access(before, after, audit.at):
        entry |= {GSI3.partition: ENDED, GSI3.sort: entry[GSI2.sort]}
    entry |= _decided_keys(entry)
    return entry | {
        "verb": verb.value,
        "changes": orjson.dumps(_changes(before or {}, after, erases=verb is Verb.ERASE)).decode(),
        "before": _digest(before),
        "after": _digest(after),
        **({"reason": reason} if reason else {}),
        **({"requestId": audit.request_id} if audit.request_id else {}),
    }


def gone_event_item(tenant_id: str, verb: Verb, audit: AuditInfo, before: Item) -> Item:
    """The event that no tenant has this id any more. What has changed says the event of its new id;
    this one tells every process that the old one gives no access."""
    return {**event_item(tenant_id, verb, audit, before, {}), "changes": "{}"}


def ends_access(before: Item, after: Item, now: datetime) -> bool:
    """Whether a change takes access away from a tenant that has it, or shortens it."""
    old, new = validity_of(before), validity_of(after)
    if access_status(status_of(before), old, now) not in _GIVES_ACCESS:
        return False
    still = access_status(status_of(after), new, now) in _GIVES_ACCESS
    return not still or takes_access_away(old, new, now)


def ended_tenant(row: Item) -> tuple[str, datetime | None]:
    """The tenant and the time of a row in the partition `ENDED`."""
    at, _, event_id = str(row[GSI3.sort]).partition("#")
    # Only a tenant with a final id has access, and a final id has no hyphen.
    return event_id.split("-")[1], parse_timestamp(at)


@dataclass(frozen=True, kw_only=True, slots=True)
class DecidedEvent:
    """An event of somebody who is no customer. `who`: the id of the person or the token; empty for
    a command."""

    tenant_id: str
    who: str
    event: Event


def decided_partition(instant: datetime) -> str:
    """The partition of the decisions in the month of this instant (UTC), whichever tenant's, by
    time. In GSI1, the only index that shows of an event all that a report says."""
    return f"DECIDED#{format_timestamp(instant)[:7]}"


def decided_event_of(item: Item) -> DecidedEvent:
    return DecidedEvent(
        tenant_id=str(item[GSI2.partition]).removeprefix(events_partition("")),
        who=str(item.get("who", "")),
        event=event_of(item),
    )


def in_report(item: Item) -> Item | None:
    """The item of an event as it is found by its time, if an earlier version wrote it without
    that. `None` for every other item."""
    partition = item.get(GSI2.partition, "")
    if item_kind(str(item[KEY])) != "event" or partition in _OF_NO_TENANT or GSI1.partition in item:
        return None
    keys = _decided_keys(item)
    return {**item, **keys, "version": int(item["version"]) + 1} if keys else None


def report_index_item(now: datetime) -> Item:
    return {KEY: REPORT_INDEX, "version": 1, "at": format_timestamp(now)}


def _decided_keys(entry: Item) -> dict[str, Value]:
    if not entry.get("who") and entry["by"] == _CUSTOMER:
        return {}
    return {
        GSI1.partition: f"DECIDED#{str(entry['at'])[:7]}",
        GSI1.sort: entry[GSI2.sort],
    }


def event_of(item: Item) -> Event:
    text = Texts(item)
    return Event(
        at=parse_timestamp(text["at"]),
        by=text["by"],
        verb=text["verb"],
        reason=text["reason"],
        changes={name: (old, new) for name, (old, new) in json.loads(text["changes"]).items()},
        request_id=text["requestId"],
    )


def events_partition(tenant_id: str) -> str:
    return f"EVENTS#{tenant_id}"


def _changes(before: Item, after: Item, *, erases: bool) -> dict[str, tuple[str, str]]:
    """`erases`: nothing is left of what was erased, not even masked."""
    with_values = {
        name: (str(before.get(name, "")), str(after.get(name, "")))
        for name in _WITH_VALUES
        if before.get(name) != after.get(name)
    }
    named_only = {name: ("", "") for name in _NAMED_ONLY if before.get(name) != after.get(name)}
    proofs = proved_ids(before), proved_ids(after)
    proof = {SHELL_PROOF: proofs} if proofs[0] != proofs[1] else {}
    return with_values | proof | named_only | ({} if erases else _phone_changes(before, after))


def _phone_changes(before: Item, after: Item) -> dict[str, tuple[str, str]]:
    """The phone numbers of which any part differs; without values where the masked ones agree."""
    changes = {}
    for attribute, parts in _PHONES.items():
        if any(before.get(part) != after.get(part) for part in parts):
            old, new = (_masked_number(item.get(attribute)) for item in (before, after))
            changes[attribute] = (old, new) if old != new else ("", "")
    return changes


def _masked_number(value: object) -> str:
    """`+49•••20`. Of a text that is no number, which an import may have kept, nothing is shown."""
    if not value:
        return ""
    number = _E164.fullmatch(str(value))
    return f"{number[1]}•••{number[2]}" if number else "•••"


def _digest(item: Item | None) -> str:
    if item is None:
        return ""
    without_secret = {name: value for name, value in item.items() if name != "clientSecret"}
    return hashlib.sha256(sorted_json(without_secret)).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """What somebody wrote about a tenant. `verb`: empty for a note of staff; else the question to
    the customer, or the answer, that the event of this verb and time tells of."""

    at: datetime | None
    by: str
    text: str
    verb: str = ""
    #: The text is a second e-mail address of the customer.
    is_address: bool = False
    #: The customer wants no reminders. There is no text.
    is_no_reminders: bool = False


def second_address_item(tenant_id: str, audit: AuditInfo, address: str, after: str) -> Item:
    """A second address, to which what was not delivered is sent. It is kept as a note, so it is
    shown, and erased, with the others. `after` as in `note_item`."""
    return {**note_item(tenant_id, audit, address, after), "verb": _SECOND_ADDRESS}


def no_reminders_id(tenant_id: str, email: str) -> str:
    """The id of the item that says so of this address; another contact is reminded again."""
    digest = hashlib.sha256(f"{tenant_id}\0{email.casefold()}".encode()).hexdigest()[:16]
    return f"note-{tenant_id}-{_NO_REMINDERS}-{digest}"


def no_reminders_item(tenant_id: str, email: str, audit: AuditInfo) -> Item:
    """That the customer wants no reminders by mail. It is kept as a note: so it is shown, and
    erased, with the others, and changes no version that somebody is looking at."""
    ending = no_reminders_id(tenant_id, email).removeprefix(f"note-{tenant_id}-")
    return _entry("note", "NOTES", tenant_id, audit, ending) | {"verb": _NO_REMINDERS}


def note_item(tenant_id: str, audit: AuditInfo, text: str, after: str = "") -> Item:
    """A note about a tenant. The id depends on the person, the text, and `after`, which says when
    the newest note was written that the person saw: a form that is sent twice adds nothing."""
    digest = hashlib.sha256(repr((audit.who or audit.by, after, text)).encode()).hexdigest()[:16]
    return _entry("note", "NOTES", tenant_id, audit, digest) | {"text": text}


def said_item(tenant_id: str, verb: Verb, audit: AuditInfo, text: str) -> Item:
    """The words of a question or an answer. They are personal, and nothing erases an event: so
    they stand among the notes, which retention removes."""
    digest = secrets.token_hex(8)
    entry = _entry("note", "NOTES", tenant_id, audit, digest)
    return entry | {"verb": verb.value, "text": text}


def note_of(item: Item) -> Note:
    text = Texts(item)
    verb = text["verb"]
    return Note(
        at=parse_timestamp(text["at"]),
        by=text["by"],
        text=text["text"],
        verb=verb if verb not in (_SECOND_ADDRESS, _NO_REMINDERS) else "",
        is_address=verb == _SECOND_ADDRESS,
        is_no_reminders=verb == _NO_REMINDERS,
    )


def note_tenant_id(item: Item) -> str:
    """The tenant that a note is about."""
    return str(item[GSI2.partition]).removeprefix(notes_partition(""))


def notes_partition(tenant_id: str) -> str:
    return f"NOTES#{tenant_id}"


def _entry(
    kind: str, partition: str, tenant_id: str, audit: AuditInfo, suffix: str
) -> dict[str, Value]:
    at = format_timestamp(audit.at)
    entry_id = f"{kind}-{tenant_id}-{suffix}"
    return {
        KEY: entry_id,
        "version": 1,
        "at": at,
        "by": audit.by,
        # Two people may have the same name.
        **({"who": audit.who} if audit.who else {}),
        GSI2.partition: f"{partition}#{tenant_id}",
        GSI2.sort: f"{at}#{entry_id}",
    }
