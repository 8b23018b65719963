"""A real mail server that takes mail, and misbehaves at every step."""

import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from portal.mail.messages.addresses import Mailbox
from portal.mail.messages.errors import MailError, Problem, Retry
from portal.mail.messages.letter import Letter
from portal.mail.messages.message import OutgoingMail, compose, message_id_of
from portal.mail.messages.words import Words
from portal.mail.ways.smtp import SmtpServer
from portal.mail_server_setting import mail_server as setting
from tests.conftest import START
from tests.mail_server import (
    PASSWORD,
    USER,
    MailServer,
    certificate,
    dripping_server,
    mail_server,
    silent_server,
)
from tests.serving import free_port

SENDER = Mailbox(local="no-reply", domain="portal.example.com")
KIM = Mailbox(local="kim", domain="meyer.example")
SECONDS = 20.0


def a_mail(recipient: Mailbox = KIM) -> OutgoingMail:
    return compose(
        Letter(subject="Subject", greeting="Hello,", paragraphs=("A paragraph.",)),
        Words("en"),
        message_id=message_id_of("mail-1", SENDER),
        reference="ref",
        sender=SENDER,
        recipient=recipient,
        contact_url="",
        at=START,
    )


def way(url: str, authority: Path | None = None) -> SmtpServer:
    return SmtpServer(
        setting(url),
        own_name="portal.example.com",
        make_tls_context=lambda: ssl.create_default_context(cafile=authority),
    )


def failure(url: str, authority: Path | None = None, seconds: float = SECONDS) -> MailError:
    with pytest.raises(MailError) as refused:
        way(url, authority).send(a_mail(), seconds=seconds)
    return refused.value


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as running:
        yield running


@pytest.fixture
def url(server: MailServer) -> str:
    return f"smtp://127.0.0.1:{server.port}"


def test_a_mail_arrives_as_it_was_made(server: MailServer, url: str) -> None:
    way(url).send(a_mail(), seconds=SECONDS)
    (mail,) = server.received
    assert (mail.sender, mail.recipient) == ("no-reply@portal.example.com", "kim@meyer.example")
    assert mail.content == a_mail_without_boundary(mail.content)
    assert mail.message["Subject"] == "Subject [ref]"
    assert "A paragraph." in mail.text()
    assert "A paragraph." in mail.text("html")


def a_mail_without_boundary(content: bytes) -> bytes:
    """The bytes of the mail, with the boundary of `content`, which differs each time."""
    boundary = content.partition(b'boundary="')[2].partition(b'"')[0]
    sent = a_mail().content
    return sent.replace(sent.partition(b'boundary="')[2].partition(b'"')[0], boundary)


# ---- Soon, later, never


@pytest.mark.parametrize(
    ("command", "answer", "retry", "problem", "detail", "of_server"),
    [
        ("MAIL", "451 4.3.0 try later", Retry.LATER, Problem.BUSY, "451 4.3.0", True),
        ("MAIL", "550 5.7.1 not you", Retry.LATER, Problem.SENDER_REFUSED, "550 5.7.1", True),
        ("MAIL", "421 4.3.2 going down", Retry.SOON, Problem.BUSY, "421 4.3.2", True),
        ("RCPT", "450 4.2.0 greylisted", Retry.LATER, Problem.NOT_NOW, "450 4.2.0", False),
        ("RCPT", "452 4.2.2 mailbox full", Retry.LATER, Problem.MAILBOX_FULL, "452 4.2.2", False),
        (
            "RCPT",
            "550 5.1.1 no such user",
            Retry.NEVER,
            Problem.ADDRESS_REFUSED,
            "550 5.1.1",
            False,
        ),
        ("RCPT", "552 5.2.2 full", Retry.NEVER, Problem.MAILBOX_FULL, "552 5.2.2", False),
        ("DATA", "552 5.2.2 full", Retry.NEVER, Problem.MAILBOX_FULL, "552 5.2.2", False),
        ("RCPT", "550 kim@meyer.example?", Retry.NEVER, Problem.ADDRESS_REFUSED, "550", False),
        ("RCPT", "421 too many", Retry.SOON, Problem.BUSY, "421", True),
        ("DATA", "451 4.7.1 later", Retry.LATER, Problem.NOT_NOW, "451 4.7.1", False),
        ("DATA", "554 5.6.0 spam", Retry.NEVER, Problem.CONTENT_REFUSED, "554 5.6.0", False),
        ("EHLO", "drop", Retry.SOON, Problem.DROPPED, "", True),
        ("MAIL", "drop", Retry.SOON, Problem.DROPPED, "", True),
        ("RCPT", "drop", Retry.SOON, Problem.DROPPED, "", True),
        # Nobody knows whether it took the mail.
        ("DATA", "drop", Retry.LATER, Problem.UNKNOWN, "", False),
        ("DATA", "take", Retry.LATER, Problem.UNKNOWN, "", False),
    ],
)
def test_what_a_server_answers_is_sorted(
    *,
    server: MailServer,
    url: str,
    command: str,
    answer: str,
    retry: Retry,
    problem: Problem,
    detail: str,
    of_server: bool,
) -> None:
    server.answers[command] = [answer]
    error = failure(url)
    assert (error.retry, error.problem, error.detail) == (retry, problem, detail)
    assert error.of_server == of_server
    # The server's words may repeat the address.
    assert "kim" not in f"{error} {error!r} {error.reason}"


