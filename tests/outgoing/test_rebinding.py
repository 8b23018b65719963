"""A name that leads elsewhere a moment later gains nothing: the request goes to the very address
that was looked at."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from portal.outgoing import Caller, CallError, CallProblem, Route, Target, is_public

OUTER, INNER = "127.0.0.1", "127.0.0.2"


@contextmanager
def listening(address: str, port: int = 0) -> Iterator[tuple[int, list[str]]]:
    """Its port, and the paths that it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer((address, port), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port, asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Changing:
    """A resolver that answers differently at each look."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = list(answers)
        self.looks = 0

    def __call__(self, _host: str, _port: int) -> list[str]:
        self.looks += 1
        return self._answers.pop(0)


def caller(resolve: Changing) -> Caller:
    route = Route(allows=is_public, allows_plain=lambda address: address == OUTER, resolve=resolve)
    return Caller(route, places=2, name="test")


def test_the_address_that_was_looked_at_is_the_one_that_is_asked() -> None:
    resolve = Changing([OUTER], [INNER], [OUTER, INNER])
    with listening(OUTER) as (port, outer), listening(INNER, port) as (_, inner):
        calls = caller(resolve)
        target = Target(host="rebinding.example", port=port, is_plain=True)
        assert calls.call(target, "POST", "/first", seconds=10).status == 204
        # One look for one request: a second one, which leads inside, is never asked for.
        assert resolve.looks == 1
        for path in ("/second", "/mixed"):
            with pytest.raises(CallError) as refused:
                calls.call(target, "POST", path, seconds=10)
            assert refused.value.problem is CallProblem.PRIVATE
    assert (outer, inner, resolve.looks) == (["/first"], [], 3)


@pytest.mark.parametrize(
    "inside",
    [
        "10.0.0.1", "169.254.169.254", "::1", "fe80::1", "fd00:ec2::254",
        # NAT64: the network makes 169.254.169.254 and 127.0.0.1 of them.
        "64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b:1::a9fe:a9fe", "64:ff9b:1:fffe::1",
    ],
)  # fmt: skip
@pytest.mark.parametrize("has_proxy", [False, True])
def test_a_name_with_an_address_inside_is_refused(inside: str, *, has_proxy: bool) -> None:
    route = Route(
        allows=is_public,
        resolve=Changing(["8.8.8.8", inside]),
        proxy="http://127.0.0.1:1" if has_proxy else "",
        checks_before_proxy=True,
    )
    with pytest.raises(CallError) as refused:
        Caller(route, places=1, name="test").call(
            Target(host="mixed.example"), "POST", "/", seconds=10
        )
    assert refused.value.problem is CallProblem.PRIVATE
