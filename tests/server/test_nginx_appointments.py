"""One base address for the portal and for the appointments: docs/operating.md, "Appointments"."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from portal.timestamps import utc_now
from tests.server.eventually import eventually
from tests.server.nginx import documented_blocks, replaced, running_nginx
from tests.server.raw_client import ask, head, post
from tests.serving import Portal, serving

HOST = "old.example.com"
TOKEN = "tok-5ecret"


@dataclass
class Appointments:
    """The other service. It notes each request: method, path, host, body."""

    port: int = 0
    certificate: Path = Path()
    asked: list[tuple[str, str, str, bytes]] = field(default_factory=list)


@pytest.fixture(scope="module")
def appointments(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appointments]:
    folder = tmp_path_factory.mktemp("appointments")
    service = Appointments(certificate=folder / "certificate.pem")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            service.asked.append((self.command, self.path, self.headers["Host"], body))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"[]")

        do_GET = do_POST = do_PUT = do_OPTIONS = _answer  # noqa: N815 - the base's names

        def log_message(self, *_arguments: object) -> None:
            """Nobody reads it."""

    with serving_tls(Handler, HOST, service.certificate) as port:
        service.port = port
        yield service


@contextmanager
def serving_tls(
    handler: type[BaseHTTPRequestHandler], name: str, certificate: Path
) -> Iterator[int]:
    """A server whose certificate is for `name`. Its port."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = utc_now()
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key_file = certificate.with_name(f"{certificate.stem}-key.pem")
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key_file)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            port: int = server.server_address[1]
            yield port
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    folder = tmp_path_factory.mktemp("portal")
    with serving(folder, settings={"PORTAL_PROXY_HOPS": "1"}) as portal:
        yield portal


def split_paths(appointments: Appointments, trusted: Path) -> str:
    """The documented `location`, with this machine in place of the host of the appointments."""
    (text,) = [block for block in documented_blocks() if "/api/appointments" in block]
    here = f"set $appointments 127.0.0.1:{appointments.port};"
    text = replaced(text, f"set $appointments {HOST};", here)
    return replaced(text, "/etc/ssl/certs/ca-certificates.crt", str(trusted))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("nginx")


@pytest.fixture(scope="module")
def proxy(portal: Portal, appointments: Appointments, folder: Path) -> Iterator[str]:
    lines = split_paths(appointments, appointments.certificate)
    with running_nginx(folder, portal.url, in_server=lines) as url:
        yield url


@pytest.mark.parametrize(
    ("sent", "arrives"),
    [
        ("/api/appointments", "/appointments"),
        ("/api/appointments?day=2026-12-01&slot=a%2Fb", "/appointments?day=2026-12-01&slot=a%2Fb"),
        (f"/api/appointments/token/{TOKEN}", f"/appointments/token/{TOKEN}"),
        ("/api/appointments/token/a.b-c_d~e=", "/appointments/token/a.b-c_d~e="),
        # A line end in the path starts no header. It is no path of theirs, and stays as it is.
        ("/api/appointments/token/a%0d%0aX:%20b", "/api/appointments/token/a%0d%0aX:%20b"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_appointments_go_to_where_they_are(
    proxy: str, appointments: Appointments, sent: str, arrives: str, method: str
) -> None:
    assert ask(proxy, head(method, sent)).body == b"[]"
    assert appointments.asked[-1] == (method, arrives, HOST, b"")


@pytest.mark.parametrize("path", ["/appointments", f"/appointments/token/{TOKEN}"])
def test_what_people_book_arrives_whole(proxy: str, appointments: Appointments, path: str) -> None:
    method = "PUT" if "token" in path else "POST"
    body = json.dumps({"slot": "2026-12-01T08:00:00.000Z", "note": "ü" * 20_000}).encode()
    request = post(f"/api{path}", body, kind="application/json")
    assert ask(proxy, request.replace(b"POST", method.encode(), 1)).body == b"[]"
    assert appointments.asked[-1] == (method, path, HOST, body)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/validate?accountId=1&companyId=2", 200),
        ("/api/validate?accountId=1&companyId=appointments", 200),
        ("/api/appointmentsx", 404),
        ("/api/nothing/appointments", 404),
        ("/sign-up", 200),
    ],
)
def test_everything_else_goes_to_the_portal(
    proxy: str, appointments: Appointments, path: str, status: int
) -> None:
    before = list(appointments.asked)
    answer = ask(proxy, head("GET", path))
    assert answer.status == status
    assert "x-request-id" in answer.headers
    assert appointments.asked == before


def test_no_log_holds_the_token_of_an_appointment(proxy: str, portal: Portal, folder: Path) -> None:
    ask(proxy, head("GET", f"/api/appointments/token/{TOKEN}"))
    ask(proxy, head("GET", "/api/validate?accountId=1&companyId=2"))
    # Without a proxy the portal is asked itself.
    answer = ask(portal.url, head("GET", f"/api/appointments/token/{TOKEN}"))
    assert (answer.status, answer.json()["error"]) == (404, "not_found")
    assert "/api/validate" in (folder / "access_log").read_text()
    # The log is written by a thread of its own.
    eventually(lambda: "let the proxy send all paths" in portal.log.read_text())
    for log in (folder / "access_log", folder / "log", portal.log):
        assert TOKEN not in log.read_text()


def test_another_host_with_a_certificate_of_its_own_gets_no_token(
    portal: Portal, appointments: Appointments, tmp_path: Path
) -> None:
    stranger = tmp_path / "stranger.pem"

    class Nobody(BaseHTTPRequestHandler):
        """Only its certificate matters."""

    with serving_tls(Nobody, HOST, stranger):
        before = list(appointments.asked)
        lines = split_paths(appointments, stranger)
        with running_nginx(tmp_path, portal.url, in_server=lines) as url:
            assert ask(url, head("GET", f"/api/appointments/token/{TOKEN}")).status == 502
    assert appointments.asked == before
