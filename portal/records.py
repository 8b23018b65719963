"""Tenants and their events as items, and back: the one place that knows attribute names.

The downstream application reads these attributes too; none may be renamed or retyped.
Attributes that the portal does not know are kept as they are: they are somebody else's.
"""

import hashlib
import json
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from portal.instants import to_instant, to_text
from portal.stores.contract import Item, Value
from portal.stores.table import GSI1, GSI2, GSI3, GSI4, INDEXES, KEY
from portal.tenants import (
    Act,
    Client,
    Contact,
    Decision,
    Ids,
    Status,
    Tenant,
    Validity,
    Verb,
)

#: Stands for "no end" where an index sorts by it, behind every real instant.
NEVER = "9999-12-31T23:59:59.999Z"
#: Behind every text that a sort key may hold: the highest code point.
LAST = "\U0010ffff"

#: The sealed client secret, or what the old application left in its place.
SECRET = "clientSecret"  # noqa: S105 - the name of its attribute

#: The import that wrote the tenant last.
IMPORT_ID = "importId"
#: Tells, to who has the key, whether a secret is the one that was sealed: `portal.imports`.
SECRET_MARK = "clientSecretMark"  # noqa: S105 - the name of its attribute
#: The status and the window as the last import left them: what differs now, staff have set.
IMPORTED_STATE = "importedState"
#: The list of imports.
IMPORTS = "IMPORTS"

#: The list of sign-ups that were set aside as suspicious.
ASIDE = "ASIDE"

_PUBLIC = (
    KEY,
    "accountId",
    "accountName",
    "companyId",
    "companyName",
    "cluster",
    "validFrom",
    "validTo",
    "isActive",
)
_STATUSES: dict[Value | None, Status] = {status.value: status for status in Status}
_VERBS = {verb.value: verb for verb in Verb}
_OTHER_KINDS = frozenset({
    "claim", "event", "import", "note", "staff", "link", "session", "token",
})  # fmt: skip
_INSTANTS = frozenset({"validFrom", "validTo", "createdAt", "updatedAt"})
_NO_IDS = Ids(account_id="", company_id="")
#: Characters of up to four bytes; 1,024 bytes have to hold the id, too.
_NORMALISED = 200
_INDEX_KEYS = tuple(key for index in INDEXES for key in (index.partition, index.sort))


#: Lower-case letters and digits in the reference of a sign-up.
REFERENCE_LENGTH = 26


def pending_id(reference: str) -> str:
    """`reference` is 26 lower-case letters and digits."""
    return f"pending-{reference}"


def claim_id(ids: Ids) -> str:
    return f"claim-{ids.tenant_id}"


# ---- A tenant


def tenant_of(item: Item) -> Tenant:
    """The tenant in a whole item. An item without `status` is the old application's: then
    `isActive` alone decides, and what its window lacks is open."""
    version = item.get("version")
    text = _Texts(item)
    ids = None
    account_id, _, company_id = text[KEY].partition("_")
    account_id = text["accountId"] or (account_id if company_id else "")
    company_id = text["companyId"] or company_id
    if account_id and company_id:
        ids = Ids(
            account_id=account_id,
            company_id=company_id,
            account_name=text["accountName"],
            company_name=text["companyName"],
            cluster=text["cluster"],
        )
    return Tenant(
        id=text[KEY],
        status=status_of(item),
        version=version if isinstance(version, int) else None,
        contact=Contact(
            company=text["contactCompanyName"],
            name=text["contactFullName"],
            email=text["contactEmailAddress"],
            phone=text["contactPhone"],
            phone_typed=text["contactPhoneTyped"],
            phone_extension=text["contactPhoneExtension"],
        ),
        ids=ids,
        validity=validity_of(item),
        client=Client(
            id=text["clientId"],
            sealed_secret=text["clientSecret"],
            secret_set_at=to_instant(text["clientSecretSetAt"]),
        ),
        created_at=to_instant(text["createdAt"]),
        updated_at=to_instant(text["updatedAt"]),
        decision=_decision_of(text),
        reason=text["reason"],
        message=text["message"],
        locale=text["locale"],
        pending_id=text["pendingId"],
        status_link=text["statusLink"],
        set_aside=item.get("setAside") is True,
        erased=item.get("erased") is True,
    )


