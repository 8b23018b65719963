"""The provider's tokens of a session: one for the sign-out there, one that asks for the role again.
The store has them encrypted: the key is made of the token in the browser's cookie, of which the
store has only a hash."""

import base64
import hashlib
import secrets

_NONCE_BYTES = 12


def seal_token(text: str, session_token: str) -> str:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - takes 0.02 s

    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = AESGCM(_key(session_token)).encrypt(nonce, text.encode(), None)
    return base64.b64encode(nonce + sealed).decode("ascii")


def open_token(sealed: str, session_token: str) -> str:
    """Empty if it cannot be opened: then the portal goes on without it."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - as above

    try:
        raw = base64.b64decode(sealed, validate=True)
        nonce, text = raw[:_NONCE_BYTES], raw[_NONCE_BYTES:]
        return AESGCM(_key(session_token)).decrypt(nonce, text, None).decode()
    except (ValueError, InvalidTag):
        return ""


def _key(session_token: str) -> bytes:
    return hashlib.sha256(b"token of a provider\0" + session_token.encode()).digest()
