"""What tests of mails share: a post that keeps what it is to send, and mails of the examples."""

from portal.mail import Post
from portal.mail.message import OutgoingMail
from portal.records import OutboxEntry, outbox_entry_of
from portal.settings import Settings
from portal.stores.contract import Store
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


def read(mail: OutgoingMail) -> Received:
    return Received(mail.sender, mail.recipient, mail.content)


def entries(store: Store) -> list[OutboxEntry]:
    """Everything in the outbox, the earliest first."""
    found = [
        outbox_entry_of(item) for key, item in all_items(store).items() if key.startswith("mail-")
    ]
    return sorted(found, key=lambda entry: (entry.at, entry.id))