def is_tenant(item: Item) -> bool:
    """Whether the item is a tenant, and not a forward, a claim, an event or the like."""
    return "forwardTo" not in item and item_kind(str(item[KEY])) == "tenant"


def item_kind(item_id: str) -> str:
    """`tenant`, or what the portal's other ids say in front of their first hyphen."""
    kind = item_id.partition("-")[0]
    return kind if kind in _OTHER_KINDS else "tenant"


def status_of(item: Item) -> Status:
    """The stored status; for an item of the old application, what its `isActive` says."""
    stored = _STATUSES.get(item.get("status"))
    if stored is None:
        return Status.ACTIVE if item.get("isActive") is True else Status.SUSPENDED
    # The old application switches a tenant off by this alone.
    if stored is Status.ACTIVE and item.get("isActive") is False:
        return Status.SUSPENDED
    return stored


def public_view(item: Item) -> dict[str, Value]:
    """What anybody may read of a tenant: ids, names and the window, under the names that the
    downstream application knows; no contact, no secret."""
    return {name: item[name] for name in _PUBLIC if name in item}


def validity_of(item: Item) -> Validity:
    """The window. `open_ended` only where nothing was lost in reading it."""
    valid_from, valid_to = (_instant(item.get(name)) for name in ("validFrom", "validTo"))
    unreadable = (valid_from is None and item.get("validFrom")) or (
        valid_to is None and item.get("validTo")
    )
    return Validity(
        valid_from=valid_from,
        valid_to=valid_to,
        open_ended=not unreadable and ("status" not in item or item.get("openEnded") is True),
    )


def item_of(tenant: Tenant, before: Mapping[str, Value] | None = None) -> Item:
    """`tenant` as an item.

    What stands in `before` comes along where it is not ours, or is a date that could not be
    read and that nobody has replaced: nothing is lost by being changed elsewhere.
    """
    validity, client, contact, decision = (
        tenant.validity,
        tenant.client,
        tenant.contact,
        tenant.decision,
    )
    ids = tenant.ids or _NO_IDS
    values: dict[str, Value | None] = {
        KEY: tenant.id,
        "status": tenant.status.value,
        "isActive": tenant.is_active,
        "version": tenant.version,
        "accountId": ids.account_id,
        "accountName": ids.account_name,
        "companyId": ids.company_id,
        "companyName": ids.company_name,
        "cluster": ids.cluster,
        "contactCompanyName": contact.company,
        "contactFullName": contact.name,
        "contactPhone": contact.phone,
        "contactPhoneTyped": contact.phone_typed,
        "contactPhoneExtension": contact.phone_extension,
        "contactEmailAddress": contact.email,
        "clientId": client.id,
        "clientSecret": client.sealed_secret,
        "clientSecretSetAt": _text(client.secret_set_at),
        "validFrom": _text(validity.valid_from),
        "validTo": _text(validity.valid_to),
        "openEnded": validity.open_ended or None,
        "createdAt": _text(tenant.created_at),
        "updatedAt": _text(tenant.updated_at),
        "decidedVerb": decision.verb.value if decision else None,
        "decidedBy": decision.by if decision else None,
        "decidedAt": to_text(decision.at) if decision else None,
        "decidedWho": decision.who if decision else None,
        "decidedMark": decision.mark if decision else None,
        "reason": tenant.reason,
        "message": tenant.message,
        "locale": tenant.locale,
        "pendingId": tenant.pending_id,
        "statusLink": tenant.status_link,
        "setAside": tenant.set_aside or None,
        "erased": tenant.erased or None,
        **dict.fromkeys(_INDEX_KEYS),
        **_index_keys(tenant),
    }
    kept = {
        name: value
        for name, value in (before or {}).items()
        if name not in values or (name in _INSTANTS and _instant(value) is None)
    }
    return kept | {name: value for name, value in values.items() if value not in (None, "")}


def index_keys_of(item: Item) -> dict[str, Value]:
    """Where lists are to find the tenant in a whole item, whatever index keys it has."""
    return _index_keys(tenant_of(item))


