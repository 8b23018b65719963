"""Tokens of programs. An operator or an admin creates one for some scopes, with an end and a limit
of calls an hour.

A token is `kid.secret`. The first half finds the token; of the second one only a hash is
stored, so a copy of the store gives nobody access.
"""

import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from portal.auth.security_log import OPERATOR, SecurityAct, Source, log_act, security_event
from portal.auth.until_done import until_done
from portal.stores import (
    GSI2,
    KEY,
    Add,
    Cursor,
    Item,
    ItemNotFoundError,
    Replace,
    Store,
    iter_query,
)
from portal.timestamps import format_timestamp, parse_timestamp

TOKEN_NAME_LENGTH = 100
_KID_ALPHABET = string.ascii_lowercase + string.digits
#: The format also distinguishes a token from any other text, for example in a URL.
TOKEN_PATTERN = re.compile(r"([a-z0-9]{12})\.([A-Za-z0-9_-]{43})", re.ASCII)
#: The part before the dot, which is no secret.
TOKEN_ID = r"[a-z0-9]{12}"  # noqa: S105 - a pattern, not a token
_INDEX_PARTITION = "TOKENS"
#: Of a token that only imports: each call brings up to 10,000 rows. Also of tokens that were made
#: before they had a limit.
IMPORTS_PER_HOUR = 60
#: Of every other token. A program that reads 100,000 tenants in pages of 100 needs 1,000 calls, and
#: one that reads and changes 2,000 of them needs 4,000 more.
CALLS_PER_HOUR = 5_000
MAX_CALLS_PER_HOUR = 100_000
DEFAULT_TOKEN_DAYS = 90
MAX_TOKEN_DAYS = 3_650
#: Compared if there is no such token, so that an unknown token takes as long as a wrong one.
_NO_HASH = hashlib.sha256(b"").hexdigest()


class Scope(StrEnum):
    """What a token may be used for. None of them includes another one."""

    TENANTS_READ = "tenants:read"
    TENANTS_WRITE = "tenants:write"
    IMPORTS_WRITE = "imports:write"


class InvalidTokenError(Exception):
    """The token is unknown, wrong, revoked or expired. The caller is not told which."""


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


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenPage:
    """Some of all tokens, and where the next ones begin. `after`: None if these are the last."""

    tokens: list[Token]
    after: Cursor | None


def calls_per_hour(scopes: Collection[Scope]) -> int:
    """The calls that a token with these scopes has in an hour, unless somebody says otherwise."""
    return IMPORTS_PER_HOUR if set(scopes) == {Scope.IMPORTS_WRITE} else CALLS_PER_HOUR


def new_token_id() -> str:
    """The first half of a token. Two of them are never the same."""
    return "".join(secrets.choice(_KID_ALPHABET) for _ in range(12))


def create_api_token(
    store: Store,
    *,
    name: str,
    scopes: Collection[Scope],
    life: timedelta,
    now: datetime,
    per_hour: int | None = None,
    source: Source = OPERATOR,
    kid: str = "",
) -> str:
    """A new token, `kid.secret` (256 bits). It cannot be shown again.

    Args:
        per_hour: The calls that it has in an hour; None: as many as tokens with its scopes have.
        source: Who creates it.
        kid: Its first half, if the caller has one already: no second token has the same.

    Raises:
        ItemExistsError: There is a token with this `kid`.
        ValueError: It has no scope.
    """
    if not scopes:
        raise ValueError("A token without a scope opens nothing.")
    kid = kid or new_token_id()
    secret = secrets.token_urlsafe(32)
    item_id = token_item_id(kid)
    item: Item = {
        KEY: item_id,
        "version": 1,
        "name": name,
        "scopes": " ".join(sorted({scope.value for scope in scopes})),
        "hash": token_hash(secret),
        "createdAt": format_timestamp(now),
        "until": format_timestamp(now + life),
        "perHour": calls_per_hour(scopes) if per_hour is None else per_hour,
        GSI2.partition: _INDEX_PARTITION,
        GSI2.sort: f"{format_timestamp(now)}#{item_id}",
    }
    about = f"{name} ({kid})"
    store.write([Add(item), security_event(SecurityAct.TOKEN_CREATED, source, now, about=about)])
    log_act(SecurityAct.TOKEN_CREATED, source, about=item_id)
    return f"{kid}.{secret}"


