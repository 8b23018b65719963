"""Whom an entry of the outbox is for: the contact of its tenant, or of a sign-up that was closed
towards it, a second address, or a person of staff."""

from contextlib import suppress
from dataclasses import dataclass

from portal import records
from portal.auth import active_person
from portal.mail.messages import NothingToSayError, item_told_of, tenant_told_of
from portal.mail.staff import STAFF
from portal.records import OutboxEntry, StatusLink
from portal.stores import ItemNotFoundError, Store
from portal.tenants import Contact, Tenant

#: Notes of a tenant among which its second address is looked for.
_NOTES = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Addressee:
    """Whom a mail is for, and the sign-up whose status page it links to. `renews`: with it the
    customer asks to renew an access."""

    tenant: Tenant
    contact: Contact
    locale: str
    sign_up_id: str
    link: StatusLink
    renews: bool = False

    @property
    def reference(self) -> str:
        """The number that customers and staff call the sign-up by."""
        return self.sign_up_id.removeprefix("pending-")


def asker_email(store: Store, tenant: Tenant) -> str:
    """The address of whoever asked the question.

    Raises:
        NothingToSayError: That person has no access any more.
    """
    asker = tenant.question.who if tenant.question else ""
    person = active_person(store, asker) if asker else None
    if person is None:
        raise NothingToSayError("gone")
    return person.email


def find_addressee(store: Store, entry: OutboxEntry) -> Addressee:
    """Whom an entry is for.

    Raises:
        NothingToSayError: The tenant is gone or erased, or was closed towards another one.
    """
    if entry.sign_up_id:
        # The id of its tenant may be another one's by now.
        return _of_closed_sign_up(store, entry.sign_up_id)
    tenant = tenant_told_of(store, entry.tenant_id)
    if entry.tenant_id not in (tenant.id, tenant.pending_id):
        # The contact of the other tenant is somebody else. The closing has a mail of its own.
        raise NothingToSayError("overtaken")
    return Addressee(
        tenant=tenant,
        contact=tenant.contact,
        locale=tenant.locale or entry.locale,
        sign_up_id=tenant.pending_id or tenant.id,
        link=StatusLink(hashed=tenant.status_link, made_at=tenant.created_at),
        renews=bool(tenant.renews),
    )


def second_address(store: Store, tenant: Tenant) -> str:
    """Where mail goes that did not reach the contact, as staff wrote it last; empty: nowhere."""
    notes = [
        records.note_of(row)
        for row in records.rows_of_stays(store, tenant, records.notes_partition, limit=_NOTES)
    ]
    addresses = [note for note in notes if note.is_address and note.at]
    return max(addresses, key=lambda note: str(note.at)).text if addresses else ""


def are_reminders_ended(store: Store, tenant: Tenant) -> bool:
    """Whether the contact wants no reminders by mail."""
    for each in dict.fromkeys(stay.id for stay in tenant.stays if stay.id != tenant.pending_id):
        with suppress(ItemNotFoundError):
            store.get(records.no_reminders_id(each, tenant.contact.email))
            return True
    return False


def has_second_address(store: Store, entry: OutboxEntry) -> bool:
    """Whether an entry that was not delivered can go to a second address.

    Raises:
        StoreError: The tenant could not be read.
    """
    if entry.to_second or entry.sign_up_id or entry.tenant_id == STAFF:
        return False
    try:
        tenant = find_addressee(store, entry).tenant
    except NothingToSayError:
        return False
    return bool(second_address(store, tenant))


def _of_closed_sign_up(store: Store, sign_up_id: str) -> Addressee:
    """Whoever asked for access that the tenant had already."""
    item = item_told_of(store, sign_up_id)
    closed = records.closed_sign_up_of(item)
    if closed is None:
        raise NothingToSayError("gone" if records.forward_of(item) else "overtaken")
    sign_up = records.tenant_of(closed.sign_up)
    return Addressee(
        tenant=tenant_told_of(store, sign_up_id),
        contact=sign_up.contact,
        locale=sign_up.locale,
        sign_up_id=sign_up_id,
        link=records.status_link_of(item),
        renews=bool(sign_up.renews),
    )
