"""What people of staff want to hear by mail."""

from portal import records
from portal.records import MailWishes
from portal.stores import ItemNotFoundError, Store


def mail_wishes(store: Store, person_id: str) -> MailWishes:
    """What this person wants; what is usual, until they have said so."""
    try:
        return records.mail_wishes_of(store.get(records.mail_wishes_id(person_id)))
    except ItemNotFoundError:
        return MailWishes()