@pytest.mark.parametrize("command", ["EHLO", "MAIL", "RCPT", "DATA"])
def test_a_server_that_hangs_at_any_step_costs_no_more_than_its_time(
    server: MailServer, url: str, command: str
) -> None:
    server.answers[command] = ["hang"]
    began = time.monotonic()
    error = failure(url, seconds=0.5)
    assert time.monotonic() - began < 3
    if command == "DATA":
        assert (error.retry, error.problem) == (Retry.LATER, Problem.UNKNOWN)
    else:
        assert (error.retry, error.problem) == (Retry.SOON, Problem.NO_ANSWER)


@pytest.mark.parametrize("dead", [silent_server, dripping_server])
def test_a_server_that_never_greets_costs_no_more_than_its_time(
    dead: Callable[[], Iterator[int]],
) -> None:
    with dead() as port:  # type: ignore[attr-defined] # both are context managers
        for scheme in ("smtp", "smtps"):
            began = time.monotonic()
            error = failure(f"{scheme}://127.0.0.1:{port}", seconds=0.5)
            assert time.monotonic() - began < 3
            assert error.retry is not Retry.NEVER
            assert error.of_server


def test_no_server_at_all_is_tried_again_soon() -> None:
    for host in (f"127.0.0.1:{free_port()}", "nobody.invalid"):
        error = failure(f"smtp://{host}")
        assert (error.retry, error.problem) == (Retry.SOON, Problem.UNREACHABLE)
        assert error.of_server


def test_a_slow_server_gets_its_mail(server: MailServer, url: str) -> None:
    server.answers = {command: ["slow"] for command in ("EHLO", "MAIL", "RCPT", "DATA")}
    way(url).send(a_mail(), seconds=SECONDS)
    assert len(server.received) == 1


# ---- STARTTLS and signing in


def sign_in_url(server: MailServer, options: str, *, password: str = PASSWORD) -> str:
    quoted = password.replace("@", "%40").replace("/", "%2F")
    user = USER.replace("@", "%40")
    return f"smtp://{user}:{quoted}@localhost:{server.port}{options}"


@pytest.mark.parametrize("options", ["", "?tls=required", "?tls=starttls"])
def test_the_portal_signs_in_over_tls(tmp_path: Path, options: str) -> None:
    context, authority = certificate(tmp_path)
    with mail_server(tls_context=context, require_starttls=True, sign_in=True) as server:
        way(sign_in_url(server, options), authority).send(a_mail(), seconds=SECONDS)
        assert server.signed_in == [USER]
        assert server.with_tls == [True]
        error = failure(sign_in_url(server, options, password="wrong"), authority)
    assert (error.retry, error.problem, error.of_server) == (Retry.LATER, Problem.SIGN_IN, True)
    assert error.detail.startswith("535")


def test_smtps_is_tls_from_the_first_byte(tmp_path: Path) -> None:
    context, authority = certificate(tmp_path)
    with mail_server(ssl_context=context) as server:
        way(f"smtps://localhost:{server.port}", authority).send(a_mail(), seconds=SECONDS)
        assert server.with_tls == [True]
        assert failure(f"smtps://localhost:{server.port}").problem is Problem.TLS


@pytest.mark.parametrize("options", ["?tls=required", "?tls=starttls", ""])
def test_a_certificate_of_nobody_is_refused(tmp_path: Path, options: str) -> None:
    context, _authority = certificate(tmp_path)
    with mail_server(tls_context=context) as server:
        error = failure(f"smtp://localhost:{server.port}{options}")
        assert server.received == []
    assert (error.retry, error.problem, error.of_server) == (Retry.LATER, Problem.TLS, True)


def test_without_starttls_nothing_is_sent_that_needs_it(server: MailServer) -> None:
    for url in (
        f"smtp://127.0.0.1:{server.port}?tls=required",
        sign_in_url(server, "?tls=starttls"),
        sign_in_url(server, ""),
    ):
        assert failure(url).problem is Problem.TLS
    assert not server.signed_in
    assert not server.received
    way(f"smtp://127.0.0.1:{server.port}?tls=starttls").send(a_mail(), seconds=SECONDS)
    assert server.with_tls == [False]


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_only_an_operator_who_says_so_sends_a_password_in_the_clear() -> None:
    with mail_server(sign_in=True, auth_require_tls=False) as server:
        way(sign_in_url(server, "?tls=none")).send(a_mail(), seconds=SECONDS)
        assert server.signed_in == [USER]


# ---- International addresses


@pytest.mark.parametrize("has_smtputf8", [True, False])
def test_smtputf8_only_where_the_part_before_the_at_sign_needs_it(*, has_smtputf8: bool) -> None:
    umlaut_domain = Mailbox(local="info", domain="xn--mller-kva.example")
    umlaut_local = Mailbox(local="jörg", domain="xn--mller-kva.example")
    with mail_server(enable_SMTPUTF8=has_smtputf8) as server:
        to_server = way(f"smtp://127.0.0.1:{server.port}")
        to_server.send(a_mail(umlaut_domain), seconds=SECONDS)
        if has_smtputf8:
            to_server.send(a_mail(umlaut_local), seconds=SECONDS)
            assert "jörg@xn--mller-kva.example" in str(server.received[1].message["To"])
        else:
            with pytest.raises(MailError) as refused:
                to_server.send(a_mail(umlaut_local), seconds=SECONDS)
            assert refused.value.retry is Retry.NEVER
            assert refused.value.problem is Problem.NO_SMTPUTF8
        expected = ["info@xn--mller-kva.example", "jörg@xn--mller-kva.example"]
        assert [each.recipient for each in server.received] == expected[: 1 + has_smtputf8]
