"""Hands mail to a mail server.

A mail server may hang, drip, drop and refuse at every step. So the whole conversation has one
deadline: a timer then closes the connection under whatever waits for it.
"""

import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from portal.mail.messages import MailError, OutgoingMail, Problem, Retry
from portal.settings import MailServer

_CONNECT_SECONDS = 10.0
#: An enhanced status code at the beginning of an answer.
_ENHANCED = re.compile(rb"[245]\.\d{1,3}\.\d{1,3}\b")
#: The server closes the connection, whatever it was asked.
_GOING_AWAY = 421


class SmtpServer:
    """A mail server. Each mail has a connection of its own: there are few, and none waits for the
    trouble of another.

    Args:
        own_name: The host name that the portal says it has.
        make_tls_context: Makes what checks the server's certificate.
    """

    name = "smtp"

    def __init__(
        self,
        server: MailServer,
        *,
        own_name: str,
        make_tls_context: Callable[[], ssl.SSLContext] = ssl.create_default_context,
    ) -> None:
        self._server = server
        # Otherwise smtplib looks the name of this machine up, which may take half a minute.
        self._own_name = own_name if re.search("[a-z]", own_name) else f"[{own_name}]"
        self._make_tls_context = make_tls_context

    def send(self, mail: OutgoingMail, *, seconds: float) -> None:
        """As in `Way`."""
        context = None if self._server.tls == "none" else self._make_tls_context()
        plug = _Plug()
        deadline = threading.Timer(seconds, plug.pull)
        deadline.daemon = True
        deadline.start()
        try:
            with _errors_of(plug):
                implicit = context if self._server.tls == "implicit" else None
                client = _Client(self._server, self._own_name, seconds, implicit, plug)
                try:
                    self._converse(client, context, mail, plug)
                finally:
                    client.end()
        finally:
            deadline.cancel()
            plug.close()

    def _converse(
        self, client: "_Client", context: ssl.SSLContext | None, mail: OutgoingMail, plug: "_Plug"
    ) -> None:
        client.ehlo_or_helo_if_needed()
        if self._server.tls in ("starttls", "required"):
            self._start_tls(client, context)
        if self._server.user:
            client.login(self._server.user, self._server.password)
        options: list[str] = []
        if mail.needs_smtputf8:
            if not client.has_extn("smtputf8"):
                raise MailError(retry=Retry.NEVER, problem=Problem.NO_SMTPUTF8)
            options = ["SMTPUTF8", "BODY=8BITMIME"]
        plug.step = Problem.SENDER_REFUSED
        _accepted(client.mail(mail.return_path or mail.sender, options))
        plug.step = Problem.ADDRESS_REFUSED
        _accepted(client.rcpt(mail.recipient))
        plug.step = Problem.CONTENT_REFUSED
        _accepted(client.data(mail.content))

    def _start_tls(self, client: "_Client", context: ssl.SSLContext | None) -> None:
        if client.has_extn("starttls"):
            client.starttls(context=context)
            client.ehlo()
        elif self._server.tls == "required" or self._server.password:
            # A password never travels in the clear, unless the operator wrote `tls=none`.
            raise MailError(retry=Retry.LATER, problem=Problem.TLS, of_server=True)


class _Plug:
    """A second handle of a connection, with which another thread ends it.

    Attributes:
        step: What it means if the server refuses the current command for ever.
    """

    def __init__(self) -> None:
        self._handle: socket.socket | None = None
        self.was_pulled = False
        self.is_connected = False
        self.step = Problem.SIGN_IN

    def put_in(self, connection: socket.socket) -> None:
        # TLS takes the socket over, so it would be of no use here.
        self._handle = connection.dup()
        self.is_connected = True
        if self.was_pulled:
            self.pull()

    def pull(self) -> None:
        """End the connection under whatever waits for it."""
        self.was_pulled = True
        handle = self._handle
        if handle is not None:
            with suppress(OSError):
                handle.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        if self._handle is not None:
            self._handle.close()


