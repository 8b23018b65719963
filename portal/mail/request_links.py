"""The links to all requests of an email address, for whoever lost them and reads its mail."""

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from portal import records
from portal.address_proofs import address_mark, ended_mark, proof_token
from portal.records import OutboxEntry, StatusLink
from portal.settings import Settings
from portal.status_links import mailed_secret
from portal.stores import GSI4, KEY, Item, ItemNotFoundError, Store
from portal.tenants import Tenant

#: Requests that one mail lists.
MAX_LISTED = 10
#: Rows of the index that are looked at. Limits let in three sign-ups of an address a day.
_LOOKED_AT = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestLink:
    """A request of the address.

    Attributes:
        url: Its status page; or a page where one press makes a new link, if `is_new`.
    """

    tenant: Tenant = field(repr=False)
    reference: str
    asked_at: datetime
    url: str
    is_new: bool = False


def newest_rows(store: Store, email: str, limit: int = _LOOKED_AT) -> Sequence[Item]:
    """Rows of the newest requests of an address, the newest first, and perhaps of another one: the
    index takes `ß` in a domain for `ss`, which would be a domain of somebody else."""
    partition = records.email_partition(email)
    return store.query(GSI4, partition, limit=limit, newest_first=True).items


def typed_mark(key: str, entry_id: str, email: str) -> str:
    """What stands for an address in the entry of a mail with lost links. It differs from entry to
    entry, so nobody sees that two are for the same one."""
    return address_mark(key, entry_id, email, "")


def marked_address(store: Store, entry: OutboxEntry, keys: Sequence[str]) -> str:
    """The address that somebody typed, as a request of it has it; empty if none has it any more.

    The entry holds no address. So it is looked for where one of its requests leads: the request has
    it still, or another one does that the index finds beside it.

    Args:
        keys: One of them made the mark.
    """
    marks = [(key, entry.mark) for key in keys if entry.mark]
    for email in _emails(store, entry.requests):
        if any(hmac.compare_digest(typed_mark(key, entry.id, email), mark) for key, mark in marks):
            return email
    return ""


def _emails(store: Store, ids: Iterable[str]) -> Iterable[str]:
    for item_id in ids:
        tenant = _tenant(store, item_id)
        email = tenant.contact.email if tenant else ""
        if email:
            yield email
            yield from map(_email_of, newest_rows(store, email))


def _email_of(row: Item) -> str:
    return str(row.get("contactEmailAddress", ""))


def request_links(
    store: Store, email: str, *, key: str, settings: Settings, asked_at: datetime, now: datetime
) -> tuple[RequestLink, ...]:
    """The links to the requests of an address, the newest first, at most ten.

    Those whose address is proved come in before others: otherwise somebody who types the address
    again and again could push them out. A link that the customer has ended is replaced by a page
    that makes a new one, and only if the address was proved; one that is too old stays so.

    Args:
        key: It signs.
        asked_at: When somebody asked for the mail.
    """
    found = [
        (tenant, link)
        for tenant in _tenants(store, email)
        if (link := _link_of(tenant, key, settings, asked_at, now)) is not None
    ]
    found.sort(key=lambda each: each[0].email_confirmed_at is None)
    listed = [link for _tenant, link in found[:MAX_LISTED]]
    return tuple(sorted(listed, key=lambda link: link.asked_at, reverse=True))


def _tenants(store: Store, email: str) -> Iterable[Tenant]:
    for row in newest_rows(store, email):
        # Nobody writes to whoever filled the trap for robots: the address may be somebody else's.
        if records.is_set_aside(row) and not records.is_waiting_for_address(row):
            continue
        if _email_of(row).lower() != email.lower():
            continue
        # The index may lag behind.
        tenant = _tenant(store, str(row[KEY]))
        if tenant and tenant.contact.has_email(email):
            yield tenant


def _tenant(store: Store, item_id: str) -> Tenant | None:
    """What a request is by now; `None`: it was removed."""
    try:
        item = store.get(item_id)
        if forward := records.forward_of(item):
            item = store.get(forward.to)
    except ItemNotFoundError:
        return None
    return records.tenant_of(item)


def _link_of(
    tenant: Tenant, key: str, settings: Settings, asked_at: datetime, now: datetime
) -> RequestLink | None:
    reference = records.reference_of(tenant.pending_id or tenant.id)
    made_at = tenant.created_at
    is_new = tenant.may_get_new_link
    hashed = ended_mark(tenant.ended_link) if is_new else tenant.status_link
    link = StatusLink(hashed=hashed, made_at=made_at)
    if not reference or made_at is None or link.is_over(now, settings.status_link_days):
        return None
    if is_new:
        # The page behind it is the one that proves an address.
        path = f"confirm/{proof_token(key, reference, tenant.contact.email, hashed, asked_at)}"
    else:
        path = f"status/{reference}{mailed_secret(key, reference, tenant.status_link)}"
    return RequestLink(
        tenant=tenant,
        reference=reference,
        asked_at=made_at,
        url=f"{settings.base_url}/{path}",
        is_new=is_new,
    )
