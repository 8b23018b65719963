"""Tokens of programs. An operator creates one for a scope, with an end and a limit of calls an
hour.

A token is `kid.secret`. The first half finds the token; of the second one only a hash is
stored, so a copy of the store gives nobody access. Calls are counted in the store, so the
limit is the same for any number of workers.
"""

import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from portal.stores import (
    GSI2,
    KEY,
    Add,
    Item,
    ItemNotFoundError,
    Replace,
    Store,
    VersionConflictError,
    iter_query,
)
from portal.timestamps import format_timestamp, parse_timestamp

TOKEN_NAME_LENGTH = 100
_KID_ALPHABET = string.ascii_lowercase + string.digits
#: The format also distinguishes a token from any other text, for example in a URL.
TOKEN_PATTERN = re.compile(r"([a-z0-9]{12})\.([A-Za-z0-9_-]{43})", re.ASCII)
_INDEX_PARTITION = "TOKENS"
#: Enough for a script that imports 10,000 rows with each call.
CALLS_PER_HOUR = 60
_HOUR = timedelta(hours=1)
#: Compared if there is no such token, so that an unknown token takes as long as a wrong one.
_NO_HASH = hashlib.sha256(b"").hexdigest()


class Scope(StrEnum):
    """What a token may be used for."""

    IMPORTS_WRITE = "imports:write"


class InvalidTokenError(Exception):
    """The token is unknown, wrong, revoked or expired. The caller is not told which."""


class RateLimitError(Exception):
    """All calls of this hour are used up."""

    def __init__(self, allowance: "RateLimitStatus") -> None:
        super().__init__(f"All {allowance.per_hour} calls of this hour are used up.")
        self.allowance = allowance


@dataclass(frozen=True, kw_only=True, slots=True)
class RateLimitStatus:
    """How many calls a token has left, and when it has all of them again."""

    per_hour: int
    left: int
    again_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """A token as it is stored, without the hash of its secret."""

    kid: str
    name: str
    scopes: frozenset[str]
    created_at: datetime
    until: datetime
    per_hour: int
    last_used: datetime | None
    revoked_at: datetime | None

    def is_good(self, now: datetime) -> bool:
        return self.revoked_at is None and now <= self.until


def create_api_token(
    store: Store,
    *,
    name: str,
    scope: Scope,
    life: timedelta,
    now: datetime,
    per_hour: int = CALLS_PER_HOUR,
) -> str:
    """A new token, `kid.secret` (256 bits). It cannot be shown again."""
    kid = "".join(secrets.choice(_KID_ALPHABET) for _ in range(12))
    secret = secrets.token_urlsafe(32)
    item_id = _item_id(kid)
    item: Item = {
        KEY: item_id,
        "version": 1,
        "name": name,
        "scopes": scope.value,
        "hash": _hash(secret),
        "createdAt": format_timestamp(now),
        "until": format_timestamp(now + life),
        "perHour": per_hour,
        GSI2.partition: _INDEX_PARTITION,
        GSI2.sort: f"{format_timestamp(now)}#{item_id}",
    }
    store.write([Add(item)])
    return f"{kid}.{secret}"


def revoke_api_token(store: Store, kid: str, now: datetime) -> Token:
    """End the token at once. Revoking it twice changes nothing.

    Raises:
        ItemNotFoundError: There is no such token.
    """
    while True:
        item = store.get(_item_id(kid))
        if "revokedAt" in item:
            return _token_of(item)
        version = int(item["version"])
        revoked = {**item, "revokedAt": format_timestamp(now), "version": version + 1}
        # A call that uses the token may have changed the item just now.
        with suppress(VersionConflictError):
            store.write([Replace(revoked, version)])
            return _token_of(revoked)


def list_api_tokens(store: Store) -> Iterator[Token]:
    """All tokens, also expired and revoked ones, newest first."""
    for row in iter_query(store, GSI2, _INDEX_PARTITION, newest_first=True):
        # The index holds only some of the attributes, and it may lag behind.
        with suppress(ItemNotFoundError):
            yield _token_of(store.get(str(row[KEY])))


def verify_token(store: Store, text: str, now: datetime) -> Token:
    """The token that this text is.

    Raises:
        InvalidTokenError: The token is unknown, wrong, revoked or expired.
    """
    parts = TOKEN_PATTERN.fullmatch(text)
    kid, secret = parts.groups() if parts else ("", "")
    item: Item = {}
    with suppress(ItemNotFoundError):
        # The store is asked in any case: a wrong token takes as long as an unknown one.
        item = store.get(_item_id(kid))
    if not hmac.compare_digest(str(item.get("hash", _NO_HASH)), _hash(secret)) or not item:
        raise InvalidTokenError
    token = _token_of(item)
    if not parts or not token.is_good(now):
        raise InvalidTokenError
    return token


def count_call(store: Store, kid: str, now: datetime) -> RateLimitStatus:
    """Count one more call in the hour that began with its first call.

    Raises:
        RateLimitError: All calls of this hour are used up.
        ItemNotFoundError: There is no such token.
        StoreError: The call cannot be counted, so it must not be let in.
    """
    # A version conflict means that another call was counted in between. So the loop ends at
    # the latest when the limit is reached.
    while True:
        item = store.get(_item_id(kid))
        hour_start, calls = (
            parse_timestamp(str(item.get("hourFrom", ""))),
            int(item.get("calls", 0)),
        )
        # The second condition: a clock that was set back must not block a token for longer
        # than an hour.
        if hour_start is None or not hour_start <= now < hour_start + _HOUR:
            hour_start, calls = now, 0
        per_hour = _per_hour(item)
        status = RateLimitStatus(
            per_hour=per_hour, left=max(0, per_hour - calls - 1), again_at=hour_start + _HOUR
        )
        if calls >= per_hour:
            raise RateLimitError(status)
        version = int(item["version"])
        counted = {
            **item,
            "lastUsed": format_timestamp(now),
            "hourFrom": format_timestamp(hour_start),
            "calls": calls + 1,
            "version": version + 1,
        }
        with suppress(VersionConflictError):
            store.write([Replace(counted, version)])
            return status


def _per_hour(item: Item) -> int:
    return int(item.get("perHour", CALLS_PER_HOUR))


def _token_of(item: Item) -> Token:
    created, until = parse_timestamp(str(item["createdAt"])), parse_timestamp(str(item["until"]))
    if created is None or until is None:
        raise ValueError("The stored token has no creation time or no end.")
    return Token(
        kid=str(item[KEY]).removeprefix("token-"),
        name=str(item["name"]),
        scopes=frozenset(str(item["scopes"]).split()),
        created_at=created,
        until=until,
        per_hour=_per_hour(item),
        last_used=parse_timestamp(str(item.get("lastUsed", ""))),
        revoked_at=parse_timestamp(str(item.get("revokedAt", ""))),
    )


def _item_id(kid: str) -> str:
    return f"token-{kid}"


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
