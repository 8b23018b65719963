"""Messages of SNS, signed by a certificate that tests make."""

import base64
import json
from datetime import datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.conftest import START

TOPIC = "arn:aws:sns:eu-central-1:111122223333:bounces"
HOST = "https://sns.eu-central-1.amazonaws.com"
CERTIFICATE = f"{HOST}/SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.pem"
_FIELDS = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        "Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type",
    ),
}  # fmt: skip


@cache
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def certificate(
    name: str = "sns.amazonaws.com", until: datetime = START + timedelta(days=300)
) -> bytes:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key().public_key())
        .serial_number(1)
        .not_valid_before(START - timedelta(days=100))
        .not_valid_after(until)
        .sign(key(), hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )


def sns_message(
    kind: str = "Notification", *, signed: bool = True, **changes: str
) -> dict[str, str]:
    """A message as SNS posts it, signed after `changes` or, if not `signed`, before them."""
    fields = {
        "Type": kind,
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Message": "{}",
        "Timestamp": "2026-11-23T10:00:00.000Z",
        "SignatureVersion": "2",
        "SigningCertURL": CERTIFICATE,
    }
    if kind == "SubscriptionConfirmation":
        fields |= {"Token": "abc123", "SubscribeURL": "https://evil.example/?Action=Confirm"}
    if signed:
        fields |= changes
    text = "".join(f"{name}\n{fields[name]}\n" for name in _FIELDS[kind] if name in fields)
    signature = key().sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    fields = {"Signature": base64.b64encode(signature).decode(), **fields}
    return fields if signed else fields | changes


def body(fields: object) -> bytes:
    return json.dumps(fields).encode()


class Sns:
    """What `fetch` answers, and which addresses it was asked for."""

    def __init__(self, *answers: bytes | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        answer = self.answers.pop(0) if self.answers else certificate()
        if isinstance(answer, Exception):
            raise answer
        return answer


def bounce_report(
    message_id: str, *, kind: str = "Permanent", sub: str = "General", status: str = "5.1.1"
) -> str:
    return json.dumps(
        {
            "notificationType": "Bounce",
            "bounce": {
                "feedbackId": "0100017",
                "bounceType": kind,
                "bounceSubType": sub,
                "bouncedRecipients": [
                    {
                        "emailAddress": "kim@meyer.example",
                        "action": "failed",
                        "status": status,
                        "diagnosticCode": "smtp; 550 5.1.1 <kim@meyer.example> unknown",
                    }
                ],
            },
            "mail": {
                "messageId": "0100-of-ses",
                "destination": ["kim@meyer.example"],
                "headersTruncated": False,
                "headers": [{"name": "Message-ID", "value": message_id}],
                "commonHeaders": {"messageId": message_id},
            },
        }
    )
