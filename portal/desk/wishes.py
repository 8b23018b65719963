"""What each person of staff wants to hear by mail."""

from dataclasses import replace

from portal import records
from portal.auth import until_done
from portal.mail import mail_wishes
from portal.records import MailWishes
from portal.stores import Add, Replace, Store


def set_mail_wishes(store: Store, person_id: str, wishes: MailWishes) -> None:
    """Keeps what this person wants. The latest counts.

    Raises:
        BusyError: The store stayed busy.
    """

    def attempt() -> None:
        version = mail_wishes(store, person_id).version
        item = records.mail_wishes_item(person_id, replace(wishes, version=version + 1))
        store.write([Replace(item, version) if version else Add(item)])

    until_done(attempt)
