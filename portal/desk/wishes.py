"""What each person of staff wants to hear by mail."""

from dataclasses import replace

from portal import records
from portal.mail import mail_wishes
from portal.records import MailWishes
from portal.stores import (
    Add,
    BusyError,
    ItemExistsError,
    Replace,
    Store,
    VersionConflictError,
)

_MAX_ATTEMPTS = 8


def set_mail_wishes(store: Store, person_id: str, wishes: MailWishes) -> None:
    """Keeps what this person wants. The latest counts.

    Raises:
        BusyError: Other changes kept interfering.
    """
    for _ in range(_MAX_ATTEMPTS):
        version = mail_wishes(store, person_id).version
        item = records.mail_wishes_item(person_id, replace(wishes, version=version + 1))
        try:
            store.write([Replace(item, version) if version else Add(item)])
        except (VersionConflictError, ItemExistsError):
            continue
        return
    raise BusyError(reason="Others kept changing the same record.")
