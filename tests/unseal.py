"""Opens what the key file sealed, as another program would that knows only the documentation.

The portal itself cannot.
"""

import base64

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def unpadded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def padded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def opened(sealed: str, keys: dict[str, str], tenant_id: str) -> str:
    version, kind, key_id, body = sealed.split(".")
    assert (version, kind) == ("v1", "loc")
    raw = padded(body)
    context = f'{{"purpose":"clientSecret","tenantId":"{tenant_id}"}}'.encode()
    return AESGCM(padded(keys[key_id])).decrypt(raw[:12], raw[12:], context).decode()
