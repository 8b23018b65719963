"""Signed texts as itsdangerous makes and reads them, with what never changes made once.

itsdangerous makes a signer for each text and derives the key anew. Every page has three such texts.
The signatures are the same; a test compares them.
"""

import hmac
from typing import Any, cast

from itsdangerous import Signer, TimestampSigner, URLSafeSerializer, URLSafeTimedSerializer
from itsdangerous.encoding import base64_encode, want_bytes
from itsdangerous.serializer import Serializer
from itsdangerous.signer import HMACAlgorithm


class _Hmac(HMACAlgorithm):
    """HMAC with SHA-1, the default of itsdangerous, begun once for each key."""

    def __init__(self) -> None:
        super().__init__()
        self._begun: dict[bytes, hmac.HMAC] = {}

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        begun = self._begun.get(key)
        if begun is None:
            # A signer has as many keys as the settings name.
            begun = self._begun[key] = hmac.new(key, digestmod="sha1")
        mac = begun.copy()
        mac.update(value)
        return mac.digest()


class _DerivedOnce(Signer):
    """Derives the key once of each secret key."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"algorithm": _Hmac(), **options})
        self._derived = {key: super(_DerivedOnce, self).derive_key(key) for key in self.secret_keys}

    def derive_key(self, secret_key: str | bytes | None = None) -> bytes:
        return self._derived[self.secret_keys[-1] if secret_key is None else want_bytes(secret_key)]


class _TimestampDerivedOnce(_DerivedOnce, TimestampSigner):
    """The same, with the time of the signature."""


class _SignerOnce(Serializer[str]):
    """Makes its signer once."""

    _signer: Signer | None = None

    def make_signer(self, salt: str | bytes | None = None) -> Signer:
        if salt is not None and want_bytes(salt) != self.salt:
            return super().make_signer(salt)
        if self._signer is None:
            self._signer = super().make_signer()
        return self._signer


class TextSigner(_SignerOnce, URLSafeSerializer):
    """As `URLSafeSerializer`."""

    default_signer = _DerivedOnce


class RandomTextSigner(TextSigner):
    """For texts that hold little but what is random: itsdangerous compresses every text, to see
    whether it gets shorter, and these do not. It takes longer than to sign them."""

    def dump_payload(self, obj: Any) -> bytes:
        return base64_encode(self.serializer.dumps(obj, **self.serializer_kwargs))


class TimedTextSigner(_SignerOnce, URLSafeTimedSerializer):
    """As `URLSafeTimedSerializer`."""

    default_signer = _TimestampDerivedOnce

    def now(self) -> int:
        """The time of what would be signed now, in seconds."""
        return cast("TimestampSigner", self.make_signer()).get_timestamp()
