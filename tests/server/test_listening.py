"""Where `portal serve` listens: a path, an IPv6 address, or a socket that systemd passes on."""

import os
import socket
import stat
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from portal.serving import InUseError, listen_tcp, listen_unix, passed_listener
from tests.cli.portal_command import run
from tests.conftest import SECRET_KEY
from tests.pipes import full_pipe
from tests.server.raw_client import head, read
from tests.serving import ROOT, ask_path, serving

SOON = 30


def test_a_path_is_served_and_removed_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with serving(tmp_path, "--unix", str(path), "--unix-mode", "600") as portal:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert ask_path(str(path), "/sign-up")[0] == 200
        assert ask_path(str(path), "/api/validate?accountId=1&companyId=2")[0] == 200
        # No proxy says who a client is.
        assert "all clients share one limit" in portal.log.read_text()
        # A second one finds that somebody lives there.
        again = run(tmp_path / "other", "serve", "--unix", str(path))
        assert again.exit_code == 1
        assert f"Another server listens on {path}. Stop it, or choose another path" in again.stderr
        assert not (tmp_path / "other").exists()
    assert not path.exists()


def test_the_address_of_a_client_comes_from_the_proxy_alone(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    command = [sys.executable, "-m", "tests.serve_with_limits", str(path), "{}", "1", "small"]
    with subprocess.Popen(command, cwd=ROOT, env={}) as process:
        try:
            with _connected(path) as line:
                line.sendall(head("GET", "/environ", "X-Forwarded-For: 203.0.113.7"))
                environ = read(line).json()
        finally:
            process.terminate()
            process.wait(SOON)
    assert environ["REMOTE_ADDR"] == ""
    assert environ["HTTP_X_FORWARDED_FOR"] == "203.0.113.7"
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == ("localhost", "80")


def _connected(path: Path) -> socket.socket:
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(SOON)
    while True:
        try:
            line.connect(str(path))
        except OSError:
            continue
        return line


def test_what_a_killed_server_left_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with listen_unix(path, 0o660), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
    assert not path.exists()


def test_what_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    path.write_text("a letter")
    with pytest.raises(InUseError, match="is no socket"):
        listen_unix(path, 0o660)
    assert path.read_text() == "a letter"


def test_a_socket_of_a_later_server_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    earlier = listen_unix(path, 0o660)
    path.unlink()
    with listen_unix(path, 0o660):
        earlier.close()
        assert path.exists()


def test_paths_and_modes_that_cannot_be_used_are_refused_in_a_sentence(tmp_path: Path) -> None:
    for arguments, words in (
        (["--unix", str(tmp_path / "no" / "socket")], "The folder has to be there"),
        (["--unix", str(tmp_path / ("x" * 200))], "at most 107 bytes"),
        (["--unix", str(tmp_path / "socket"), "--unix-mode", "999"], "no mode of a file such as"),
    ):
        done = run(tmp_path / "data", "serve", *arguments)
        assert done.exit_code
        assert words in done.stderr
        assert "Traceback" not in done.stderr


def test_a_standard_output_that_nobody_reads_holds_up_no_start_and_no_end(tmp_path: Path) -> None:
    reader, writer = full_pipe()
    path = tmp_path / "socket"
    arguments = ["serve", "--unix", str(path), "--print-links", "--no-outbox"]
    environ = {"PORTAL_DATA_DIR": str(tmp_path / "data"), "PORTAL_SECRET_KEY": SECRET_KEY}
    command = [sys.executable, "-m", "portal.cli", *arguments]
    with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=writer) as process:
        try:
            with _connected(path) as line:
                line.sendall(head("GET", "/health/live"))
                assert read(line).status == 200
            # What waited comes as soon as somebody reads.
            received = b""
            while b"Sign in:" not in received:
                received += os.read(reader, 65536)
            assert b"JSON file " in received
        finally:
            process.terminate()
            assert process.wait(SOON) == 0
    os.close(reader)
    os.close(writer)


def test_an_ipv6_address_is_served_and_named_so_that_links_work(tmp_path: Path) -> None:
    """An IPv6 address cannot be a trusted host, so links lead to `localhost`."""
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as probe:
        port = str(probe.getsockname()[1])
    arguments = ["serve", "--host", "::1", "--port", port, "--print-links", "--no-outbox"]
    environ = {"PORTAL_DATA_DIR": str(tmp_path), "PORTAL_SECRET_KEY": SECRET_KEY}
    command = [sys.executable, "-m", "portal.cli", *arguments]
    with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True) as run:
        try:
            assert run.stdout is not None
            run.stdout.readline()
            assert run.stdout.readline().split()[-1] == f"http://localhost:{port}/sign-up"
            with socket.create_connection(("::1", int(port)), SOON) as line:
                line.sendall(b"GET /sign-up HTTP/1.1\r\nHost: localhost:%s\r\n\r\n" % port.encode())
                assert read(line).status == 200
        finally:
            run.terminate()
            assert run.wait(SOON) == 0


def test_all_addresses_of_ipv6_take_ipv4_as_well() -> None:
    with listen_tcp("::", 0) as listener, ExitStack() as stack:
        port = listener.socket.getsockname()[1]
        for host in ("127.0.0.1", "::1"):
            stack.enter_context(socket.create_connection((host, port), SOON))


def test_once_new_ones_are_kept_out_those_who_wait_are_still_accepted() -> None:
    """Linux drops the first packet of whoever comes, so nobody gets into the queue."""
    with listen_tcp("127.0.0.1", 0) as listener, ExitStack() as stack:
        address = listener.socket.getsockname()
        waiting = stack.enter_context(socket.create_connection(address, SOON))
        listener.keep_new_out()
        with socket.socket() as late:
            late.settimeout(0.3)
            with pytest.raises(TimeoutError):
                late.connect(address)
        accepted = stack.enter_context(listener.socket.accept()[0])
        waiting.sendall(b"x")
        assert accepted.recv(1) == b"x"


# ---- systemd


def test_a_socket_of_systemd_is_used_and_stays_open(tmp_path: Path) -> None:
    """Connections that come between two starts wait in it: the next one answers them."""
    with socket.create_server(("127.0.0.1", 0)) as opened:
        environ = {
            "PORTAL_DATA_DIR": str(tmp_path),
            "PORTAL_SECRET_KEY": SECRET_KEY,
            "PORTAL_BASE_URL": "http://127.0.0.1",
        }
        for _ in range(2):
            # As systemd does it: the descriptor is 3, and the process id is that of the program.
            script = (
                f"import os; os.dup2({opened.fileno()}, 3); os.environ.update(LISTEN_FDS='1',"
                " LISTEN_PID=str(os.getpid())); os.execv("
                f"{sys.executable!r}, [{sys.executable!r}, '-m', 'portal.cli', 'serve',"
                " '--no-outbox'])"
            )
            with socket.create_connection(opened.getsockname(), SOON) as line:
                line.sendall(head("GET", "/sign-up"))
                run = subprocess.Popen(
                    [sys.executable, "-c", script],
                    cwd=ROOT,
                    env=environ,
                    pass_fds=[opened.fileno()],
                )
                try:
                    assert read(line).status == 200
                finally:
                    run.terminate()
                    assert run.wait(SOON) == 0


def test_several_sockets_of_systemd_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    monkeypatch.setenv("LISTEN_FDS", "2")
    with pytest.raises(InUseError, match=r"Give the \.socket unit one address"):
        passed_listener()


def test_a_socket_for_another_process_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTEN_PID", "1")
    monkeypatch.setenv("LISTEN_FDS", "1")
    assert passed_listener() is None
