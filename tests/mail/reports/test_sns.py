"""A message of SNS counts if SNS signed it and its topic is set up. No other host is asked."""

import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.error import HTTPError

import pytest

from portal.mail import ForgedMessageError, SnsMessages, SnsUnreachableError
from portal.mail.reports.ses_reports import read_ses_report
from portal.mail.reports.sns import fetch_https, opener_without_redirects
from tests.conftest import START
from tests.mail.reports.sns_examples import (
    CERTIFICATE,
    HOST,
    TOPIC,
    Sns,
    body,
    bounce_report,
    certificate,
    sns_message,
)

KEY = "0123456789abcdef" * 2
OURS = f"<{KEY}@portal.example>"


def messages(sns: Sns, seconds: float = 0.0) -> SnsMessages:
    return SnsMessages([TOPIC], fetch=sns.fetch, seconds=lambda: seconds)


def test_the_certificate_of_a_signed_message_is_fetched_once() -> None:
    sns = Sns()
    reader = messages(sns)
    for number in (1, 2, 3):
        fields = sns_message(Message=f"text {number}", Subject="Amazon SES")
        assert reader.read(body(fields), START).text == f"text {number}"
    assert sns.asked == [CERTIFICATE]


@pytest.mark.parametrize(
    "changes",
    [
        {"Message": "another"},
        {"MessageId": "another"},
        {"Subject": "added"},
        {"Timestamp": "2026-11-23T11:00:00.000Z"},
        {"Signature": "bm9uZQ=="},
        {"Signature": "ü"},
        {"Signature": ""},
        # Half of a pair: no bytes stand for it.
        {"Message": "\ud800"},
    ],
    ids=str,
)
def test_a_message_that_was_changed_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(ForgedMessageError):
        messages(Sns()).read(body(sns_message(signed=False, **changes)), START)


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-central-1.amazonaws.com/SimpleNotificationService-1.pem",
        "https://sns.eu-central-1.amazonaws.com.evil.example/SimpleNotificationService-1.pem",
        "https://evil.example/SimpleNotificationService-1.pem",
        "https://sns.eu-central-1.amazonaws.com@evil.example/SimpleNotificationService-1.pem",
        "https://sns.eu-central-1.amazonaws.com:444/SimpleNotificationService-1.pem",
        "https://sns.eu-central-1.amazonaws.com/../SimpleNotificationService-1.pem",
        "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-1.pem?x=1",
        "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-1.pem\n",
        "https://s3.amazonaws.com/SimpleNotificationService-1.pem",
        # Another region than that of the topic.
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem",
        "file:///etc/passwd",
        "",
    ],
)
def test_no_certificate_of_another_place_is_fetched(url: str) -> None:
    sns = Sns()
    with pytest.raises(ForgedMessageError):
        messages(sns).read(body(sns_message(SigningCertURL=url)), START)
    assert sns.asked == []


@pytest.mark.parametrize(
    "fields",
    [
        sns_message(TopicArn="arn:aws:sns:eu-central-1:999999999999:bounces"),
        # SHA-1.
        sns_message(SignatureVersion="1"),
        {**sns_message(), "Type": "Other"},
        [],
        "text",
        None,
    ],
)
def test_other_topics_and_what_is_no_message_cost_nothing(fields: object) -> None:
    sns = Sns()
    with pytest.raises(ForgedMessageError):
        messages(sns).read(body(fields), START)
    assert sns.asked == []


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 60_000])
def test_what_is_no_json_is_refused(content: bytes) -> None:
    with pytest.raises(ForgedMessageError):
        messages(Sns()).read(content, START)


@pytest.mark.parametrize(
    "given",
    [certificate("evil.example"), certificate(until=START - timedelta(days=1)), b"no certificate"],
    ids=["another name", "over", "none"],
)
def test_a_certificate_that_is_not_that_of_sns_is_refused(given: bytes) -> None:
    with pytest.raises(ForgedMessageError):
        messages(Sns(given)).read(body(sns_message()), START)


