"""The address to which reports about one mail come: it names the mail, and is signed, so that
nobody can report on a mail that they have not seen."""

import base64
import hmac
import re
from collections.abc import Sequence

_KEY_BYTES, _SIGNATURE_BYTES = 16, 10
#: Mail servers may change the case of letters.
_MARK = r"\+([a-z2-7]{26})-([a-z2-7]{16})@"


class ReturnPath:
    """Makes such addresses, and finds them again.

    Args:
        address: The address of the mailbox; each mail adds `+` and its key to it.
        keys: The signing keys, the newest first. It signs; signatures of all are valid.
    """

    def __init__(self, address: str, keys: Sequence[str]) -> None:
        self._local, _, self._domain = address.partition("@")
        self._keys = [hmac.digest(key.encode(), b"return path of a mail", "sha256") for key in keys]
        pattern = f"{re.escape(self._local)}{_MARK}{re.escape(self._domain)}"
        self._pattern = re.compile(pattern, re.ASCII | re.IGNORECASE)

    def address_for(self, key: str) -> str:
        """The address for the mail with this key (`records.outbox_key`)."""
        named = bytes.fromhex(key)
        signature = _text(_signature(self._keys[0], named))
        return f"{self._local}+{_text(named)}-{signature}@{self._domain}"

    def key_in(self, text: str) -> str | None:
        """The key of the first address of ours in a text; `None`: there is none, or it is
        forged."""
        for named_text, signature_text in self._pattern.findall(text):
            named, signature = _bytes(named_text), _bytes(signature_text)
            valid = [hmac.compare_digest(signature, _signature(key, named)) for key in self._keys]
            if any(valid):
                return named.hex()
        return None


def _signature(key: bytes, named: bytes) -> bytes:
    return hmac.digest(key, named, "sha256")[:_SIGNATURE_BYTES]


def _text(value: bytes) -> str:
    return base64.b32encode(value).decode("ascii").rstrip("=").lower()


def _bytes(text: str) -> bytes:
    return base64.b32decode(text.upper() + "=" * (-len(text) % 8))[:_KEY_BYTES]
