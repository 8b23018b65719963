"""Whether a customer has heard of a decision that was undone since."""

from datetime import datetime

from portal import records
from portal.mail.customers.kinds import Kind
from portal.records import DeliveryState, OutboxEntry
from portal.stores import GSI2, KEY, ItemNotFoundError, Store

#: The newest entries of the tenant that are looked at.
_NEWEST = 10


def is_heard(
    store: Store, tenant_id: str, kind: Kind, *, until: datetime, sign_up_id: str = ""
) -> bool | None:
    """Whether a mail of this kind has left, or may have. `None`: there is none.

    Args:
        until: Later mails do not count.
        sign_up_id: As of the entry: it goes to the customer of a closed sign-up.
    """
    rows = store.query(
        GSI2, records.outbox_partition(tenant_id), limit=_NEWEST, newest_first=True
    ).items
    found: bool | None = None
    for row in rows:
        try:
            entry = records.outbox_entry_of(store.get(str(row[KEY])))
        except ItemNotFoundError:
            continue
        is_it = entry.kind == kind.value and entry.sign_up_id == sign_up_id
        if is_it and entry.at <= until:
            # One that is tried just now may leave.
            is_untried = entry.state is DeliveryState.DUE and not entry.tries
            found = bool(found) or (not is_untried and entry.state is not DeliveryState.DROPPED)
    return found


def is_about_nothing(store: Store, entry: OutboxEntry) -> bool:
    """Whether a mail says that a decision does not count any more, of which nobody has heard."""
    if entry.kind != Kind.REOPENED.value or entry.by:
        return False
    if is_heard(store, entry.tenant_id, Kind.REJECTED, until=entry.at) is not False:
        return False
    # An activation that was undone: its mail is one of the sign-up since.
    return not is_heard(store, entry.tenant_id, Kind.APPROVED, until=entry.at)