def _index_keys(tenant: Tenant) -> dict[str, Value]:
    """Where lists find the tenant. A pending tenant only claims its ids, so it is never in
    GSI1; a sign-up that was set aside waits in a list of its own, and no search finds it."""
    waits_aside = tenant.set_aside and tenant.status is Status.PENDING
    keys: dict[str, Value] = {
        GSI2.partition: ASIDE if waits_aside else status_partition(tenant.status),
        GSI2.sort: f"{_sorted_by(tenant)}#{tenant.id}",
    }
    if tenant.is_final and tenant.ids:
        keys[GSI1.partition] = account_partition(tenant.ids.account_id)
        keys[GSI1.sort] = f"TENANT#{tenant.id}"
    if tenant.set_aside:
        return keys
    company = normalised(tenant.contact.company)
    if company:
        keys[GSI3.partition] = company_partition(company)
        keys[GSI3.sort] = f"{company}#{tenant.id}"
    if tenant.contact.email:
        keys[GSI4.partition] = email_partition(tenant.contact.email)
        keys[GSI4.sort] = f"{_text(tenant.created_at) or ''}#{tenant.id}"
    return keys


def _sorted_by(tenant: Tenant) -> str:
    """Asked for (pending), end (active: expiring and expired are one range), decided (rest)."""
    if tenant.status is Status.PENDING:
        return _text(tenant.created_at) or ""
    if tenant.status is Status.ACTIVE:
        return _text(tenant.validity.valid_to) or NEVER
    return _text(tenant.decision.at if tenant.decision else tenant.updated_at) or ""


def normalised(name: str) -> str:
    """A company's name as it is searched for: without case, accents and double spaces, and
    no longer than a sort key of DynamoDB has room for."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    words = " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())
    return words[:_NORMALISED].rstrip()


def company_partition(normalised_name: str) -> str:
    return f"COMPANY#{normalised_name[:1]}"


def email_partition(address: str) -> str:
    return f"EMAIL#{address.casefold()}"


def account_partition(account_id: str) -> str:
    return f"ACCOUNT#{account_id}"


def status_partition(status: Status) -> str:
    return f"STATUS#{status.value}"


# ---- What a pending tenant leaves behind, and what it claims


@dataclass(frozen=True, kw_only=True, slots=True)
class Forward:
    """In place of a pending tenant once it has a final key; it keeps the status link alive."""

    id: str
    to: str
    version: int
    status_link: str
    created_at: datetime | None
    mark: str


def forward_of(item: Item) -> Forward | None:
    """`None` if `item` is not a forward."""
    if "forwardTo" not in item:
        return None
    text = _Texts(item)
    return Forward(
        id=text[KEY],
        to=text["forwardTo"],
        version=int(item["version"]),
        status_link=text["statusLink"],
        created_at=to_instant(text["createdAt"]),
        mark=text["decidedMark"],
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusLink:
    """What is kept of a customer's status link: its hash, and when it was made."""

    hashed: str
    made_at: datetime | None

    def is_over(self, now: datetime, days: int) -> bool:
        return not self.hashed or self.made_at is None or now - self.made_at > timedelta(days=days)


def status_link_of(item: Item) -> StatusLink:
    """The link of a pending tenant, or of the forward that it left."""
    text = _Texts(item)
    return StatusLink(hashed=text["statusLink"], made_at=to_instant(text["createdAt"]))


def forward_item(pending: Tenant, to: str, mark: str) -> Item:
    """`pending`, turned into a forward to `to`."""
    item: dict[str, Value] = {
        KEY: pending.id,
        "forwardTo": to,
        "version": (pending.version or 0) + 1,
        "statusLink": pending.status_link,
        "decidedMark": mark,
    }
    if pending.created_at:
        item["createdAt"] = to_text(pending.created_at)
    return item


def claim_item(ids: Ids, count: int, version: int) -> Item:
    """How many pending tenants claim these ids. No index knows it."""
    return {KEY: claim_id(ids), "count": count, "version": version}


