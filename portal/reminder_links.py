"""The token of a link that ends reminders by mail.

The store holds nothing of it. It is signed, and bound to the address that the reminder went to:
once the contact has another one, it ends nothing any more. It does not grow old, since people may
look for it in an old mail.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from itsdangerous import BadData, URLSafeSerializer

from portal.address_proofs import address_mark

_SALT = "end of reminders"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReminderLink:
    """What a token says. `mark`: of the address."""

    tenant_id: str
    mark: str
    key: str

    def is_of(self, email: str) -> bool:
        """Whether the reminder went to this address."""
        mark = address_mark(self.key, self.tenant_id, email, "")
        return bool(email) and hmac.compare_digest(self.mark, mark)


def reminder_token(key: str, tenant_id: str, email: str) -> str:
    """The same arguments make the same token, so each attempt to send a mail has the same link."""
    mark = address_mark(key, tenant_id, email, "")
    # A signature has 160 bits, so its last character is never "-" or "_", which mail programs cut.
    return str(URLSafeSerializer(key, salt=_SALT).dumps([tenant_id, mark]))


def read_reminder_token(keys: Sequence[str], token: str) -> ReminderLink | None:
    """What a token says that one of the keys signed; `None` if none has."""
    for key in keys:
        try:
            tenant_id, mark = URLSafeSerializer(key, salt=_SALT).loads(token)
        except (BadData, TypeError, ValueError):
            continue
        return ReminderLink(tenant_id=str(tenant_id), mark=str(mark), key=key)
    return None
