"""Makes the mails that staff get of entries of the outbox."""

from datetime import datetime
from urllib.parse import quote

from portal.auth import make_link_by_mail
from portal.mail.messages import (
    Letter,
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
)
from portal.mail.staff import (
    DIGEST,
    MAX_DELAY,
    SIGN_IN,
    desk_letter,
    digest_letter,
    digest_readers,
    is_desk_mail,
    person_of_entry,
    reader_of_mark,
    sign_in_letter,
)
from portal.records import OutboxEntry
from portal.settings import Settings
from portal.stores import Store


class StaffMails:
    def __init__(self, settings: Settings, sender: Mailbox) -> None:
        self._settings = settings
        self._sender = sender

    def mail(self, store: Store, entry: OutboxEntry, now: datetime) -> OutgoingMail:
        """The mail that an entry stands for, made of what the store has now.

        Raises:
            MailError: The person has no address that mail can be sent to.
            NothingToSayError: There is nothing to send any more.
            StoreError: The store could not be read.
        """
        if entry.kind == DIGEST:
            return self._digest(store, entry, now)
        if entry.kind == SIGN_IN:
            return self._sign_in(store, entry, now)
        if is_desk_mail(entry):
            person, words, letter = desk_letter(store, self._settings, entry)
            return self._composed(entry, letter, words, person.email)
        raise MailError(retry=Retry.LATER, problem=Problem.UNEXPECTED, detail="kind")

    def _digest(self, store: Store, entry: OutboxEntry, now: datetime) -> OutgoingMail:
        settings = self._settings
        readers = digest_readers(
            store,
            settings.mail_staff,
            entry.locale,
            approvers=settings.mail_approvers,
        )
        reader = reader_of_mark(readers, entry.id.rpartition("-")[2])
        if reader is None:
            raise NothingToSayError("gone")
        words = Words(reader.locale)
        since = entry.since or entry.at
        letter = digest_letter(store, settings, words, since=since, at=entry.at, now=now)
        if letter is None:
            raise NothingToSayError("overtaken")
        day = entry.at.astimezone(settings.time_zone).date().isoformat()
        return self._composed(
            entry, letter, words, reader.address, reference=day, unsubscribe=self._unsubscribe()
        )

    def _unsubscribe(self) -> str:
        """A setting says who gets the digest, so a person has to be asked."""
        address = self._settings.contact_email
        subject = "Unsubscribe from the digest of the onboarding portal"
        return f"mailto:{quote(address, safe='@')}?subject={quote(subject)}" if address else ""

    def _sign_in(self, store: Store, entry: OutboxEntry, now: datetime) -> OutgoingMail:
        """Each attempt makes a link of its own, since the store has only hashes of earlier ones."""
        if now - entry.at > MAX_DELAY:
            raise NothingToSayError("overtaken")
        made = make_link_by_mail(store, person_of_entry(entry), now)
        if made is None:
            raise NothingToSayError("gone")
        person, token = made
        words = Words(entry.locale)
        letter = sign_in_letter(f"{self._settings.base_url}/staff/sign-in/{token}", words)
        return self._composed(entry, letter, words, person.email)

    def _composed(
        self,
        entry: OutboxEntry,
        letter: Letter,
        words: Words,
        address: str,
        *,
        reference: str = "",
        unsubscribe: str = "",
    ) -> OutgoingMail:
        mailbox = mailbox_of(address)
        if mailbox is None:
            raise MailError(retry=Retry.NEVER, problem=Problem.NO_ADDRESS)
        return compose(
            letter,
            words,
            message_id=message_id_of(entry.id, self._sender),
            reference=reference or entry.id[-8:],
            sender=self._sender,
            recipient=mailbox,
            contact_url="",
            at=entry.at,
            request_id=entry.request_id,
            unsubscribe=unsubscribe,
        )
