"""Delivers an entry of the outbox as a mail: whom it is for, what it says, and how it leaves."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from portal import records
from portal.address_proofs import proof_token
from portal.mail.customers import (
    KINDS,
    Addressee,
    Facts,
    Kind,
    KindEntry,
    are_reminders_ended,
    asker_email,
    find_addressee,
    is_about_nothing,
    is_for,
    kind_entry,
    marked_address,
    request_links,
    second_address,
)
from portal.mail.messages import (
    Mailbox,
    MailError,
    NothingToSayError,
    OutgoingMail,
    Problem,
    Retry,
    Words,
    compose,
    mailbox_of,
    message_id_of,
    message_key,
    open_signer,
    sender_of,
    thread_id_of,
)
from portal.mail.reports import ReturnPath
from portal.mail.staff import (
    STAFF,
)
from portal.mail.staff_mails import StaffMails
from portal.mail.ways import Way, open_way
from portal.records import OutboxEntry
from portal.reminder_links import reminder_token
from portal.settings import Settings
from portal.status_links import mailed_secret
from portal.stores import GSI2, KEY, ItemNotFoundError, Store

#: Newer entries of the same tenant that are looked at.
_NEWEST = 10


class Post:
    """Delivers entries of the outbox as mails.

    Args:
        keys: The signing keys, the newest first: it signs the links to status pages.
        way: How mail leaves; as the settings say if omitted.

    Raises:
        SettingsError: Mail is to be signed, and cannot be.
    """

    def __init__(self, settings: Settings, keys: Sequence[str], way: Way | None = None) -> None:
        self._settings = settings
        self._keys = keys
        self._key = keys[0]
        self._way = way or open_way(settings)
        self._sender, _ignored = sender_of(settings)
        self._to_staff = StaffMails(settings, self._sender)
        self._signer = open_signer(settings)
        path = settings.mail_return_path
        self._return_path = ReturnPath(path, keys) if path else None

    @property
    def way(self) -> str:
        """How mail leaves, such as `smtp`."""
        return self._way.name

    def send(self, mail: OutgoingMail, *, seconds: float) -> None:
        """Have a mail leave.

        Args:
            seconds: It takes no longer.

        Raises:
            MailError: It did not leave, or nobody knows whether it did.
        """
        if self._signer:
            mail = replace(mail, content=self._signer.signed(mail.content))
        self._way.send(mail, seconds=seconds)

    def mail(self, store: Store, entry: OutboxEntry, now: datetime) -> OutgoingMail:
        """The mail that an entry stands for, made of what the store has now.

        Raises:
            MailError: The tenant has no address that mail can be sent to.
            NothingToSayError: There is nothing to send any more.
            StoreError: The tenant could not be read.
        """
        if entry.tenant_id == STAFF:
            return self._with_return_path(self._to_staff.mail(store, entry, now), entry)
        kind = kind_entry(entry.kind)
        if kind is None:
            raise MailError(retry=Retry.LATER, problem=Problem.UNEXPECTED, detail="kind")
        if kind.for_address:
            return self._lost_links(store, entry, kind, now)
        addressee = find_addressee(store, entry)
        tenant, contact = addressee.tenant, addressee.contact
        is_true = kind.is_true(tenant, now, of_closed=bool(entry.sign_up_id))
        if not is_true or _is_overtaken(store, entry):
            raise NothingToSayError("overtaken")
        if is_about_nothing(store, entry):
            raise NothingToSayError("overtaken")
        if kind.is_reminder and are_reminders_ended(store, tenant):
            raise NothingToSayError("ended")
        if kind.to_staff:
            address = asker_email(store, tenant)
        elif entry.to_second:
            address = second_address(store, tenant)
        else:
            address = contact.email
        mailbox = mailbox_of(address)
        if mailbox is None:
            # The index that has the second address may lag behind.
            retry = Retry.SOON if entry.to_second and not address else Retry.NEVER
            raise MailError(retry=retry, problem=Problem.NO_ADDRESS)
        # Another address proves nothing about the one of the contact, and has a count of its own.
        may_prove = kind.proves and not entry.to_second and is_for(entry, address, self._keys)
        if kind is KINDS[Kind.ADDRESS] and not may_prove:
            raise NothingToSayError("overtaken")
        words = Words(entry.locale if kind.to_staff else addressee.locale)
        reminders_url = self._reminders_url(addressee) if kind.is_reminder else ""
        facts = Facts(
            tenant=tenant,
            name=contact.name,
            company=contact.company,
            status_url=self._status_url(addressee, now),
            confirm_url=self._confirm_url(addressee, entry) if may_prove else "",
            reminders_url=reminders_url,
            staff_url=f"{self._settings.base_url}/staff/tenants/{tenant.id}",
            sign_up_url=f"{self._settings.base_url}/sign-up",
            contact_url=self._settings.contact_url,
            zone=self._settings.time_zone,
            now=now,
            renews=addressee.renews,
        )
        mail = compose(
            kind.write(facts, words),
            words,
            message_id=message_id_of(entry.id, self._sender),
            reference=addressee.reference,
            sender=self._sender,
            recipient=mailbox,
            contact_url=self._settings.contact_url,
            at=entry.at,
            request_id=entry.request_id,
            unsubscribe=reminders_url,
            thread=thread_id_of(addressee.sign_up_id, self._sender),
        )
        return self._with_return_path(mail, entry)

    def _lost_links(
        self, store: Store, entry: OutboxEntry, kind: KindEntry, now: datetime
    ) -> OutgoingMail:
        """The mail that lists the requests of the address that somebody typed. It goes to that
        address, and to no other one that a request has got since."""
        email = marked_address(store, entry, self._keys)
        listed = (
            request_links(
                store, email, key=self._key, settings=self._settings, asked_at=entry.at, now=now
            )
            if email
            else ()
        )
        if not listed or _is_overtaken(store, entry):
            raise NothingToSayError("overtaken")
        mailbox = mailbox_of(email)
        if mailbox is None:
            raise MailError(retry=Retry.NEVER, problem=Problem.NO_ADDRESS)
        words, newest = Words(entry.locale), listed[0]
        mail = compose(
            kind.write(
                Facts(
                    tenant=newest.tenant,
                    zone=self._settings.time_zone,
                    now=now,
                    requests=listed,
                ),
                words,
            ),
            words,
            message_id=message_id_of(entry.id, self._sender),
            reference=newest.reference,
            sender=self._sender,
            recipient=mailbox,
            contact_url=self._settings.contact_url,
            at=entry.at,
            request_id=entry.request_id,
            thread=thread_id_of(records.pending_id(newest.reference), self._sender),
        )
        return self._with_return_path(mail, entry)

    def _with_return_path(self, mail: OutgoingMail, entry: OutboxEntry) -> OutgoingMail:
        if self._return_path is None:
            return mail
        return replace(mail, return_path=self._return_path.address_for(message_key(entry.id)))

    @property
    def sender(self) -> Mailbox:
        return self._sender

    def _status_url(self, addressee: Addressee, now: datetime) -> str:
        link, reference = addressee.link, addressee.reference
        if link.is_over(now, self._settings.status_link_days):
            return ""
        secret = mailed_secret(self._key, reference, link.hashed)
        return f"{self._settings.base_url}/status/{reference}{secret}"

    def _reminders_url(self, addressee: Addressee) -> str:
        tenant = addressee.tenant
        token = reminder_token(self._key, tenant.id, addressee.contact.email)
        return f"{self._settings.base_url}/reminders/{token}"

    def _confirm_url(self, addressee: Addressee, entry: OutboxEntry) -> str:
        """It is valid from when the mail was asked for."""
        if not addressee.link.hashed:
            return ""
        token = proof_token(
            self._key,
            addressee.reference,
            addressee.contact.email,
            addressee.link.hashed,
            entry.at,
        )
        return f"{self._settings.base_url}/confirm/{token}"


def _is_overtaken(store: Store, entry: OutboxEntry) -> bool:
    """Whether a later entry says the same to the same customer: suspended, reinstated and
    suspended again. The one whose sign-up was closed towards the tenant is another customer than
    its own contact, and than the one of any other sign-up."""
    rows = store.query(
        GSI2, records.outbox_partition(entry.tenant_id), limit=_NEWEST, newest_first=True
    ).items
    return any(
        str(row.get("verb")) == entry.kind
        and records.outbox_entry_of(row).at > entry.at
        # Rows of the index do not have it.
        and _sign_up_of(store, str(row[KEY])) == entry.sign_up_id
        for row in rows
    )


def _sign_up_of(store: Store, entry_id: str) -> str | None:
    """`None`: the entry is gone."""
    try:
        return records.outbox_entry_of(store.get(entry_id)).sign_up_id
    except ItemNotFoundError:
        return None
