"""`PORTAL_METRICS_LISTEN`: an address of its own for the metrics."""

import socket
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from portal.metrics import open_listener
from portal.metrics.listener import MetricsListener
from portal.metrics_setting import MetricsAddress, metrics_address
from portal.setting_parsers import SettingsError
from portal.settings import Settings
from tests.conftest import SECRET_KEY
from tests.server.raw_client import head, read
from tests.serving import free_port

PROMETHEUS = frozenset({"prometheus"})


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:9100", "127.0.0.1", 9100),
        ("[::1]:9100", "::1", 9100),
        ("0.0.0.0:1", "0.0.0.0", 1),  # noqa: S104 - what an operator may set
        ("localhost:65535", "localhost", 65535),
    ],
)
def test_hosts_and_ports(text: str, host: str, port: int) -> None:
    address = metrics_address(text, PROMETHEUS)
    assert address == MetricsAddress(host=host, port=port)
    assert str(address) == text


def test_a_path_of_a_socket() -> None:
    address = metrics_address("unix:/run/portal/metrics.sock", PROMETHEUS)
    assert address == MetricsAddress(path="/run/portal/metrics.sock")
    assert metrics_address("", PROMETHEUS) is None


@pytest.mark.parametrize(
    "text",
    [
        "9100", ":9100", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "::1:9100",
        "host:port", "http://127.0.0.1:9100", "127.0.0.1:9100/metrics", "unix:", "unix:relative",
        "unix:/run/", "unix:/" + "x" * 110, "a b:9100",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(SettingsError, match=r"127\.0\.0\.1:9100 .* unix:/run/portal/metrics"):
        metrics_address(text, PROMETHEUS)


def test_without_prometheus_there_is_nothing_to_show_there() -> None:
    environ = {"PORTAL_SECRET_KEY": SECRET_KEY, "PORTAL_METRICS_LISTEN": "127.0.0.1:9100"}
    with pytest.raises(SettingsError, match="PORTAL_METRICS=prometheus as well"):
        Settings.from_environment(environ)
    with pytest.raises(SettingsError, match="PORTAL_METRICS=prometheus as well"):
        Settings.from_environment({**environ, "PORTAL_METRICS": "log"})


@contextmanager
def answering(address: MetricsAddress, text: str = "portal 1\n") -> Iterator[None]:
    with open_listener(address) as listener:
        assert listener is not None
        with listener.answering(lambda: text):
            yield


@contextmanager
def connected(address: MetricsAddress) -> Iterator[socket.socket]:
    if address.path:
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(30)
        line.connect(address.path)
    else:
        line = socket.create_connection((address.host, address.port), timeout=30)
    with line:
        yield line


@pytest.fixture(params=["127.0.0.1", "::1", "unix"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> MetricsAddress:
    if request.param == "unix":
        return MetricsAddress(path=str(tmp_path / "metrics.sock"))
    return MetricsAddress(host=request.param, port=free_port())


def test_it_answers_two_paths_and_nothing_else(address: MetricsAddress) -> None:
    def answer(method: str, path: str) -> tuple[int, bytes]:
        with connected(address) as line:
            line.sendall(head(method, path, "Connection: close"))
            if method == "HEAD":
                return int(line.recv(65536).split()[1]), b""
            found = read(line)
        assert found.headers["cache-control"] == "no-store"
        assert "set-cookie" not in found.headers
        assert b"html" not in found.body.lower()
        return found.status, found.body

    with answering(address):
        assert answer("GET", "/metrics") == (200, b"portal 1\n")
        assert answer("GET", "/metrics?a=b") == (200, b"portal 1\n")
        assert answer("HEAD", "/metrics") == (200, b"")
        assert answer("GET", "/health/live") == (200, b'{"status": "ok"}\n')
        for path in ("/", "/health", "/health/ready", "/staff/", "/metrics/"):
            assert answer("GET", path)[0] == 404
        for method in ("POST", "PUT", "DELETE", "BREW"):
            assert answer(method, "/metrics")[0] == 405


def test_an_address_that_is_taken_is_refused(address: MetricsAddress) -> None:
    with (
        answering(address),
        pytest.raises(SettingsError, match=r"Cannot listen on .*: Address already in use"),
    ):
        MetricsListener(address)


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"Cannot listen on 192\.0\.2\.1:9100: Cannot assign"):
        MetricsListener(MetricsAddress(host="192.0.2.1", port=9100))
    with pytest.raises(SettingsError, match=r"Cannot listen on name\.invalid:9100"):
        MetricsListener(MetricsAddress(host="name.invalid", port=9100))


def test_a_socket_that_was_left_behind_is_replaced_and_no_other_file(tmp_path: Path) -> None:
    path = tmp_path / "metrics.sock"
    address = MetricsAddress(path=str(path))
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(path))
    with answering(address):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        with connected(address) as line:
            line.sendall(head("GET", "/metrics"))
            assert read(line).status == 200
    assert not path.exists()
    path.write_text("somebody's")
    with pytest.raises(SettingsError, match="Address already in use"):
        MetricsListener(address)
    assert path.read_text() == "somebody's"


def test_the_socket_of_a_later_portal_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "metrics.sock"
    address = MetricsAddress(path=str(path))
    earlier = MetricsListener(address)
    path.unlink()
    with answering(address):
        earlier.close()
        with connected(address) as line:
            line.sendall(head("GET", "/metrics"))
            assert read(line).status == 200


def test_clients_that_say_nothing_take_few_threads_and_hold_up_nobody(
    address: MetricsAddress,
) -> None:
    before = threading.active_count()
    with answering(address):
        with ExitStack() as lines:
            for _ in range(30):
                lines.enter_context(connected(address))
            assert threading.active_count() - before < 16

        def is_answered() -> bool:
            try:
                with connected(address) as line:
                    line.sendall(head("GET", "/metrics"))
                    return read(line).status == 200
            except (AssertionError, OSError):
                return False

        deadline = time.monotonic() + 30
        while not is_answered():
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_a_client_that_sends_a_byte_now_and_then_is_cut_off(address: MetricsAddress) -> None:
    request = head("GET", "/metrics", "X-Long: " + "x" * 50_000)

    def send_slowly(line: socket.socket) -> None:
        for byte in request:
            line.sendall(bytes((byte,)))
            time.sleep(0.01)

    with open_listener(address) as listener:
        assert listener is not None
        with listener.answering(lambda: "portal 1\n", client_seconds=0.5):
            with (
                connected(address) as slow,
                pytest.raises(OSError, match=r"reset|[Bb]roken pipe"),
            ):
                send_slowly(slow)
            with connected(address) as quick:
                quick.sendall(head("GET", "/metrics"))
                assert read(quick).status == 200
