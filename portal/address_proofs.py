"""The token of a link that proves an email address: whoever has it got the mail.

The store holds nothing of it. It is signed, and it is bound to the address and to the status link
of the sign-up: when one of them is replaced or erased, the token proves nothing any more. It holds
no address, only a keyed hash of one.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from itsdangerous import BadData, URLSafeSerializer

from portal.timestamps import format_timestamp, parse_timestamp

#: So long a link proves the address.
PROOF_LIFE = timedelta(days=7)
_SALT = "proof of address"


@dataclass(frozen=True, kw_only=True, slots=True)
class AddressProof:
    """What a token says. `mark`: of the address and the status link."""

    reference: str
    mark: str
    made_at: datetime
    key: str

    def is_of(self, email: str, stored_hash: str) -> bool:
        """Whether it is about this address and this status link."""
        mark = address_mark(self.key, self.reference, email, stored_hash)
        return bool(stored_hash and email) and hmac.compare_digest(self.mark, mark)

    def is_of_ended(self, email: str, ended_link: str) -> bool:
        """The same of a link that the customer had ended when the token was made, and has not
        ended once more since."""
        return self.is_of(email, ended_mark(ended_link))

    def is_over(self, now: datetime) -> bool:
        return not self.made_at <= now <= self.made_at + PROOF_LIFE


def proof_token(key: str, reference: str, email: str, stored_hash: str, made_at: datetime) -> str:
    """The token of a sign-up. The same arguments make the same token, so each attempt to send a
    mail has the same link."""
    mark = address_mark(key, reference, email, stored_hash)
    # A signature has 160 bits, so its last character is never "-" or "_", which mail programs cut.
    text = URLSafeSerializer(key, salt=_SALT).dumps([reference, mark, format_timestamp(made_at)])
    return str(text)


def read_proof_token(keys: Sequence[str], token: str) -> AddressProof | None:
    """What a token says that one of the keys signed; `None` if none has."""
    for key in keys:
        try:
            reference, mark, timestamp = URLSafeSerializer(key, salt=_SALT).loads(token)
            made_at = parse_timestamp(timestamp)
        except (BadData, TypeError, ValueError):
            continue
        if made_at is not None:
            return AddressProof(reference=reference, mark=mark, made_at=made_at, key=key)
    return None


def ended_mark(ended_link: str) -> str:
    """What stands in a token for a status link that the customer has ended: whoever has that token,
    and proved the address before, can get a new one. No hash looks like it.

    Args:
        ended_link: As in `Tenant`. Empty if an earlier version ended it.
    """
    return f"ended {ended_link}"


def address_mark(key: str, reference: str, email: str, stored_hash: str) -> str:
    """A keyed hash: nobody can try out addresses against it."""
    own_key = hmac.digest(key.encode(), b"mark of an address", "sha256")
    text = f"{reference}\0{stored_hash}\0{email.lower()}"
    return hmac.digest(own_key, text.encode(), "sha256").hex()[:32]
