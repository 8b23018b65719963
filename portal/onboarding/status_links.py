"""A customer ends the link to the status page, and gets a new one."""

import secrets
from dataclasses import replace

from portal import records
from portal.onboarding.decisions import MAX_ATTEMPTS, UnknownTenantError, load, too_busy
from portal.stores import (
    Add,
    Change,
    Item,
    ItemExistsError,
    ItemNotFoundError,
    Replace,
    Store,
    VersionConflictError,
)
from portal.tenants import AuditInfo, Tenant, Verb


def end_status_link(store: Store, sign_up_id: str, audit: AuditInfo) -> None:
    """Ends the status link of a sign-up: it opens nothing any more, and no mail names it. A link
    that has ended already stays so.

    It is no decision about the tenant: that stays the latest one, and retention counts from it.

    Args:
        sign_up_id: The id that the sign-up had first, see `records.pending_id`.

    Raises:
        UnknownTenantError: There is no such sign-up.
        BusyError: Other changes kept interfering.
    """
    _set(store, sign_up_id, "", audit)


def new_status_link(store: Store, sign_up_id: str, status_link: str, audit: AuditInfo) -> Tenant:
    """Gives a sign-up another status link after its customer has ended the one before, which stays
    ended. If it has one, that stays: the press that asked for it was sent twice.

    Args:
        sign_up_id: The id that the sign-up had first.
        status_link: The hash of its secret.

    Raises:
        UnknownTenantError: There is no such sign-up.
        BusyError: Other changes kept interfering.
    """
    _set(store, sign_up_id, status_link, audit)
    return load(store, sign_up_id).tenant


def _set(store: Store, sign_up_id: str, status_link: str, audit: AuditInfo) -> None:
    """Writes it where the link is kept, unless there is one already, or none to end.

    Raises:
        UnknownTenantError: There is no such sign-up.
        BusyError: Other changes kept interfering.
    """
    for _ in range(MAX_ATTEMPTS):
        try:
            item = store.get(sign_up_id)
        except ItemNotFoundError as error:
            raise UnknownTenantError(sign_up_id) from error
        if bool(records.status_link_of(item).hashed) is bool(status_link):
            return
        try:
            store.write(_changes(store, sign_up_id, item, status_link, audit))
        except (VersionConflictError, ItemExistsError):
            continue
        return
    raise too_busy()


def _changes(
    store: Store, sign_up_id: str, item: Item, status_link: str, audit: AuditInfo
) -> list[Change]:
    verb = Verb.NEW_LINK if status_link else Verb.END_LINK
    loaded = load(store, sign_up_id)
    tenant = loaded.tenant
    changes: list[Change] = []
    if tenant.id != sign_up_id:
        forward = records.with_status_link(item, status_link)
        changes.append(Replace(forward, int(item["version"]), read=item))
    if sign_up_id in (tenant.id, tenant.pending_id):
        # A tenant that existed before has another link, which is not this customer's to end.
        linked = _with_link(tenant, status_link, audit)
        after = records.item_of(linked, loaded.item)
        changes.append(Replace(after, tenant.version, read=loaded.item))
        changes.append(Add(records.event_item(tenant.id, verb, audit, loaded.item, after)))
    return changes


def _with_link(tenant: Tenant, status_link: str, audit: AuditInfo) -> Tenant:
    return replace(
        tenant,
        status_link=status_link,
        # Each end has another one, so that a mail about it is of no use after the next. It stays
        # with the new link, since the press that made that may be sent twice.
        ended_link=tenant.ended_link if status_link else secrets.token_hex(8),
        version=(tenant.version or 0) + 1,
        updated_at=audit.at,
    )
