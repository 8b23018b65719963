"""Mails to the customer that did not arrive, and those that staff send again."""

from contextlib import suppress
from dataclasses import replace

from portal import outbox, records
from portal.mail import Kind, kind_entry
from portal.onboarding.decisions import MAX_ATTEMPTS, UnknownTenantError, find, too_busy
from portal.onboarding.proof_mails import ProofMails
from portal.records import DeliveryState, OutboxEntry
from portal.stores import (
    GSI2,
    Add,
    ItemExistsError,
    ItemNotFoundError,
    Store,
    VersionConflictError,
)
from portal.tenants import AuditInfo, Tenant

#: Mails of a tenant among which the newest one to its contact is looked for.
_NEWEST = 5


def is_unreached(store: Store, tenant: Tenant) -> bool:
    """Whether the newest mail to the contact of a tenant did not arrive. It costs one query."""
    partition = records.outbox_partition(tenant.id)
    for row in store.query(GSI2, partition, limit=_NEWEST, newest_first=True).items:
        entry = records.outbox_entry_of(row)
        kind = kind_entry(entry.kind)
        is_to_contact = kind is not None and not kind.to_staff and not entry.to_second
        if is_to_contact and entry.state is not DeliveryState.DROPPED:
            return entry.state in (DeliveryState.GIVEN_UP, DeliveryState.CAME_BACK)
    return False


def send_again(
    store: Store,
    tenant_id: str,
    *,
    audit: AuditInfo,
    mail_id: str,
    after: str,
    address: str = "",
    proof_mails: ProofMails | None = None,
) -> None:
    """Sends a mail once more. It does not change the tenant, so it needs no version. What it says
    is made anew from the tenant as it is when the mail leaves.

    Args:
        mail_id: The entry of the mail.
        after: The newest entry that the page showed. So a form that is sent twice sends one mail.
        address: A second address of the customer. The mail goes there, and so does, from then on,
            what cannot be delivered to the first one.
        proof_mails: Count the mail if it proves the address, and the one before has left. If none
            may be sent today, it leaves without that link.

    Raises:
        UnknownTenantError: No tenant has this id, or the mail is not one to it, or it lists the
            requests of an address.
        BusyError: Other changes kept interfering.
    """
    tenant = find(store, tenant_id)
    own = {f"mail-{stay.id}-" for stay in tenant.stays}
    is_other = len(mail_id) > records.MAX_OUTBOX_ID or not mail_id.startswith(tuple(own))
    if is_other or (address and tenant.erased):
        raise UnknownTenantError(tenant_id)
    # Two people may add two addresses on the same page: these are two mails.
    after = f"{after} {address}" if address else after
    for _ in range(MAX_ATTEMPTS):
        try:
            entry = records.outbox_entry_of(store.get(mail_id))
        except ItemNotFoundError as error:
            raise UnknownTenantError(tenant_id) from error
        if _is_for_address(entry):
            # Only the customer asks for it.
            raise UnknownTenantError(tenant_id)
        changes = outbox.again(entry, audit.by, audit.at, after=after, to_second=bool(address))
        if address:
            changes.append(Add(records.second_address_item(tenant.id, audit, address, after)))
        proves = _proves(entry) and not address
        email = tenant.contact.email
        counted = None
        if proof_mails and proves:
            changes = proof_mails.marked(changes, email)
            left = entry.state is DeliveryState.SENT
            counted = proof_mails if left or not proof_mails.is_counted_for(entry, email) else None
        # Either the form was sent twice, or a colleague sends the same mail again at this moment.
        with suppress(ItemExistsError):
            try:
                if counted is None:
                    store.write(changes)
                elif not counted.write(store, email, audit.at, changes):
                    plain = replace(entry, kind=Kind.RECEIVED_AGAIN.value)
                    store.write(outbox.again(plain, audit.by, audit.at, after=after))
            except VersionConflictError:
                # Something was noted about the mail meanwhile, such as that it came back.
                continue
        return
    raise too_busy()


def _is_for_address(entry: OutboxEntry) -> bool:
    kind = kind_entry(entry.kind)
    return kind is not None and kind.for_address


def _proves(entry: OutboxEntry) -> bool:
    kind = kind_entry(entry.kind)
    return kind is not None and kind.proves
