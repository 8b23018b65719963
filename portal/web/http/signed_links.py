"""Signed texts that leave the portal and come back: form tokens, status links, cursors; and
the check of `next`, the address to go to after sign-in."""

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from itsdangerous import BadData

from portal.address_proofs import PROOF_LIFE, AddressProof, address_mark, read_proof_token
from portal.auth import new_link_secret
from portal.queries import PageCursor
from portal.random_texts import as_digits, random_text
from portal.reminder_links import ReminderLink, read_reminder_token
from portal.status_links import mailed_secret
from portal.timestamps import format_timestamp, parse_timestamp
from portal.web.http.signers import RandomTextSigner, TextSigner

FORM_LIFE = timedelta(hours=24)
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_REFERENCE_LENGTH = 26
#: Earlier links also hold "-" and "_".
_STATUS_TOKEN = re.compile(r"([a-z0-9]{26})([A-Za-z0-9_-]{32})", re.ASCII)
#: A path inside the portal, without anything that a browser could take for another host.
_LOCAL_PATH = re.compile(r"/(?![/\\])[A-Za-z0-9/_.~%-]*", re.ASCII)
#: A query cannot lead to another host. These are the characters that browsers leave as they are.
_QUERY = re.compile(r"[A-Za-z0-9/_.~?=&%+*'!(),-]*", re.ASCII)
_MAX_NEXT_LENGTH = 2000


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


class ExpiredLinkError(InvalidLinkError):
    """The text is ours, and too old."""


