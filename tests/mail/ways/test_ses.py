"""Amazon SES: what it is given, and what its errors mean."""

import re
import ssl
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from portal.mail import Post
from portal.mail.messages.addresses import Mailbox
from portal.mail.messages.errors import MailError, Problem, Retry
from portal.mail.messages.letter import Letter
from portal.mail.messages.message import OutgoingMail, compose, message_id_of
from portal.mail.messages.words import Words
from portal.mail.ways.ses import AmazonSes, ses_client_maker
from portal.outbox import Delivery, Schedule
from portal.records import DeliveryState
from portal.settings import Settings
from portal.stores.contract import Store
from tests.conftest import SECRET_KEY, START, Clock
from tests.examples import sign_up
from tests.mail.letters_and_facts import entries

SENDER = Mailbox(local="no-reply", domain="portal.example.com")
REGION = "eu-central-1"
SECONDS = 20.0


def a_mail(recipient: Mailbox) -> OutgoingMail:
    return compose(
        Letter(subject="Übung", greeting="Hello,", paragraphs=("A paragraph with ü.",)),
        Words("en"),
        message_id=message_id_of("mail-1", SENDER),
        reference="ref",
        sender=SENDER,
        recipient=recipient,
        contact_url="",
        at=START,
    )


TO_UMLAUT_DOMAIN = a_mail(Mailbox(local="info", domain="xn--mller-kva.example"))


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("sesv2", region_name=REGION)
        client.create_email_identity(EmailIdentity=SENDER.address)
        yield client


def test_ses_gets_the_whole_mail_and_the_ascii_address(aws: Any) -> None:
    AmazonSes(ses_client_maker(REGION)).send(TO_UMLAUT_DOMAIN, seconds=SECONDS)
    (sent,) = ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages
    assert sent.source == SENDER.address
    # moto lists the addressee of a raw mail twice.
    assert set(sent.destinations) == {"info@xn--mller-kva.example"}
    raw = sent.raw_data if isinstance(sent.raw_data, bytes) else sent.raw_data.encode()
    assert raw.replace(b"\r\n", b"\n") == TO_UMLAUT_DOMAIN.content.replace(b"\r\n", b"\n")


class Refusing:
    """A client whose every call fails, and that counts its calls."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.calls = 0

    def send_email(self, **_request: object) -> None:
        self.calls += 1
        raise self.error

    def close(self) -> None:
        """Nothing is open."""


def refused(code: str, status: int = 400) -> ClientError:
    error = {"Code": code, "Message": "kim@meyer.example is not verified"}
    response = {"Error": error, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "SendEmail")


@pytest.mark.parametrize(
    ("error", "retry", "problem", "of_server"),
    [
        (refused("TooManyRequestsException"), Retry.SOON, Problem.AWS, True),
        (refused("MessageRejected"), Retry.LATER, Problem.AWS, True),
        (refused("MailFromDomainNotVerifiedException"), Retry.LATER, Problem.AWS, True),
        (refused("SendingPausedException"), Retry.LATER, Problem.AWS, True),
        (refused("AccessDeniedException"), Retry.LATER, Problem.AWS, True),
        (refused("BadRequestException"), Retry.NEVER, Problem.AWS, False),
        (EndpointConnectionError(endpoint_url="x"), Retry.SOON, Problem.UNREACHABLE, True),
        (ConnectTimeoutError(endpoint_url="x"), Retry.SOON, Problem.UNREACHABLE, True),
        (NoCredentialsError(), Retry.SOON, Problem.UNREACHABLE, True),
        # SES may have taken it.
        (refused("InternalFailure", 500), Retry.LATER, Problem.UNKNOWN, True),
        (refused("InternalServiceErrorException", 500), Retry.LATER, Problem.UNKNOWN, True),
        (refused("502", 502), Retry.LATER, Problem.UNKNOWN, True),
        (refused("ServiceUnavailable", 503), Retry.LATER, Problem.UNKNOWN, True),
        (ReadTimeoutError(endpoint_url="x"), Retry.LATER, Problem.UNKNOWN, False),
        (ssl.SSLError("cut off"), Retry.LATER, Problem.UNKNOWN, False),
    ],
)
def test_what_ses_answers_is_sorted(
    error: Exception,
    retry: Retry,
    problem: Problem,
    of_server: bool,
) -> None:
    client = Refusing(error)
    with pytest.raises(MailError) as raised:
        AmazonSes(lambda: client).send(TO_UMLAUT_DOMAIN, seconds=SECONDS)
    assert (raised.value.retry, raised.value.problem) == (retry, problem)
    assert raised.value.of_server == of_server
    assert re.fullmatch(r"\w+ \w+", raised.value.reason)
    # SES cannot tell the same mail twice from two.
    assert client.calls == 1


def test_a_failure_inside_ses_leaves_few_copies(
    settings: Settings, store: Store, clock: Clock
) -> None:
    sign_up(store)
    client = Refusing(refused("InternalFailure", 500))
    post = Post(settings, [SECRET_KEY], AmazonSes(lambda: client))
    delivery = Delivery(store=store, post=post, clock=clock.now)
    for _ in range(200):
        delivery.send_due()
        clock.advance(hours=1)
    assert client.calls == Schedule().most_unknown
    (entry,) = entries(store)
    assert (entry.state, entry.reason) == (DeliveryState.GIVEN_UP, "unknown InternalFailure")


def test_an_answer_without_an_id_is_none() -> None:
    class Empty(Refusing):
        def send_email(self, **_request: object) -> Any:
            return {}

    with pytest.raises(MailError) as raised:
        AmazonSes(lambda: Empty(ValueError())).send(TO_UMLAUT_DOMAIN, seconds=SECONDS)
    assert (raised.value.retry, raised.value.problem) == (Retry.LATER, Problem.UNKNOWN)


def test_ses_reaches_no_address_that_needs_smtputf8() -> None:
    client = Refusing(ValueError())
    with pytest.raises(MailError) as raised:
        AmazonSes(lambda: client).send(
            a_mail(Mailbox(local="jörg", domain="meyer.example")), seconds=SECONDS
        )
    assert (raised.value.retry, raised.value.problem) == (Retry.NEVER, Problem.NO_SMTPUTF8)
    assert client.calls == 0
