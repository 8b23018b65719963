"""Tokens of programs: made by an operator, for what a scope names, until a day.

`kid.secret`: the first half finds the token, of the second one only a hash is kept, so a copy
of the store opens nothing.
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

from portal.instants import to_instant, to_text
from portal.stores.contract import (
    Add,
    BusyError,
    ChangedMeanwhileError,
    Item,
    NotThereError,
    Position,
    Replace,
    Store,
    UnavailableError,
)
from portal.stores.table import GSI2, KEY

NAME_LENGTH = 100
_ALPHABET = string.ascii_lowercase + string.digits
#: Also what tells a token from any other text.
TOKEN = re.compile(r"([a-z0-9]{12})\.([A-Za-z0-9_-]{43})", re.ASCII)
_TOKENS = "TOKENS"
#: The last use is written down no more often than this.
_NOTED_EVERY = timedelta(minutes=1)
#: Compared with where there is no token, so that this takes no other time.
_NO_HASH = hashlib.sha256(b"").hexdigest()


class Scope(StrEnum):
    """What a token may be for."""

    IMPORTS_WRITE = "imports:write"


class BadTokenError(Exception):
    """It is unknown, wrong, revoked or past its end. Nobody is told which."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """What is known of a token; never its secret."""

    kid: str
    name: str
    scopes: frozenset[str]
    created_at: datetime
    until: datetime
    last_used: datetime | None
    revoked_at: datetime | None

    def is_good(self, now: datetime) -> bool:
        return self.revoked_at is None and now <= self.until


def create(store: Store, *, name: str, scope: Scope, life: timedelta, now: datetime) -> str:
    """A new token, `kid.secret` (256 bits). Nobody can show it again."""
    kid = "".join(secrets.choice(_ALPHABET) for _ in range(12))
    secret = secrets.token_urlsafe(32)
    token_id = _id(kid)
    item: Item = {
        KEY: token_id,
        "version": 1,
        "name": name,
        "scopes": scope.value,
        "hash": _hash(secret),
        "createdAt": to_text(now),
        "until": to_text(now + life),
        GSI2.partition: _TOKENS,
        GSI2.sort: f"{to_text(now)}#{token_id}",
    }
    store.write([Add(item)])
    return f"{kid}.{secret}"


def revoke(store: Store, kid: str, now: datetime) -> Token:
    """From now on it opens nothing; again is no change. `NotThereError`."""
    while True:
        item = store.get(_id(kid))
        if "revokedAt" in item:
            return _token_of(item)
        version = int(item["version"])
        revoked = {**item, "revokedAt": to_text(now), "version": version + 1}
        # It may have been used just now.
        with suppress(ChangedMeanwhileError):
            store.write([Replace(revoked, version)])
            return _token_of(revoked)


def listed(store: Store) -> Iterator[Token]:
    """All there ever were, the newest first."""
    after: Position | None = None
    while True:
        page = store.query(GSI2, _TOKENS, after=after, newest_first=True)
        for row in page.items:
            # The index does not carry all of it.
            with suppress(NotThereError):
                yield _token_of(store.get(str(row[KEY])))
        if page.after is None:
            return
        after = page.after


def opened(store: Store, text: str, now: datetime) -> Token:
    """Whose token it is; its use is noted. `BadTokenError`."""
    parts = TOKEN.fullmatch(text)
    kid, secret = parts.groups() if parts else ("", "")
    item: Item = {}
    with suppress(NotThereError):
        # Asked for in any case: a wrong one takes as long as an unknown one.
        item = store.get(_id(kid))
    if not hmac.compare_digest(str(item.get("hash", _NO_HASH)), _hash(secret)) or not item:
        raise BadTokenError
    token = _token_of(item)
    if not parts or not token.is_good(now):
        raise BadTokenError
    if token.last_used is None or now - token.last_used > _NOTED_EVERY:
        version = int(item["version"])
        used = {**item, "lastUsed": to_text(now), "version": version + 1}
        # Another request may have noted it just now; and this is no reason to refuse one.
        with suppress(ChangedMeanwhileError, BusyError, UnavailableError):
            store.write([Replace(used, version)])
    return token


def _token_of(item: Item) -> Token:
    created, until = to_instant(str(item["createdAt"])), to_instant(str(item["until"]))
    if created is None or until is None:
        raise ValueError("a token without its times")
    return Token(
        kid=str(item[KEY]).removeprefix("token-"),
        name=str(item["name"]),
        scopes=frozenset(str(item["scopes"]).split()),
        created_at=created,
        until=until,
        last_used=to_instant(str(item.get("lastUsed", ""))),
        revoked_at=to_instant(str(item.get("revokedAt", ""))),
    )


def _id(kid: str) -> str:
    return f"token-{kid}"


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