class SignedLinks:
    """Signs with the first of `keys`, and accepts a signature by any of them.

    Attributes:
        proof_life: So long a link proves an address.
    """

    proof_life = PROOF_LIFE

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = tuple(keys)
        oldest_first = list(reversed(keys))
        self._forms = RandomTextSigner(oldest_first, salt="sign-up form")
        self._presses = TextSigner(oldest_first, salt="press that proves an address")
        self._cursors = TextSigner(oldest_first, salt="cursor")
        self._reference_key = hmac.digest(keys[0].encode(), b"references of sign-ups", "sha256")
        self._follow_up_keys = [
            hmac.digest(key.encode(), b"status link of a follow-up", "sha256") for key in keys
        ]
        self._fingerprint_key = hmac.digest(keys[0].encode(), b"mark of a client secret", "sha256")

    def opens_status_page(self, reference: str, given_hash: str, stored_hash: str) -> bool:
        """Whether a status link has this secret: the customer's own, or the one in a mail. In
        constant time."""
        mailed = [status_hash(mailed_secret(key, reference, stored_hash)) for key in self._keys]
        matches = [same_hash(given_hash, each) for each in (stored_hash, *mailed)]
        # Without a hash there is no link: it was erased.
        return bool(stored_hash) and any(matches)

    def new_form_token(self, now: datetime) -> str:
        reference = random_text(_ALPHABET, _REFERENCE_LENGTH)
        text = self._forms.dumps([reference, new_link_secret(), format_timestamp(now)])
        return str(text)

    def read_form_token(self, text: str, now: datetime) -> FormToken:
        """The parts of a form token.

        Raises:
            ExpiredLinkError: It is older than `FORM_LIFE`.
            InvalidLinkError: It is forged or cut off.
        """
        try:
            reference, status_secret, timestamp = self._forms.loads(text)
            shown_at = parse_timestamp(timestamp)
        except (BadData, TypeError, ValueError) as error:
            raise InvalidLinkError from error
        if shown_at is None or now < shown_at:
            raise InvalidLinkError
        if now - shown_at > FORM_LIFE:
            raise ExpiredLinkError
        return FormToken(reference, status_secret, shown_at)

    def reference_of(self, email: str, tenant_id: str, number: int) -> str:
        """The reference of a sign-up that has no form token: always the same for the same address
        and ids, and nobody else can work it out."""
        message = "\0".join((email.casefold(), tenant_id, str(number))).encode()
        whole = int.from_bytes(hmac.digest(self._reference_key, message, "sha256"))
        return as_digits(whole, _ALPHABET, _REFERENCE_LENGTH)

    def follow_up_secret(self, link_hash: str, reference: str) -> str:
        """The secret of the status link of a request that follows another one.

        It is made of the other one's link, so that whoever has that one can be led to the new page,
        though the store holds only hashes.
        """
        return self._follow_up_secrets(link_hash, reference)[0]

    def follow_up_token(self, link_hash: str, reference: str, new_link_hash: str) -> str:
        """The token of that status link; empty if the link was not made of the other one, has
        ended, or was made with a key that is gone."""
        for secret in self._follow_up_secrets(link_hash, reference):
            if same_hash(status_hash(secret), new_link_hash):
                return reference + secret
        return ""

    def _follow_up_secrets(self, link_hash: str, reference: str) -> list[str]:
        message = f"{link_hash}\0{reference}".encode()
        return [hmac.digest(key, message, "sha256").hex()[:32] for key in self._follow_up_keys]

    def mailed_status_token(self, reference: str, stored_hash: str) -> str:
        """The end of the status link that mails carry."""
        return reference + mailed_secret(self._keys[0], reference, stored_hash)

    def read_proof(self, token: str) -> AddressProof | None:
        """What a link says that proves an address; `None` if it is forged or cut off."""
        return read_proof_token(self._keys, token)

    def read_reminder(self, token: str) -> ReminderLink | None:
        """What a link says that ends reminders; `None` if it is forged or cut off."""
        return read_reminder_token(self._keys, token)

    def address_mark(self, reference: str, email: str, stored_hash: str) -> str:
        """Stands for an address in a session."""
        return address_mark(self._keys[0], reference, email, stored_hash)

    def new_press_token(self, proof_token: str, now: datetime) -> str:
        """Hidden in the form behind that link: whoever sends it has opened the page. It needs no
        cookie."""
        return str(self._presses.dumps([proof_token, format_timestamp(now)]))

    def is_press_token(self, text: str, proof_token: str, now: datetime) -> bool:
        """Whether the form of this link has this token, and is not too old."""
        try:
            of, timestamp = self._presses.loads(text)
            shown_at = parse_timestamp(timestamp)
        except (BadData, TypeError, ValueError):
            return False
        return (
            of == proof_token and shown_at is not None and shown_at <= now <= shown_at + FORM_LIFE
        )

    def secret_fingerprint(self, text: str) -> str:
        """A keyed hash, to see whether two client secrets are the same. Nobody can try out secrets
        against it without the key."""
        return hmac.digest(self._fingerprint_key, text.encode(), "sha256").hex()

    def cursor(self, cursor: PageCursor, list_name: str) -> str:
        """The cursor as signed text. It is valid for the list of this name only."""
        position = cursor.position or ()
        # A signature has 160 bits, so its last character is never "-" or "_", which mail programs
        # cut from the end of a link.
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


def new_status_hash() -> str:
    """The hash of a secret that nobody knows: the page opens by the link that mails carry."""
    return status_hash(new_link_secret())


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


def safe_next(target: str, default: str, root: str = "") -> str:
    """`target` if it is an address inside the portal, path and query, else `default`: never another
    site. Too long a one counts as none, since a cookie holds it until somebody signs in.

    Args:
        root: The path below which the portal is: the rest of the host is another site.
    """
    path, _, query = target.partition("?")
    lowered = path.lower()
    if (
        _is_below(lowered, root.lower())
        and len(target) <= _MAX_NEXT_LENGTH
        and _LOCAL_PATH.fullmatch(path)
        and _QUERY.fullmatch(query)
        and "//" not in target
        and not any(code in lowered for code in ("%5c", "%2f", "%0"))
    ):
        return target
    return default


def _is_below(path: str, root: str) -> bool:
    # A browser takes `/..` out of an address, and one directory above the portal with it.
    leads_up = root and ".." in path.replace("%2e", ".").split("/")
    return path.startswith(f"{root}/") and not leads_up
