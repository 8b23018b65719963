"""Messages of Amazon SNS, by which SES reports what became of mails.

Everybody can post anything to the address that takes them. A message counts only if its topic is
one that the operator named, and SNS signed it. The certificate is read from SNS itself in the
topic's region, over https, and from nowhere else: no address in a message is ever followed.
"""

import base64
import binascii
import json
import re
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

Fetch = Callable[[str], bytes]

_SECONDS = 5.0
_MOST_BYTES = 64 * 1024
#: Certificates that are kept. SNS changes its own about once a year.
_MOST_CERTIFICATES = 8
#: Certificates that are asked for in a minute, whatever arrives. Strangers can name new ones.
_FETCHES_PER_MINUTE = 6
_CERTIFICATE = re.compile(
    r"https://sns\.([a-z0-9-]{1,40})\.amazonaws\.com/SimpleNotificationService-[A-Za-z0-9]{1,64}\.pem",
    re.ASCII,
)
_TOKEN = re.compile(r"[A-Za-z0-9]{1,512}", re.ASCII)
_SIGNED_BY = "sns.amazonaws.com"
#: What the signature covers, in this order.
_OF_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_OF_CONFIRMATION = (
    "Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type",
)  # fmt: skip
_SIGNED_FIELDS = {
    "Notification": _OF_NOTIFICATION,
    "SubscriptionConfirmation": _OF_CONFIRMATION,
    "UnsubscribeConfirmation": _OF_CONFIRMATION,
}


class ForgedMessageError(Exception):
    """It is no message of SNS, or none of a topic that the operator named."""


class SnsUnreachableError(Exception):
    """SNS's certificate could not be read, or a subscription not confirmed. It may work later."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SnsMessage:
    """A message that SNS signed."""

    kind: str
    id: str
    topic: str
    text: str
    token: str
    timestamp: str


class SnsMessages:
    """Reads messages of SNS. Threads may share one.

    Args:
        topics: The ARNs of the topics that count.
        fetch: Reads an address over https; raises `OSError`.
        seconds: A clock that never goes back.
    """

    def __init__(
        self,
        topics: Sequence[str],
        *,
        fetch: Fetch | None = None,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._topics, self._fetch, self._seconds = frozenset(topics), fetch or fetch_https, seconds
        self._certificates: dict[str, Certificate] = {}
        self._fetched_at: list[float] = []
        self._lock = threading.Lock()

    @property
    def is_expected(self) -> bool:
        """Whether the operator named a topic at all."""
        return bool(self._topics)

    def read(self, body: bytes, now: datetime) -> SnsMessage:
        """The message in the body of a request.

        Raises:
            ForgedMessageError: As it says.
            SnsUnreachableError: The certificate could not be read now.
        """
        fields = _fields(body)
        names = _SIGNED_FIELDS.get(fields.get("Type", ""))
        topic = fields.get("TopicArn", "")
        # The cheapest checks first: they leave strangers nothing that costs.
        if names is None or topic not in self._topics or fields.get("SignatureVersion") != "2":
            raise ForgedMessageError
        url = _CERTIFICATE.fullmatch(fields.get("SigningCertURL", ""))
        if url is None or url[1] != _region(topic):
            raise ForgedMessageError
        try:
            signature = base64.b64decode(fields.get("Signature", ""), validate=True)
            signed = "".join(
                f"{name}\n{fields[name]}\n" for name in names if name in fields
            ).encode()
        except (binascii.Error, ValueError) as error:
            raise ForgedMessageError from error
        _check(self._certificate(url[0]), signature, signed, now)
        return SnsMessage(
            kind=fields["Type"],
            id=fields.get("MessageId", ""),
            topic=topic,
            text=fields.get("Message", ""),
            token=fields.get("Token", ""),
            timestamp=fields.get("Timestamp", ""),
        )

    def confirm(self, message: SnsMessage) -> None:
        """Tell SNS that its topic may send here. The address is made of the topic's region: the one
        in the message is not used.

        Raises:
            ForgedMessageError: The token is none.
            SnsUnreachableError: SNS did not answer, or refused.
        """
        if not _TOKEN.fullmatch(message.token):
            raise ForgedMessageError
        query = urlencode(
            {"Action": "ConfirmSubscription", "TopicArn": message.topic, "Token": message.token}
        )
        try:
            self._fetch(f"https://sns.{_region(message.topic)}.amazonaws.com/?{query}")
        except OSError as error:
            raise SnsUnreachableError from error

    def _certificate(self, url: str) -> "Certificate":
        from cryptography import x509  # noqa: PLC0415 - takes 0.1 s, and few portals use SNS

        with self._lock:
            known = self._certificates.get(url)
            if known is not None:
                return known
            now = self._seconds()
            self._fetched_at = [at for at in self._fetched_at if now - at < 60]
            if len(self._fetched_at) >= _FETCHES_PER_MINUTE:
                raise SnsUnreachableError
            self._fetched_at.append(now)
        try:
            certificate = x509.load_pem_x509_certificate(self._fetch(url))
        except OSError as error:
            raise SnsUnreachableError from error
        except ValueError as error:
            raise ForgedMessageError from error
        with self._lock:
            while len(self._certificates) >= _MOST_CERTIFICATES:
                self._certificates.pop(next(iter(self._certificates)))
            self._certificates[url] = certificate
        return certificate


def _fields(body: bytes) -> dict[str, str]:
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ForgedMessageError from error
    if not isinstance(fields, dict):
        raise ForgedMessageError
    return {name: value for name, value in fields.items() if isinstance(value, str)}


def _region(topic: str) -> str:
    return topic.split(":")[3]


def _check(certificate: "Certificate", signature: bytes, signed: bytes, now: datetime) -> None:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.x509.oid import NameOID  # noqa: PLC0415

    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    is_valid = certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
    key = certificate.public_key()
    if [name.value for name in names] != [_SIGNED_BY] or not is_valid:
        raise ForgedMessageError
    if not isinstance(key, RSAPublicKey):
        raise ForgedMessageError
    try:
        key.verify(signature, signed, PKCS1v15(), SHA256())
    except InvalidSignature as error:
        raise ForgedMessageError from error


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Otherwise an answer could lead to another host."""

    def redirect_request(self, *_args: object) -> None:
        return None


def opener_without_redirects() -> urllib.request.OpenerDirector:
    """Opens an address. An answer that leads to another one is an error."""
    return urllib.request.build_opener(_NoRedirect)


def fetch_https(url: str) -> bytes:
    """What is at an address of SNS. It follows no redirect.

    Raises:
        OSError: There was no good answer in time.
    """
    if not url.startswith("https://sns."):
        raise OSError("no address of SNS")
    with opener_without_redirects().open(url, timeout=_SECONDS) as answer:
        content: bytes = answer.read(_MOST_BYTES)
    return content
