"""A mail server of this machine that takes mail, or misbehaves as a test wants."""

import asyncio
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.serving import free_port

USER, PASSWORD = "portal@example.com", "p@ss/word"


@dataclass(frozen=True)
class Received:
    """A mail as it arrived."""

    sender: str
    recipient: str
    content: bytes

    @property
    def message(self) -> EmailMessage:
        message = message_from_bytes(self.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message

    @property
    def message_id(self) -> str:
        return str(self.message["Message-ID"])

    def text(self, kind: str = "plain") -> str:
        body = self.message.get_body((kind,))
        assert body is not None
        return str(body.get_content()).replace("\r\n", "\n")


@dataclass
class MailServer:
    """What it received, and how it answers.

    Attributes:
        answers: Command -> what it answers, one for each time; then it takes mail. `hang` answers
            nothing, `drop` closes the connection, `take` takes the mail and then closes the
            connection, `slow` takes it after half a second.
        data_seconds: How long it takes to say that it took a mail.
    """

    port: int
    answers: dict[str, list[str]] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    signed_in: list[str] = field(default_factory=list)
    with_tls: list[bool] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    data_seconds: Callable[[], float] = lambda: 0.0
    on_data: Callable[[Received], None] = lambda _received: None

    #: Connections that are not closed yet.
    _open: int = 0

    def wait_until_idle(self, seconds: float = 30) -> None:
        """Until all that was sent so far is received, also by clients that are gone.

        Raises:
            TimeoutError: A client is still connected.
        """
        # Connections are accepted one after the other.
        with smtplib.SMTP("127.0.0.1", self.port, timeout=seconds):
            pass
        deadline = time.monotonic() + seconds
        while self._open:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self._open} clients are still connected.")
            time.sleep(0.002)

    # The hooks of aiosmtpd.

    async def handle_EHLO(  # noqa: N802 - its name
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        del envelope
        self.connections += 1
        session.host_name = hostname
        answer = await self._answer("EHLO", server)
        return [answer] if answer else responses

    async def handle_MAIL(  # noqa: N802 - its name
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        del session
        answer = await self._answer("MAIL", server)
        if not answer:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return answer or "250 OK"

    async def handle_RCPT(  # noqa: N802 - its name
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        del session, options
        answer = await self._answer("RCPT", server)
        if not answer:
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        del session
        (recipient,) = envelope.rcpt_tos
        mail = Received(envelope.mail_from, recipient, envelope.original_content)
        next_answer = self.answers.get("DATA", [""])[:1]
        answer = await self._answer("DATA", server)
        if not answer or next_answer == ["take"]:
            self.received.append(mail)
            self.with_tls.append(server.transport.get_extra_info("sslcontext") is not None)
            self.on_data(mail)
            await asyncio.sleep(self.data_seconds())
        return answer or "250 OK"

    async def _answer(self, command: str, server: Any) -> str:
        """Empty: it takes the mail."""
        planned = self.answers.get(command, [])
        answer = planned.pop(0) if planned else ""
        match answer:
            case "hang":
                await self.released.wait()
            case "drop" | "take":
                server.transport.abort()
            case "slow":
                await asyncio.sleep(0.5)
                return ""
        return answer

    def authenticate(
        self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any
    ) -> AuthResult:
        del server, session, envelope, mechanism
        assert isinstance(data, LoginPassword)
        user, password = data.login.decode(), data.password.decode()
        if (user, password) != (USER, PASSWORD):
            return AuthResult(success=False, handled=False)
        self.signed_in.append(user)
        return AuthResult(success=True)


class _Session(SMTP):
    def connection_made(self, transport: Any) -> None:
        self.event_handler._open += 1
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self.event_handler._open -= 1


class _Controller(Controller):
    def factory(self) -> SMTP:
        return _Session(self.handler, **self.SMTP_kwargs)


@contextmanager
def mail_server(*, port: int = 0, **options: Any) -> Iterator[MailServer]:
    """A mail server that takes everything. `options` are those of aiosmtpd."""
    server = MailServer(port or free_port())
    if options.pop("sign_in", False):
        options |= {"authenticator": server.authenticate, "auth_required": True}
    controller = _Controller(server, hostname="127.0.0.1", port=server.port, **options)
    controller.start()
    # Its own check that it listens was a connection, too.
    server.connections = 0
    try:
        yield server
    finally:
        controller.loop.call_soon_threadsafe(server.released.set)
        controller.stop()


@contextmanager
def silent_server() -> Iterator[int]:
    """The port of a server that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield listener.getsockname()[1]


@contextmanager
def dripping_server() -> Iterator[int]:
    """The port of a server whose greeting comes byte by byte and never ends."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            with suppress(OSError):
                connection, _address = listener.accept()
                with connection:
                    while not over.wait(0.05):
                        connection.sendall(b"2")

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """The TLS context of a server that is 127.0.0.1, and the file of its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a mail server")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + built.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context, file
