"""Texts that leave the portal and come back: form tokens, status links, cursors, `next`."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from itsdangerous import BadData, URLSafeSerializer

from portal.queries import PageCursor
from portal.timestamps import format_timestamp, parse_timestamp

FORM_LIFE = timedelta(hours=24)
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_STATUS_TOKEN = re.compile(r"([a-z0-9]{26})([A-Za-z0-9_-]{32})", re.ASCII)
#: A path of ours, without anything that a browser could read as another host.
_LOCAL_PATH = re.compile(r"/(?![/\\])[A-Za-z0-9/_.~?=&%-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class FormToken:
    """What a sign-up form carries: the reference that its tenant will have, the secret of
    the status link, and when the form was shown."""

    reference: str
    status_secret: str
    shown_at: datetime

    @property
    def status_token(self) -> str:
        return self.reference + self.status_secret


class InvalidLinkError(Exception):
    """Forged, cut off, or too old."""


class SignedLinks:
    """Signs with the first of `keys` and believes all of them."""

    def __init__(self, keys: Sequence[str]) -> None:
        oldest_first = list(reversed(keys))
        self._forms = URLSafeSerializer(oldest_first, salt="sign-up form")
        self._cursors = URLSafeSerializer(oldest_first, salt="cursor")
        self._marks = hmac.digest(keys[0].encode(), b"mark of a client secret", "sha256")

    def new_form_token(self, now: datetime) -> str:
        reference = "".join(secrets.choice(_ALPHABET) for _ in range(26))
        text = self._forms.dumps([reference, secrets.token_urlsafe(24), format_timestamp(now)])
        return str(text)

    def read_form_token(self, text: str, now: datetime) -> FormToken:
        """`InvalidLinkError`."""
        try:
            reference, status_secret, shown = self._forms.loads(text)
            shown_at = parse_timestamp(shown)
        except (BadData, TypeError, ValueError) as error:
            raise InvalidLinkError from error
        if shown_at is None or not timedelta(0) <= now - shown_at <= FORM_LIFE:
            raise InvalidLinkError
        return FormToken(reference, status_secret, shown_at)

    def secret_fingerprint(self, text: str) -> str:
        """Tells client secrets apart. Only with the key can anybody try out what it stands for."""
        return hmac.digest(self._marks, text.encode(), "sha256").hex()

    def cursor(self, place: PageCursor, of: str) -> str:
        """`of` names the list: the cursor opens no other."""
        return str(self._cursors.dumps([of, place.index_range, *(place.position or ())]))

    def read_cursor(self, text: str, of: str) -> PageCursor | None:
        """The place, or `None` (page one) for a cursor that is forged, or another list's."""
        if not text:
            return None
        try:
            listed, index_range, *position = self._cursors.loads(text)
        except BadData:
            return None
        if listed != of:
            return None
        return PageCursor(index_range, (position[0], position[1]) if position else None)


def status_hash(status_secret: str) -> str:
    """What the store keeps of a status link."""
    return hashlib.sha256(status_secret.encode()).hexdigest()


def read_status_token(token: str) -> tuple[str, str]:
    """The reference and the hash in a status link. `InvalidLinkError` if it has another shape."""
    parts = _STATUS_TOKEN.fullmatch(token)
    if not parts:
        raise InvalidLinkError
    return parts[1], status_hash(parts[2])


def same_hash(one: str, other: str) -> bool:
    """Whether two hashes are the same, in the same time for every pair."""
    return hmac.compare_digest(one, other)


def safe_next(target: str, otherwise: str) -> str:
    """`target` if it is a path inside the portal, else `otherwise`: never another site."""
    lowered = target.lower()
    if (
        _LOCAL_PATH.fullmatch(target)
        and "//" not in target
        and "%5c" not in lowered
        and "%2f" not in lowered
        and "%0" not in lowered
    ):
        return target
    return otherwise
