"""Signed texts that leave the portal and come back: form tokens, status links, cursors; and
the check of `next`, the address to go to after sign-in."""

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
#: A path inside the portal, without anything that a browser could take for another host.
_LOCAL_PATH = re.compile(r"/(?![/\\])[A-Za-z0-9/_.~?=&%-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class FormToken:
    """Hidden in a sign-up form: the reference that the new tenant gets, the secret of its status
    link, and when the form was shown."""

    reference: str
    status_secret: str
    shown_at: datetime

    @property
    def status_token(self) -> str:
        return self.reference + self.status_secret


class InvalidLinkError(Exception):
    """The text is forged, cut off or too old."""


class SignedLinks:
    """Signs with the first of `keys`, and accepts a signature by any of them."""

    def __init__(self, keys: Sequence[str]) -> None:
        oldest_first = list(reversed(keys))
        self._forms = URLSafeSerializer(oldest_first, salt="sign-up form")
        self._cursors = URLSafeSerializer(oldest_first, salt="cursor")
        self._fingerprint_key = hmac.digest(keys[0].encode(), b"mark of a client secret", "sha256")

    def new_form_token(self, now: datetime) -> str:
        reference = "".join(secrets.choice(_ALPHABET) for _ in range(26))
        text = self._forms.dumps([reference, secrets.token_urlsafe(24), format_timestamp(now)])
        return str(text)

    def read_form_token(self, text: str, now: datetime) -> FormToken:
        """The parts of a form token.

        Raises:
            InvalidLinkError: It is forged, or older than `FORM_LIFE`.
        """
        try:
            reference, status_secret, timestamp = self._forms.loads(text)
            shown_at = parse_timestamp(timestamp)
        except (BadData, TypeError, ValueError) as error:
            raise InvalidLinkError from error
        if shown_at is None or not timedelta(0) <= now - shown_at <= FORM_LIFE:
            raise InvalidLinkError
        return FormToken(reference, status_secret, shown_at)

    def secret_fingerprint(self, text: str) -> str:
        """A keyed hash, to see whether two client secrets are the same. Nobody can try out secrets
        against it without the key."""
        return hmac.digest(self._fingerprint_key, text.encode(), "sha256").hex()

    def cursor(self, cursor: PageCursor, list_name: str) -> str:
        """The cursor as signed text. It is valid for the list of this name only."""
        position = cursor.position or ()
        return str(self._cursors.dumps([list_name, cursor.index_range, *position]))

    def read_cursor(self, text: str, list_name: str) -> PageCursor | None:
        """The cursor; None, which means page one, if it is forged or belongs to another list."""
        if not text:
            return None
        try:
            signed_list_name, index_range, *position = self._cursors.loads(text)
        except BadData:
            return None
        if signed_list_name != list_name:
            return None
        return PageCursor(index_range, (position[0], position[1]) if position else None)


def status_hash(status_secret: str) -> str:
    """The hash of a status link's secret; the store holds only this."""
    return hashlib.sha256(status_secret.encode()).hexdigest()


def read_status_token(token: str) -> tuple[str, str]:
    """The reference and the hash of the secret in a status link.

    Raises:
        InvalidLinkError: The text does not look like the end of a status link.
    """
    parts = _STATUS_TOKEN.fullmatch(token)
    if not parts:
        raise InvalidLinkError
    return parts[1], status_hash(parts[2])


def same_hash(a: str, b: str) -> bool:
    """Compare two hashes in constant time."""
    return hmac.compare_digest(a, b)


def safe_next(target: str, default: str) -> str:
    """`target` if it is a path inside the portal, else `default`: never another site."""
    lowered = target.lower()
    if (
        _LOCAL_PATH.fullmatch(target)
        and "//" not in target
        and "%5c" not in lowered
        and "%2f" not in lowered
        and "%0" not in lowered
    ):
        return target
    return default
