"""Who changes something, and whether a request repeats the latest change."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from portal.tenants.life_cycle import Verb


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditInfo:
    """Who changes something, when, and in which request.

    Attributes:
        by: The name, for people to read.
        at: The instant of the request.
        who: The id, which tells two people of one name apart; empty if there is none.
        request_id: The id that the logs have as well; empty outside a request.
    """

    by: str
    at: datetime
    who: str = ""
    request_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """The latest change of a tenant. A request with the same `idempotency_key` repeats it."""

    verb: Verb
    by: str
    at: datetime
    who: str = ""
    idempotency_key: str = ""


def idempotency_key_of(
    verb: Verb, audit: AuditInfo, expected_version: int | None, *key_parts: object
) -> str:
    """The idempotency key of a request. It is the same if the same person asks for the same on the
    same version: a double click, or a form that is sent twice.

    The key is stored. It is a hash of the `repr` of the values, so the names of their classes and
    fields are part of it.
    """
    request = (verb.value, audit.who or audit.by, expected_version, key_parts)
    return hashlib.sha256(repr(request).encode()).hexdigest()[:16]
