"""The entries that verbs write together with their change."""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from portal import records
from portal.mail import KINDS, Kind, has_second_address, kind_after, kind_entry
from portal.records import DeliveryState, OutboxEntry
from portal.stores import Add, Change, Replace, Store
from portal.tenants import Tenant, Verb

#: So long a mail waits for its decision to be undone. The outbox looks every two seconds for what
#: is due, so the mail leaves ten seconds after the decision at the latest.
HELD_FOR = timedelta(seconds=8)


def entries_after(
    verb: Verb,
    tenant: Tenant,
    at: datetime,
    *,
    sign_up: Tenant | None = None,
    is_held: bool = False,
) -> list[Change]:
    """What to write together with a verb, so that those are told whom it concerns.

    Args:
        tenant: As the verb leaves it.
        sign_up: The sign-up that the verb closes towards the tenant. Its contact is told.
        is_held: It leaves a moment later, so that the verb can be undone before.
    """
    kind = kind_after(verb)
    return entries_of(kind, tenant, at, sign_up=sign_up, is_held=is_held) if kind else []


def entries_of(
    kind: Kind,
    tenant: Tenant,
    at: datetime,
    *,
    sign_up: Tenant | None = None,
    is_held: bool = False,
) -> list[Change]:
    """As `entries_after`, for a mail of this kind.

    Nobody writes to whoever filled the trap for robots: the address may be somebody else's.
    """
    if tenant.is_doubtful:
        return []
    asker = tenant.question if KINDS[kind].to_staff else None
    entry = records.new_outbox_entry(
        tenant.id,
        kind.value,
        asker.locale if asker else (sign_up or tenant).locale,
        at,
        sign_up_id=sign_up.id if sign_up else "",
    )
    if is_held:
        entry = replace(entry, due_at=at + HELD_FOR)
    return [Add(records.outbox_item(entry))]


def to_second_address(store: Store, entry: OutboxEntry, at: datetime) -> list[Change]:
    """What to write together with the end of an entry that was not delivered: the same, to the
    second address of the customer. Empty if there is none.

    Raises:
        StoreError: The store could not be asked.
    """
    kind = kind_entry(entry.kind)
    is_for_nobody_else = kind is not None and (kind.to_staff or kind.for_address)
    if is_for_nobody_else or not has_second_address(store, entry):
        return []
    other = records.new_outbox_entry(
        entry.tenant_id,
        entry.kind,
        entry.locale,
        at,
        suffix=f"{records.TO_SECOND}{records.outbox_key(entry.id)[:16]}",
    )
    return [Add(records.outbox_item(other))]


def again(
    entry: OutboxEntry, by: str, at: datetime, *, after: str, to_second: bool = False
) -> list[Change]:
    """What to write so that the same is delivered once more, as a new entry. The earlier one stays
    in the tenant's list, and leaves the list of those that somebody has to see to.

    Args:
        after: The newest entry that the person saw. The id depends on it, so a form that is sent
            twice adds nothing.
        to_second: To the second address; so it is if the earlier one went there.
    """
    kind = records.TO_SECOND if to_second or entry.to_second else ""
    once_more = records.new_outbox_entry(
        entry.tenant_id,
        entry.kind,
        entry.locale,
        at,
        by=by,
        sign_up_id=entry.sign_up_id,
        suffix=f"{kind}again-{hashlib.sha256(after.encode()).hexdigest()[:16]}",
    )
    changes: list[Change] = [Add(records.outbox_item(once_more))]
    has_failed = entry.state in (DeliveryState.GIVEN_UP, DeliveryState.CAME_BACK)
    if has_failed and not entry.sent_again:
        seen_to = replace(entry, version=entry.version + 1, sent_again=True)
        changes.append(Replace(records.outbox_item(seen_to), entry.version))
    return changes
