"""Retention: erases the personal fields of sign-ups that were closed long ago, and their notes;
removes sign-ups that were set aside long ago. Erases the personal fields of tenants whose licence
ended long ago, and leaves what the downstream application reads."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from portal import queries, records, search
from portal.contact_fields import CONTACT_FIELDS
from portal.onboarding.decisions import (
    MAX_ATTEMPTS,
    Loaded,
    StaleError,
    UnknownTenantError,
    decide,
    find,
    load,
    too_busy,
)
from portal.onboarding.follow_ups import latest_follow_up
from portal.onboarding.notes import note_removals, remove_notes, remove_notes_of
from portal.outbox import remove_entries_of
from portal.stores import (
    GSI2,
    KEY,
    Add,
    Change,
    ItemNotFoundError,
    Remove,
    Replace,
    Store,
    VersionConflictError,
    find_item,
    iter_query,
)
from portal.tenants import (
    AuditInfo,
    Contact,
    NotAllowedError,
    Status,
    Tenant,
    Verb,
    idempotency_key_of,
)
from portal.timestamps import format_timestamp, utc_now
from portal.usage import remove_usage


def erase(
    store: Store, tenant_id: str, *, expected_version: int | None, audit: AuditInfo
) -> Tenant:
    """Erases the personal fields of a closed sign-up, and up to 90 notes about it.

    Raises:
        UnknownTenantError: No tenant has this id.
        StaleError: The tenant has another version.
        NotAllowedError: The tenant is not closed.
        BusyError: Other changes kept interfering.
    """
    return decide(
        store,
        tenant_id,
        Verb.ERASE,
        audit,
        expected_version,
        change=_without_personal_fields,
        extra_changes=note_removals,
    )


def _without_personal_fields(tenant: Tenant, audit: AuditInfo, idempotency_key: str) -> Tenant:
    blank = {part: "" for field in CONTACT_FIELDS if field.personal for part in field.parts}
    contact = replace(tenant.contact, **blank)
    return tenant.without_personal_fields(audit, idempotency_key, contact=contact)


def erase_closed_before(store: Store, instant: datetime, audit: AuditInfo) -> int:
    """Erases every sign-up that was rejected, withdrawn or closed towards an existing tenant before
    `instant`, with all its notes, and removes what the outbox has of it. Returns how many. It may
    be stopped at any point and run again.

    Raises:
        BusyError: Other changes kept interfering.
    """
    due = [str(row[KEY]) for row in queries.closed_before(store, instant)]
    erased = _erase_closed_towards(store, instant)
    for tenant_id in due:
        tenant = find(store, tenant_id)
        # Somebody may have reopened it since the query.
        with suppress(StaleError, NotAllowedError):
            if not tenant.erased:
                erase(store, tenant_id, expected_version=tenant.version, audit=audit)
                erased += 1
            remove_notes_of(store, tenant)
            for stay in tenant.stays:
                remove_entries_of(store, stay.id, between=records.range_of_stay(stay))
            remove_usage(store, tenant_id)
            _forget(store, tenant_id)
    return erased


def ended_and_due(store: Store, instant: datetime) -> Iterator[Tenant]:
    """The tenants whose licence ended before `instant`, and of whom nobody needs the personal
    fields: nobody asks for their ids, and nothing is missing that might make them valid. Those that
    were erased already are not among them."""
    for row in queries.ended_before(store, instant):
        with suppress(UnknownTenantError):
            loaded = load(store, str(row[KEY]))
            if loaded.tenant.id == row[KEY] and _is_due(store, loaded, instant):
                yield loaded.tenant


def erase_ended_before(store: Store, instant: datetime, audit: AuditInfo) -> int:
    """Erases the personal fields of every tenant whose licence ended before `instant`, with all its
    notes, and removes what the outbox has of it. The company stays, and so does all that the
    downstream application reads. Returns how many. It may be stopped at any point and run again.

    Raises:
        BusyError: Other changes kept interfering.
    """
    due = [str(row[KEY]) for row in queries.ended_before(store, instant)]
    towards = _closed_towards(store, instant)
    erased = 0
    for tenant_id in due:
        with suppress(UnknownTenantError):
            erased += _erase_ended(store, tenant_id, instant, audit)
            tenant = find(store, tenant_id)
            if not (tenant.id == tenant_id and tenant.erased):
                continue
            remove_notes_of(store, tenant)
            for stay in tenant.stays:
                remove_entries_of(store, stay.id, between=records.range_of_stay(stay))
            for sign_up_id in towards.get(tenant_id, ()):
                _erase_closed_sign_up(store, sign_up_id)
            remove_usage(store, tenant_id)
            _forget(store, tenant_id)
    return erased


def _is_due(store: Store, loaded: Loaded, instant: datetime) -> bool:
    tenant = loaded.tenant
    if tenant.erased or not tenant.has_ended_before(instant) or records.open_gaps(loaded.item):
        return False
    if tenant.ids and find_item(store, records.claim_id(tenant.ids)):
        # Somebody signs up for the same ids, perhaps the same customer.
        return False
    asked = latest_follow_up(store, tenant)
    return asked is None or asked.tenant.status is not Status.PENDING


def _erase_ended(store: Store, tenant_id: str, instant: datetime, audit: AuditInfo) -> bool:
    """One write: the tenant, its event, its notes as far as a write can hold them, and the end of
    the links to its status page. So nothing of it is shown by half."""
    for _ in range(MAX_ATTEMPTS):
        loaded = load(store, tenant_id)
        if loaded.tenant.id != tenant_id or not _is_due(store, loaded, instant):
            return False
        before = loaded.tenant
        key = idempotency_key_of(Verb.ERASE, audit, before.version)
        after = before.ended_without_personal_fields(audit, key, contact=_company_of(before))
        item = records.item_of(after, loaded.item)
        days = (audit.at - instant).days
        event = records.event_item(
            tenant_id, Verb.ERASE, audit, loaded.item, item, reason=f"{records.ENDED_FOR}{days}"
        )
        changes: list[Change] = [
            Replace(item, before.version, read=loaded.item),
            Add(event),
            *note_removals(store, tenant_id),
            *_end_of_link(store, before),
        ]
        try:
            store.write(changes)
        except VersionConflictError:
            continue
        return True
    raise too_busy()


def _company_of(tenant: Tenant) -> Contact:
    """What stays of the contact. The downstream application shows the company to everybody."""
    return Contact(company=tenant.contact.company)


def _end_of_link(store: Store, tenant: Tenant) -> list[Change]:
    """The address that its customer was given when signing up opens nothing any more."""
    forward = find_item(store, tenant.pending_id) if tenant.pending_id else None
    if forward is None or records.forward_of(forward) is None:
        return []
    if not records.status_link_of(forward).hashed:
        return []
    ended = records.with_status_link(forward, "")
    return [Replace(ended, int(forward["version"]), read=forward)]


def _closed_towards(store: Store, instant: datetime) -> dict[str, list[str]]:
    """Tenant -> the sign-ups that were closed towards it before `instant`. They keep the details of
    their customers."""
    found: dict[str, list[str]] = {}
    for row in queries.closed_towards_before(store, instant):
        item = find_item(store, str(row[KEY]))
        forward = records.forward_of(item) if item else None
        if forward:
            found.setdefault(forward.to, []).append(str(row[KEY]))
    return found


def remove_set_aside_before(store: Store, instant: datetime) -> int:
    """Removes every sign-up that was set aside, or waits for the proof of its address, and sent
    before `instant`, with all its notes: in so long a time nothing moved it into the queue. Returns
    how many. It may be stopped at any point and run again.
    """
    between = (" ", format_timestamp(instant))
    due = [
        str(row[KEY])
        for partition in (records.ASIDE, records.WAITING)
        for row in iter_query(store, GSI2, partition, between=between)
    ]
    removed = 0
    for tenant_id in due:
        # Somebody may have decided on it since the query.
        with suppress(UnknownTenantError, VersionConflictError):
            tenant = find(store, tenant_id)
            is_pending = tenant.status is Status.PENDING
            if tenant.id == tenant_id and is_pending and not tenant.is_queued:
                remove_notes_of(store, tenant)
                orphans = Add(records.outbox_orphans_item(tenant_id))
                store.write([Remove(tenant_id, tenant.version), orphans])
                removed += 1
                remove_usage(store, tenant_id)
        _forget(store, tenant_id)
    return removed


def _erase_closed_towards(store: Store, instant: datetime) -> int:
    due = [str(row[KEY]) for row in queries.closed_towards_before(store, instant)]
    for sign_up_id in due:
        _erase_closed_sign_up(store, sign_up_id)
    return len(due)


def _erase_closed_sign_up(store: Store, sign_up_id: str) -> None:
    # The closing may have been undone since the query.
    with suppress(ItemNotFoundError, VersionConflictError):
        item = store.get(sign_up_id)
        if records.closed_sign_up_of(item):
            erased = records.without_closed_sign_up(item)
            store.write([Replace(erased, int(item["version"]), read=item)])
        remove_notes(store, sign_up_id)
        remove_entries_of(store, sign_up_id)
        remove_usage(store, sign_up_id)
        _forget(store, sign_up_id)


def _forget(store: Store, tenant_id: str) -> None:
    """Remove at once what search has of it. The background process would do so some seconds
    later, and not at all while nobody runs it."""
    search.refresh(store, tenant_id, utc_now(), lease=search.AT_ONCE)
