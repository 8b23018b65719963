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


def closed_ids(store: Store, email: str, limit: int = _LOOKED_AT) -> list[str]:
    """Ids of the newest sign-ups of an address that staff closed towards a tenant that existed
    before, the newest first; as in `newest_rows`, perhaps of another one."""
    partition = records.closed_email_partition(email)
    page = store.query(GSI4, partition, limit=limit, newest_first=True)
    return [str(row[KEY]) for row in page.items]


def typed_mark(key: str, entry_id: str, email: str) -> str:
    """What stands for an address in the entry of a mail. It differs from entry to entry, so nobody
    sees that two are for the same one."""
    return address_mark(key, entry_id, email, "")


def is_for(entry: OutboxEntry, email: str, keys: Iterable[str]) -> bool:
    """Whether the entry counts for this address. One of the keys made its mark; earlier versions
    made none, and meant whichever address the tenant has."""
    marks = (typed_mark(key, entry.id, email) for key in keys)
    return not entry.mark or any(hmac.compare_digest(entry.mark, each) for each in marks)


def marked_address(store: Store, entry: OutboxEntry, keys: Sequence[str]) -> str:
    """The address that somebody typed, as a request of it has it; empty if none has it any more.

    The entry holds no address. So it is looked for where one of its requests leads: the request has
    it still, or another one does that the index finds beside it.

    Args:
        keys: One of them made the mark.
    """
    if not entry.mark:
        return ""
    emails = _emails(store, entry.requests)
    return next((email for email in emails if is_for(entry, email, keys)), "")


def _emails(store: Store, ids: Iterable[str]) -> Iterable[str]:
    for item_id in ids:
        request = _request(store, item_id)
        email = request.tenant.contact.email if request else ""
        if email:
            yield email
            yield from map(_email_of, newest_rows(store, email))
            closed = (_request(store, each) for each in closed_ids(store, email))
            yield from (each.tenant.contact.email for each in closed if each)


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
        link
        for request in _requests(store, email)
        if (link := _link_of(request, key, settings, asked_at, now)) is not None
    ]
    found.sort(key=lambda link: link.asked_at, reverse=True)
    found.sort(key=lambda link: link.tenant.email_confirmed_at is None)
    return tuple(sorted(found[:MAX_LISTED], key=lambda link: link.asked_at, reverse=True))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Request:
    """What a request is by now, and the link to its page. Of one that was closed towards a tenant
    that existed before, `tenant` is the sign-up: the tenant has another contact and another link.
    """

    tenant: Tenant
    link: StatusLink
    is_closed_towards: bool = False


def _requests(store: Store, email: str) -> Iterable[_Request]:
    # The index may lag behind.
    for item_id in [*_listed_ids(store, email), *closed_ids(store, email)]:
        request = _request(store, item_id)
        if request and request.tenant.contact.has_email(email):
            yield request


def _listed_ids(store: Store, email: str) -> Iterable[str]:
    for row in newest_rows(store, email):
        # Nobody writes to whoever filled the trap for robots: the address may be somebody else's.
        if records.is_set_aside(row) and not records.is_waiting_for_address(row):
            continue
        if _email_of(row).lower() == email.lower():
            yield str(row[KEY])


def _request(store: Store, item_id: str) -> _Request | None:
    """`None`: it was removed, or the closed sign-up was erased."""
    try:
        item = store.get(item_id)
        link = records.status_link_of(item)
        if closed := records.closed_sign_up_of(item):
            sign_up = records.tenant_of(closed.sign_up)
            return _Request(tenant=sign_up, link=link, is_closed_towards=True)
        if records.forward_of(item):
            item = records.get_where_it_leads(store, item)
    except ItemNotFoundError:
        return None
    tenant = records.tenant_of(item)
    # Erased, it leads to a tenant whose contact is somebody else.
    is_own = item_id in (tenant.id, tenant.pending_id)
    own_link = StatusLink(hashed=tenant.status_link, made_at=tenant.created_at)
    return _Request(tenant=tenant, link=own_link) if is_own else None


def _link_of(
    request: _Request, key: str, settings: Settings, asked_at: datetime, now: datetime
) -> RequestLink | None:
    tenant, link, made_at = request.tenant, request.link, request.link.made_at
    reference = records.reference_of(tenant.pending_id or tenant.id)
    is_new = tenant.may_get_new_link and not request.is_closed_towards
    if is_new:
        link = StatusLink(hashed=ended_mark(tenant.ended_link), made_at=made_at)
    if not reference or made_at is None or link.is_over(now, settings.status_link_days):
        return None
    if is_new:
        # The page behind it is the one that proves an address.
        path = f"confirm/{proof_token(key, reference, tenant.contact.email, link.hashed, asked_at)}"
    else:
        path = f"status/{reference}{mailed_secret(key, reference, link.hashed)}"
    return RequestLink(
        tenant=tenant,
        reference=reference,
        asked_at=made_at,
        url=f"{settings.base_url}/{path}",
        is_new=is_new,
    )
