"""What tests of mails share: a post that keeps what it is to send, and mails of the examples."""

from dataclasses import replace
from datetime import datetime

import html5lib

from portal.mail import KINDS, Kind, Post, typed_mark
from portal.mail.messages.message import OutgoingMail
from portal.records import OutboxEntry, new_outbox_entry, outbox_entry_of
from portal.settings import Settings
from portal.stores.contract import Store
from portal.tenants import Tenant
from tests.conftest import SECRET_KEY
from tests.examples import all_items
from tests.mail_server import Received


class Kept:
    """A way that keeps what it is given. `errors`: what it raises first, one after the other."""

    name = "kept"

    def __init__(self, *errors: Exception) -> None:
        self.mails: list[OutgoingMail] = []
        self.errors = list(errors)

    def send(self, mail: OutgoingMail, *, seconds: float) -> None:
        del seconds
        if self.errors:
            raise self.errors.pop(0)
        self.mails.append(mail)


def post_to(settings: Settings, way: Kept) -> Post:
    return Post(settings, [SECRET_KEY], way)


def new_entry(tenant: Tenant, kind: Kind, locale: str, at: datetime) -> OutboxEntry:
    """An entry of this kind, as the portal writes it."""
    entry = new_outbox_entry(tenant.id, kind.value, locale, at)
    if not KINDS[kind].for_address:
        return entry
    mark = typed_mark(SECRET_KEY, entry.id, tenant.contact.email)
    return replace(entry, mark=mark, requests=(tenant.id,))


def read(mail: OutgoingMail) -> Received:
    return Received(mail.sender, mail.recipient, mail.content)


def words_of_html(received: Received) -> str:
    body = html5lib.parse(received.text("html"), namespaceHTMLElements=False).find("body")
    assert body is not None
    return " ".join("".join(body.itertext()).split())


def entries(store: Store) -> list[OutboxEntry]:
    """Everything in the outbox, the earliest first."""
    found = [
        outbox_entry_of(item) for key, item in all_items(store).items() if key.startswith("mail-")
    ]
    return sorted(found, key=lambda entry: (entry.at, entry.id))