def test_strangers_cannot_make_the_portal_fetch_without_end() -> None:
    sns = Sns(*[OSError()] * 100)
    now = [0.0]
    reader = SnsMessages([TOPIC], fetch=sns.fetch, seconds=lambda: now[0])
    for number in range(50):
        url = f"{HOST}/SimpleNotificationService-{number}.pem"
        with pytest.raises(SnsUnreachableError):
            reader.read(body(sns_message(SigningCertURL=url)), START)
    assert len(sns.asked) == 6
    # A minute later it asks again, and then knows.
    now[0] = 61.0
    sns.answers.clear()
    assert reader.read(body(sns_message()), START).topic == TOPIC


def test_a_subscription_is_confirmed_at_sns_itself() -> None:
    sns = Sns(certificate(), b"<ok/>", OSError())
    reader = messages(sns)
    message = reader.read(body(sns_message("SubscriptionConfirmation")), START)
    reader.confirm(message)
    assert sns.asked[1] == (
        f"{HOST}/?Action=ConfirmSubscription"
        "&TopicArn=arn%3Aaws%3Asns%3Aeu-central-1%3A111122223333%3Abounces&Token=abc123"
    )
    with pytest.raises(SnsUnreachableError):
        reader.confirm(message)
    odd = reader.read(body(sns_message("SubscriptionConfirmation", Token="a&b=c")), START)
    with pytest.raises(ForgedMessageError):
        reader.confirm(odd)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/", "file:///etc/hosts", "https://evil.example"]
)
def test_the_fetch_itself_opens_nothing_else(url: str) -> None:
    with pytest.raises(OSError, match="no address of SNS"):
        fetch_https(url)


def test_a_redirect_is_not_followed() -> None:
    asked: list[str] = []

    class Redirecting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Not into the output of the tests."""

    with HTTPServer(("127.0.0.1", 0), Redirecting) as server:
        threading.Thread(target=server.handle_request).start()
        with pytest.raises(HTTPError) as refused:
            opener_without_redirects().open(f"http://127.0.0.1:{server.server_port}/", timeout=5)
        refused.value.close()
    assert asked == ["/"]
    # As every other answer that is not good.
    assert isinstance(refused.value, OSError)


# ---- What SES reports


@pytest.mark.parametrize(
    ("kind", "sub", "status", "is_hard", "reason"),
    [
        ("Permanent", "General", "5.1.1", True, "no_such_address 5.1.1"),
        ("Permanent", "NoEmail", "", True, "no_such_address"),
        ("Permanent", "OnAccountSuppressionList", "5.1.1", True, "no_such_address 5.1.1"),
        ("Transient", "MailboxFull", "4.2.2", False, "mailbox_full 4.2.2"),
        ("Transient", "General", "4.4.7", False, "not_delivered 4.4.7"),
        ("Undetermined", "Undetermined", "", False, "not_delivered"),
    ],
)
def test_a_bounce(kind: str, sub: str, status: str, reason: str, *, is_hard: bool) -> None:
    notice = read_ses_report(bounce_report(OURS, kind=kind, sub=sub, status=status), "1")
    assert notice is not None
    assert (notice.key, notice.is_hard, notice.reason) == (KEY, is_hard, reason)


def test_other_reports() -> None:
    text = bounce_report(OURS)
    complaint = read_ses_report(text.replace('"Bounce"', '"Complaint"'), "1")
    assert complaint is not None
    assert (complaint.is_hard, complaint.reason) == (False, "complaint")
    event = read_ses_report(text.replace("notificationType", "eventType"), "1")
    assert event is not None
    delay = read_ses_report(text.replace('"Bounce"', '"DeliveryDelay"'), "1")
    assert delay is not None
    assert (delay.is_hard, delay.reason) == (False, "not_delivered")
    delivery = read_ses_report(text.replace('"Bounce"', '"Delivery"'), "1")
    assert delivery
    assert (delivery.is_hard, delivery.reason) == (False, "delivered")
    assert read_ses_report(text.replace('"Bounce"', '"Send"'), "1") is None


@pytest.mark.parametrize(
    "text",
    [
        bounce_report("<another@example.com>"),
        bounce_report(""),
        "Successfully validated SNS topic for Amazon SES event publishing.",
        "[]",
        '{"notificationType": "Bounce"}',
        '{"notificationType": "Bounce", "mail": [], "bounce": 1}',
        "[" * 60_000,
    ],
    ids=lambda text: text[:30],
)
def test_what_names_no_mail_of_the_portal_says_nothing(text: str) -> None:
    assert read_ses_report(text, "1") is None