class _Client(smtplib.SMTP):
    """smtplib's client, whose connection has a plug."""

    def __init__(
        self,
        server: MailServer,
        own_name: str,
        timeout: float,
        implicit: ssl.SSLContext | None,
        plug: _Plug,
    ) -> None:
        self._plug, self._implicit = plug, implicit
        # It connects at once. Only so does it know the host for which STARTTLS needs a certificate.
        super().__init__(server.host, server.port, own_name, timeout)

    # As smtplib's own SMTP_SSL does.
    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connected = socket.create_connection((host, port), min(_CONNECT_SECONDS, timeout))
        # Some servers look at a mail for half a minute before they say that they took it. Whoever
        # does not wait for them sends it again and again.
        connected.settimeout(timeout)
        self._plug.put_in(connected)
        if self._implicit:
            return self._implicit.wrap_socket(connected, server_hostname=host)
        return connected

    def end(self) -> None:
        """Say goodbye, and wait for nothing: the outcome is known."""
        if self.sock is not None:
            with suppress(OSError, ValueError):
                self.sock.settimeout(1)
                self.putcmd("quit")
        with suppress(OSError):
            self.close()


def _accepted(answer: tuple[int, bytes]) -> None:
    code, text = answer
    if code not in (250, 251):
        raise smtplib.SMTPResponseException(code, text)


@contextmanager
def _errors_of(plug: _Plug) -> Iterator[None]:
    """Sort what can go wrong into soon, later and never."""
    try:
        yield
    except MailError:
        raise
    except smtplib.SMTPAuthenticationError as error:
        raise _refused(error, Problem.SIGN_IN) from error
    except smtplib.SMTPConnectError as error:
        detail = _code(error)
        raise MailError(
            retry=Retry.SOON, problem=Problem.BUSY, detail=detail, of_server=True
        ) from error
    except smtplib.SMTPResponseException as error:
        raise _refused(error, plug.step) from error
    except ssl.SSLError as error:
        raise _lost(plug, Problem.TLS, Retry.LATER) from error
    except TimeoutError as error:
        raise _lost(plug, Problem.NO_ANSWER) from error
    except smtplib.SMTPNotSupportedError as error:
        # No way to sign in that both sides know.
        raise MailError(retry=Retry.LATER, problem=Problem.SIGN_IN, of_server=True) from error
    except smtplib.SMTPException as error:
        # smtplib tells a time-out and a closed connection apart only so.
        is_late = isinstance(error.__context__, TimeoutError)
        raise _lost(plug, Problem.NO_ANSWER if is_late else Problem.DROPPED) from error
    except (OSError, ValueError) as error:
        # A ValueError comes of a connection that was closed under TLS.
        problem = Problem.DROPPED if plug.is_connected else Problem.UNREACHABLE
        raise _lost(plug, problem) from error


def _lost(plug: _Plug, problem: Problem, retry: Retry = Retry.SOON) -> MailError:
    """The connection is gone. Nobody knows what became of a mail that was under way."""
    if plug.step is Problem.CONTENT_REFUSED:
        return MailError(retry=Retry.LATER, problem=Problem.UNKNOWN)
    if plug.was_pulled:
        problem, retry = Problem.NO_ANSWER, Retry.SOON
    return MailError(retry=retry, problem=problem, of_server=True)


def _refused(error: smtplib.SMTPResponseException, step: Problem) -> MailError:
    detail, code = _code(error), error.smtp_code
    if code == _GOING_AWAY:
        return MailError(retry=Retry.SOON, problem=Problem.BUSY, detail=detail, of_server=True)
    is_for_all = step in (Problem.SIGN_IN, Problem.SENDER_REFUSED)
    if not is_for_all and detail.endswith(".2.2"):
        # The address is right: whoever reads that it was refused would correct it in vain.
        retry = Retry.LATER if code < 500 else Retry.NEVER
        return MailError(retry=retry, problem=Problem.MAILBOX_FULL, detail=detail)
    if code < 500:
        problem = Problem.BUSY if is_for_all else Problem.NOT_NOW
        return MailError(retry=Retry.LATER, problem=problem, detail=detail, of_server=is_for_all)
    # Whoever refuses the portal itself would refuse every mail: an operator has to do something.
    retry = Retry.LATER if is_for_all else Retry.NEVER
    return MailError(retry=retry, problem=step, detail=detail, of_server=is_for_all)


def _code(error: smtplib.SMTPResponseException) -> str:
    """`550 5.1.1`: the codes of an answer. Its text may repeat the address."""
    text = error.smtp_error
    enhanced = _ENHANCED.match(text if isinstance(text, bytes) else text.encode())
    return f"{error.smtp_code} {enhanced[0].decode()}" if enhanced else str(error.smtp_code)
