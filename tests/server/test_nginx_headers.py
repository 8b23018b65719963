"""What the nginx of docs/operating.md passes on, to whom, and how often."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.server.nginx import running_nginx
from tests.server.raw_client import ask, connect, head, post, read
from tests.serving import free_port


@dataclass
class Instance:
    """A server that notes what it is asked: method and path, headers, body."""

    url: str = ""
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def instance(*, dies_after_reading: bool = False) -> Iterator[Instance]:
    noted = Instance()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            noted.asked.append((f"{self.command} {self.path}", headers, body))
            if dies_after_reading:
                # As a process that was killed: not a byte of an answer.
                self.close_connection = True
                return
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        do_GET = do_POST = _answer  # noqa: N815 - the base's names

        def log_message(self, *_arguments: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        noted.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield noted
        finally:
            server.shutdown()
            thread.join()


SPOOFED = (
    "X-Forwarded-For: 198.51.100.1",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Host: evil.example",
    "X-Forwarded-Prefix: /evil",
    "X-Request-Id: Jane-Doe-of-Example",
    "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "tracestate: client=chosen",
)


def test_t3_what_a_client_says_about_itself_reaches_nobody(tmp_path: Path) -> None:
    with instance() as behind, running_nginx(tmp_path, behind.url) as url:
        assert ask(url, head("GET", "/sign-up?a=b%2Fc", *SPOOFED)).status == 200
    ((line, headers, _body),) = behind.asked
    assert line == "GET /sign-up?a=b%2Fc"
    forwarded = {name: text for name, text in headers.items() if name.startswith("x-forwarded")}
    assert forwarded == {
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-proto": "http",
        "x-forwarded-host": "localhost",
    }
    assert headers["host"] == "localhost"
    assert not {"traceparent", "tracestate"} & set(headers)
    # It stands in the log, in the history and in mails.
    assert re.fullmatch("[0-9a-f]{32}", headers["x-request-id"])


def test_t24_a_request_without_a_host_is_refused(tmp_path: Path) -> None:
    with instance() as behind, running_nginx(tmp_path, behind.url) as url:
        for start in (b"GET /sign-up HTTP/1.0\r\n\r\n", b"GET /sign-up HTTP/1.1\r\n\r\n"):
            with connect(url) as line:
                line.sendall(start)
                assert read(line).status == 400
    assert behind.asked == []


@pytest.mark.parametrize("size", [1_500_000, 5_100_000])
def test_what_is_too_long_the_portal_refuses_itself(tmp_path: Path, size: int) -> None:
    body = b"x" * size
    with instance() as behind, running_nginx(tmp_path, behind.url) as url:
        assert ask(url, post("/staff/imports/", body)).body == b"ok"
    assert len(behind.asked[0][2]) == size


def test_while_one_of_two_instances_is_down_nobody_notices(tmp_path: Path) -> None:
    down = f"http://127.0.0.1:{free_port()}"
    with (
        instance() as up,
        running_nginx(tmp_path, down, second_url=up.url) as url,
    ):
        statuses = [ask(url, head("GET", f"/{number}")).status for number in range(40)]
        statuses += [ask(url, post(f"/{number}", b"a=b")).status for number in range(40)]
    assert set(statuses) == {200}
    assert len(up.asked) == 80


def test_both_down_and_up_again_is_noticed_at_once(tmp_path: Path) -> None:
    # With the default of max_fails, both would be out for ten seconds now.
    down, also_down = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    with running_nginx(tmp_path, down, second_url=also_down) as url:
        assert {ask(url, head("GET", "/")).status for _ in range(4)} == {502}
        port = int(down.rpartition(":")[2])
        with ThreadingHTTPServer(("127.0.0.1", port), BaseHTTPRequestHandler) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            # The class answers 501 to everything: it is up.
            assert {ask(url, head("GET", "/")).status for _ in range(4)} == {501}
            server.shutdown()
            thread.join()


def test_a_post_that_a_server_has_read_is_not_sent_to_another(tmp_path: Path) -> None:
    with (
        instance(dies_after_reading=True) as dying,
        instance() as healthy,
        running_nginx(tmp_path, dying.url, second_url=healthy.url) as url,
    ):
        answers = [ask(url, post(f"/{number}", b"a=b")).status for number in range(8)]
        # What only reads may be asked again.
        reads = {ask(url, head("GET", "/")).status for _ in range(8)}
    taken = [line for line, _, _ in dying.asked + healthy.asked if line.startswith("POST")]
    assert sorted(taken) == [f"POST /{number}" for number in range(8)]
    assert answers.count(502) == sum(line.startswith("POST") for line, _, _ in dying.asked) > 0
    assert reads == {200}


@pytest.mark.parametrize("stripped", [False, True])
def test_below_a_path_both_ways(tmp_path: Path, stripped: bool) -> None:
    with (
        instance() as behind,
        running_nginx(tmp_path, behind.url, prefix="/onboarding", stripped=stripped) as url,
    ):
        assert ask(url, head("GET", "/onboarding/sign-up", *SPOOFED)).status == 200
        assert ask(url, head("GET", "/sign-up")).status == 404
        moved = ask(url, head("GET", "/onboarding"))
    assert (moved.status, moved.headers["location"].endswith("/onboarding/")) == (308, True)
    ((line, headers, _body),) = behind.asked
    assert line == ("GET /sign-up" if stripped else "GET /onboarding/sign-up")
    assert headers.get("x-forwarded-prefix") == ("/onboarding" if stripped else None)