def revoke_api_token(store: Store, kid: str, now: datetime, source: Source = OPERATOR) -> Token:
    """End the token at once. Revoking it twice changes nothing.

    Raises:
        ItemNotFoundError: There is no such token.
        BusyError: The store stayed busy.
    """
    return until_done(lambda: _revoke(store, kid, now, source))


def _revoke(store: Store, kid: str, now: datetime, source: Source) -> Token:
    item = store.get(token_item_id(kid))
    if "revokedAt" in item:
        return _token_of(item)
    version = int(item["version"])
    revoked = {**item, "revokedAt": format_timestamp(now), "version": version + 1}
    token = _token_of(revoked)
    about = f"{token.name} ({kid})"
    event = security_event(SecurityAct.TOKEN_REVOKED, source, now, about=about)
    store.write([Replace(revoked, version), event])
    log_act(SecurityAct.TOKEN_REVOKED, source, about=token_item_id(kid))
    return token


def find_api_token(store: Store, kid: str) -> Token:
    """The token with this first half.

    Raises:
        ItemNotFoundError: There is no such token.
    """
    return _token_of(store.get(token_item_id(kid)))


def api_token_page(store: Store, *, after: Cursor | None = None, limit: int = 25) -> TokenPage:
    """A page of all tokens, also expired and revoked ones, newest first."""
    page = store.query(GSI2, _INDEX_PARTITION, after=after, limit=limit, newest_first=True)
    tokens = []
    for row in page.items:
        # The index holds only some of the attributes, and it may lag behind.
        with suppress(ItemNotFoundError):
            tokens.append(_token_of(store.get(str(row[KEY]))))
    return TokenPage(tokens=tokens, after=page.after)


def list_api_tokens(store: Store) -> Iterator[Token]:
    """All tokens, also expired and revoked ones, newest first."""
    for row in iter_query(store, GSI2, _INDEX_PARTITION, newest_first=True):
        # The index holds only some of the attributes, and it may lag behind.
        with suppress(ItemNotFoundError):
            yield _token_of(store.get(str(row[KEY])))


def token_ids(store: Store) -> Iterator[str]:
    """The first halves of all tokens. The index may lag behind for a moment."""
    for row in iter_query(store, GSI2, _INDEX_PARTITION):
        yield str(row[KEY]).removeprefix("token-")


def stored_token(store: Store, kid: str) -> tuple[Token, str]:
    """The token with this first half, and the hash of its second half.

    Raises:
        ItemNotFoundError: There is no such token.
    """
    item = store.get(token_item_id(kid))
    return _token_of(item), str(item["hash"])


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
        item = store.get(token_item_id(kid))
    if not hmac.compare_digest(str(item.get("hash", _NO_HASH)), token_hash(secret)) or not item:
        raise InvalidTokenError
    token = _token_of(item)
    if not parts or not token.is_good(now):
        raise InvalidTokenError
    return token


def calls_of_item(item: Item) -> int:
    """The calls that this token has in an hour."""
    return int(item.get("perHour", IMPORTS_PER_HOUR))


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
        per_hour=calls_of_item(item),
        last_used=parse_timestamp(str(item.get("lastUsed", ""))),
        revoked_at=parse_timestamp(str(item.get("revokedAt", ""))),
    )


def token_item_id(kid: str) -> str:
    """The id of the item of a token."""
    return f"token-{kid}"


def token_hash(secret: str) -> str:
    """What is stored of the second half. It never changes."""
    return hashlib.sha256(secret.encode()).hexdigest()
