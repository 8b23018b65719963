"""Signs requests of one kind as botocore does, at a part of its cost: Signature Version 4 of a
`POST` to `/` without a query.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple, Protocol

_ALGORITHM = "AWS4-HMAC-SHA256"


class Keys(Protocol):
    """Credentials as botocore freezes them."""

    @property
    def access_key(self) -> str: ...
    @property
    def secret_key(self) -> str: ...
    @property
    def token(self) -> str | None: ...


class Scope(NamedTuple):
    """Where a signature is valid."""

    region: str
    service: str


def signed(
    headers: Mapping[str, str], body: bytes, *, keys: Keys, scope: Scope, now: datetime
) -> dict[str, str]:
    """The headers with the date, the session's token and the signature.

    Args:
        headers: `Host` among them, and each name once. No value has spaces at an end, or two in a
            row.
        now: In UTC.
    """
    time = now.strftime("%Y%m%dT%H%M%SZ")
    complete = {**headers, "X-Amz-Date": time}
    if keys.token:
        complete["X-Amz-Security-Token"] = keys.token
    covered = sorted(
        (lower, value)
        for lower, value in ((name.lower(), value) for name, value in complete.items())
        # All that has to be signed. A proxy may change others on the way.
        if lower.startswith("x-amz-") or lower in ("host", "content-type")
    )
    names = ";".join([name for name, _ in covered])
    lines = "".join([f"{name}:{value}\n" for name, value in covered])
    request = f"POST\n/\n\n{lines}\n{names}\n{_sha256(body)}"
    day = time[:8]
    place = f"{day}/{scope.region}/{scope.service}/aws4_request"
    text = f"{_ALGORITHM}\n{time}\n{place}\n{_sha256(request.encode())}"
    key = _signing_key(keys.secret_key, day, scope)
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    complete["Authorization"] = (
        f"{_ALGORITHM} Credential={keys.access_key}/{place}, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    return complete


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@lru_cache(4)
def _signing_key(secret_key: str, day: str, scope: Scope) -> bytes:
    """The same for a whole day, as long as the credentials are."""
    key = f"AWS4{secret_key}".encode()
    for part in (day, scope.region, scope.service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
