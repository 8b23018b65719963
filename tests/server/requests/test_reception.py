"""Clients that send slowly, half or too much: nobody else has to wait for them."""

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.server.raw_client import Answer, ask, connect, head, is_closed, post, read
from tests.serving import Portal, serving

#: On a calm machine these answers take milliseconds; in a shared pool they take as
#: long as the clients like.
SOON = 8
VALIDATE = head("GET", "/api/validate?accountId=1&companyId=2")
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """With the limits that everybody has."""
    with serving(tmp_path_factory.mktemp("portal")) as portal:
        yield portal


IMPATIENT = {
    "threads": 1,
    "validate_threads": 1,
    "health_threads": 1,
    "waiting": 2,
    "request_seconds": 1.5,
    "body_seconds": 0.5,
    "body_memory": 600_000,
    "spooled_from": 500_000,
    "uploads": 1,
    "idle_seconds": 1,
}


@pytest.fixture(scope="module")
def hold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Whoever asks for `/hold` waits until somebody opens this pipe to write, and closes it."""
    path = tmp_path_factory.mktemp("pipe") / "hold"
    os.mkfifo(path)
    return path


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, hold: Path) -> Iterator[Portal]:
    """A small application with short limits."""
    folder = tmp_path_factory.mktemp("small")
    with serving(folder, "1", "small", settings={"HOLD": str(hold)}, limits=IMPATIENT) as portal:
        yield portal


# ---- Bodies that do not come, and connections that say nothing


def test_t37_half_sent_and_dripped_bodies_and_silent_connections_hold_up_nobody(
    portal: Portal,
) -> None:
    with ExitStack() as stack:
        half = [stack.enter_context(connect(portal.url)) for _ in range(40)]
        for line in half:
            line.sendall(post("/sign-up", b"x" * 1000, kind=FORM)[:-900])
        dripped = [stack.enter_context(connect(portal.url)) for _ in range(40)]
        for line in dripped:
            line.sendall(head("POST", "/sign-up", "Content-Length: 1000", f"Content-Type: {FORM}"))
        for _ in range(40):
            stack.enter_context(connect(portal.url))
        for request in (VALIDATE, head("GET", "/health"), head("GET", "/sign-up")) * 5:
            for line in dripped:
                line.sendall(b"x")
            assert ask(portal.url, request, SOON).status == 200


@pytest.mark.parametrize("pause", [None, 0.05], ids=["silent", "dripped"])
def test_t37_a_body_has_one_deadline(small: Portal, pause: float | None) -> None:
    with connect(small.url) as line:
        line.sendall(head("POST", "/", "Content-Length: 1000"))
        done = threading.Event()
        if pause is not None:
            drip = threading.Thread(target=_drip, args=(line, pause, done))
            drip.start()
        answer = read(line)
        done.set()
        if pause is not None:
            drip.join()
    assert (answer.status, answer.headers["connection"]) == (408, "close")
    assert "too long to arrive" in answer.body.decode()


def test_a_page_of_an_allowed_origin_may_read_what_the_server_refuses(tmp_path: Path) -> None:
    allowed, other = "https://app.example.com", "https://evil.example"
    refused = {}
    with serving(
        tmp_path, settings={"API_ALLOWED_ORIGINS": allowed}, limits={"body_seconds": 0.5}
    ) as portal:
        for origin in (allowed, other):
            with connect(portal.url) as line:
                headers = (f"Origin: {origin}", "Content-Length: 1000")
                line.sendall(head("POST", "/api/imports", *headers))
                refused[origin] = read(line)
    assert [answer.status for answer in refused.values()] == [408, 408]
    assert [answer.headers["vary"] for answer in refused.values()] == ["Origin", "Origin"]
    assert refused[allowed].headers["access-control-allow-origin"] == allowed
    assert "Retry-After" in refused[allowed].headers["access-control-expose-headers"]
    assert "access-control-allow-origin" not in refused[other].headers


def _drip(line: socket.socket, pause: float, done: threading.Event) -> None:
    try:
        while not done.wait(pause):
            line.sendall(b"x")
    except OSError:
        return


@pytest.mark.parametrize(
    "start", [b"", b"GET / HTTP/1.1\r\nHost: loc", head("GET", "/")], ids=["new", "half", "idle"]
)
def test_t37_silent_connections_are_closed(small: Portal, start: bytes) -> None:
    with connect(small.url) as line:
        line.sendall(start)
        if start.endswith(b"\r\n\r\n"):
            assert read(line).status == 200
        assert is_closed(line)


def test_t38_bodies_that_would_fill_the_memory_are_refused(small: Portal) -> None:
    with connect(small.url) as line:
        line.sendall(post("/", b"x" * 400_000)[:-1])
        deadline = time.monotonic() + 30
        while (answer := ask(small.url, post("/", b"x" * 400_000))).status != 503:
            # The bytes of the first one may be under way, or its time may be up already.
            assert time.monotonic() < deadline
            line.close()
            line = connect(small.url)  # noqa: PLW2901 - the next try
            line.sendall(post("/", b"x" * 400_000)[:-1])
        assert int(answer.headers["retry-after"]) > 0
        line.close()
    eventually(lambda: ask(small.url, post("/", b"x" * 400_000)).status == 200)


def test_a_large_body_waits_in_a_file_and_only_so_many_at_a_time(small: Portal) -> None:
    body = b"x" * 900_000
    assert ask(small.url, post("/", body)).json()["length"] == len(body)
    with connect(small.url) as line:
        line.sendall(post("/", body)[:-1])
        eventually(lambda: ask(small.url, post("/", body)).status == 503)
        line.sendall(b"x")
        assert read(line).status in (200, 408)
    eventually(lambda: ask(small.url, post("/", body)).status == 200)


def eventually(holds, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline


# ---- Heads that say enough


@pytest.mark.parametrize(
    ("path", "lines", "status"),
    [
        ("/sign-up", ["Content-Length: 70000", f"Content-Type: {FORM}"], 413),
        ("/sign-up", ["Transfer-Encoding: chunked", f"Content-Type: {FORM}"], 411),
        ("/sign-up", ["Content-Length: 9", "Content-Type: text/plain"], 415),
        ("/sign-up", ["Content-Length: 9", f"Content-Type: {FORM}", "Sec-Fetch-Site: same-site"],
         403),
        ("/sign-up", ["Content-Length: 9", f"Content-Type: {FORM}", "Origin: https://evil.example"],
         403),
        ("/sign-up", ["Content-Length: 9", f"Content-Type: {FORM}", "Origin: http://["], 403),
        ("/health", ["Content-Length: 9", f"Content-Type: {FORM}"], 405),
        ("/nothing", ["Content-Length: 9", f"Content-Type: {FORM}"], 404),
        ("/api/imports", ["Content-Length: 9000000"], 401),
    ],
)  # fmt: skip
def test_what_the_head_forbids_is_answered_before_the_body_comes(
    portal: Portal, path: str, lines: list[str], status: int
) -> None:
    with connect(portal.url, SOON) as line:
        line.sendall(head("POST", path, *lines))
        answer = read(line)
        assert (answer.status, answer.headers["connection"]) == (status, "close")
        assert is_closed(line)


def test_a_refused_client_that_sends_everything_first_can_read_why(portal: Portal) -> None:
    with connect(portal.url) as line:
        line.sendall(post("/sign-up", b"x" * 3_000_000, kind=FORM))
        assert read(line).status == 413


def test_t38_long_headers_are_refused_by_the_server(portal: Portal) -> None:
    def sent(size: int) -> Answer:
        return ask(portal.url, head("GET", "/health", f"Cookie: a={'x' * size}"))

    assert sent(15_000).status == 200
    assert sent(17_000).status == 431
    many = [f"X-{number}: {'x' * 500}" for number in range(40)]
    assert ask(portal.url, head("GET", "/health", *many)).status == 431


def test_http_2_without_tls_is_off(portal: Portal) -> None:
    with connect(portal.url) as line:
        line.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
        assert is_closed(line)
    upgrade = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"]
    assert ask(portal.url, head("GET", "/health", *upgrade)).status == 200


# ---- Threads


@pytest.fixture
def held(small: Portal, hold: Path) -> Iterator[list[socket.socket]]:
    """The only thread is busy, and two more requests wait for it."""
    with ExitStack() as stack:
        lines = [stack.enter_context(connect(small.url)) for _ in range(3)]
        lines[0].sendall(head("GET", "/hold"))
        # Opening waits for the reader: then the thread is busy.
        pipe = stack.enter_context(hold.open("wb"))
        for line in lines[1:]:
            line.sendall(head("GET", "/"))
        yield lines
        pipe.close()


def test_the_queue_is_bounded_and_the_kept_threads_answer_all_the_same(
    small: Portal, held: list[socket.socket]
) -> None:
    def refused() -> bool:
        try:
            return ask(small.url, head("GET", "/"), 0.2).status == 503
        except TimeoutError:
            return False

    eventually(refused)
    answer = ask(small.url, head("GET", "/api/other"), SOON)
    assert (answer.status, answer.json()["error"]) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0
    for path in ("/api/validate", "/health", "/health/ready"):
        assert ask(small.url, head("GET", path), SOON).status == 200


def test_what_waited_too_long_is_refused_and_not_run(small: Portal, hold: Path) -> None:
    eventually(lambda: ask(small.url, head("GET", "/")).status == 200)
    with connect(small.url) as first, connect(small.url) as second:
        first.sendall(head("GET", "/hold"))
        with hold.open("wb"):
            second.sendall(post("/", b"abc"))
            # This one is answered by another thread, after the deadline of the second.
            eventually(lambda: ask(small.url, head("GET", "/health")).status == 200)
            end = time.monotonic() + IMPATIENT["request_seconds"] + 0.2
            eventually(lambda: time.monotonic() > end)
        assert read(first).status == 200
        answer = read(second)
    assert answer.status == 503
    assert b"length" not in answer.body


# ---- The environment and the answer


def test_t40_the_environment_holds_nothing_of_the_processs_own(small: Portal) -> None:
    lines = ["X_Forwarded_For: 6.6.6.6", "X-Twice: a", "X-Twice: b", "Cookie: a=1", "Cookie: b=2"]
    environ = ask(small.url, head("GET", "/environ?a=%20b", *lines)).json()
    assert environ.keys() & os.environ.keys() == set()
    assert not any(name.startswith(("PORTAL_", "AWS_", "PATH_T")) for name in environ)
    assert environ["QUERY_STRING"] == "a=%20b"
    assert environ["REMOTE_ADDR"] == "127.0.0.1"
    assert "HTTP_X_FORWARDED_FOR" not in environ
    assert environ["HTTP_X_TWICE"] == "a,b"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"


def test_a_request_says_when_it_arrived(small: Portal) -> None:
    assert 0 <= ask(small.url, post("/", b"abc")).json()["waited"] < SOON


def test_a_long_answer_waits_for_its_client_outside_of_the_memory(small: Portal) -> None:
    (worker,) = small.workers()
    with ExitStack() as stack:
        for _ in range(3):
            line = stack.enter_context(connect(small.url))
            line.sendall(head("GET", "/long"))
            # Made as a whole, and not read any further.
            assert line.recv(15) == b"HTTP/1.1 200 OK"
        assert ask(small.url, head("GET", "/")).status == 200
        assert memory_of(worker) < 100
        # Pieces with their lengths; the last one is empty.
        end = b""
        while not end.endswith(b"\r\n0\r\n\r\n"):
            more = line.recv(1_000_000)
            assert more
            end = end[-16:] + more


def memory_of(process: int) -> int:
    """In megabytes, without what is only mapped."""
    text = Path(f"/proc/{process}/status").read_text()
    kilobytes = text.partition("RssAnon:")[2].split()[0]
    return int(kilobytes) // 1024


def test_an_answer_that_breaks_off_is_never_taken_for_a_whole_one(small: Portal) -> None:
    answer = ask(small.url, head("GET", "/broken"))
    assert answer.status == 500
    assert json.dumps("x") not in answer.body.decode()


def test_a_head_request_gets_no_body(portal: Portal) -> None:
    with connect(portal.url) as line:
        line.sendall(head("HEAD", "/sign-up"))
        received = line.recv(65536)
        assert received.endswith(b"\r\n\r\n")
        line.sendall(head("GET", "/health"))
        assert read(line).status == 200