# ---- Events and notes


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One line of a tenant's history. `changes` names values before and after, never
    personal ones; `before` and `after` are digests of the whole item."""

    at: datetime | None
    by: str
    verb: str
    reason: str
    changes: Mapping[str, tuple[str, str]]
    request_id: str


def event_item(
    subject: str, verb: Verb, act: Act, before: Item | None, after: Item, *, reason: str = ""
) -> Item:
    """The event of one change of `subject`, to be written together with it."""
    return _entry("event", "EVENTS", subject, act, f"{to_text(act.at)}-{secrets.token_hex(4)}") | {
        "verb": verb.value,
        "changes": json.dumps(_changes(before or {}, after), ensure_ascii=False),
        "before": _digest(before),
        "after": _digest(after),
        **({"reason": reason} if reason else {}),
        **({"requestId": act.request_id} if act.request_id else {}),
    }


def event_of(item: Item) -> Event:
    text = _Texts(item)
    return Event(
        at=to_instant(text["at"]),
        by=text["by"],
        verb=text["verb"],
        reason=text["reason"],
        changes={name: (old, new) for name, (old, new) in json.loads(text["changes"]).items()},
        request_id=text["requestId"],
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    at: datetime | None
    by: str
    text: str


def note_item(subject: str, act: Act, text: str, after: str = "") -> Item:
    """What a member of staff wrote down about `subject`. The same words of the same person, written
    behind the same note, have the same id: a form that is sent twice adds nothing."""
    words = hashlib.sha256(repr((act.who or act.by, after, text)).encode()).hexdigest()[:16]
    return _entry("note", "NOTES", subject, act, words) | {"text": text}


def note_of(item: Item) -> Note:
    text = _Texts(item)
    return Note(at=to_instant(text["at"]), by=text["by"], text=text["text"])


def events_partition(subject: str) -> str:
    return f"EVENTS#{subject}"


def notes_partition(subject: str) -> str:
    return f"NOTES#{subject}"


def _entry(kind: str, partition: str, subject: str, act: Act, name: str) -> dict[str, Value]:
    at = to_text(act.at)
    entry_id = f"{kind}-{subject}-{name}"
    return {
        KEY: entry_id,
        "version": 1,
        "at": at,
        "by": act.by,
        # Two people may have one name.
        **({"who": act.who} if act.who else {}),
        GSI2.partition: f"{partition}#{subject}",
        GSI2.sort: f"{at}#{entry_id}",
    }


#: An event tells these with their values; of the personal fields it only names which changed.
_TOLD = ("status", "accountId", "companyId", "cluster", "validFrom", "validTo", "clientId")
_NAMED = (
    "contactCompanyName",
    "contactFullName",
    "contactPhone",
    "contactEmailAddress",
    "accountName",
    "companyName",
    "clientSecret",
)


def _changes(before: Item, after: Item) -> dict[str, tuple[str, str]]:
    told = {
        name: (str(before.get(name, "")), str(after.get(name, "")))
        for name in _TOLD
        if before.get(name) != after.get(name)
    }
    named = {name: ("", "") for name in _NAMED if before.get(name) != after.get(name)}
    return told | named


def _digest(item: Item | None) -> str:
    if item is None:
        return ""
    plain = {name: value for name, value in item.items() if name != "clientSecret"}
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]


# ---- Reading attributes that anybody may have written


class _Texts(dict[str, str]):
    """An item's texts; what is missing, or is no text, reads as empty."""

    def __init__(self, item: Item) -> None:
        super().__init__((k, v) for k, v in item.items() if isinstance(v, str))

    def __missing__(self, name: str) -> str:
        return ""


def _decision_of(text: _Texts) -> Decision | None:
    at, verb = to_instant(text["decidedAt"]), _VERBS.get(text["decidedVerb"])
    if at is None or verb is None:
        return None
    return Decision(
        verb=verb,
        by=text["decidedBy"],
        at=at,
        who=text["decidedWho"],
        mark=text["decidedMark"],
    )


def _instant(value: Value | None) -> datetime | None:
    return to_instant(value) if isinstance(value, str) else None


def _text(instant: datetime | None) -> str | None:
    return to_text(instant.astimezone(UTC)) if instant else None
