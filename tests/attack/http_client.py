"""Requests over plain sockets. Whatever comes back is an `Answer`, also nothing: no error."""

import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlencode

#: The session cookie of the portal over http.
COOKIE = "portal"
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` is 0 without an answer: refused, cut off or too late."""

    status: int
    seconds: float
    text: str = ""
    location: str = ""
    cookie: str = ""
    """The session cookie that it sets; empty without one."""
    garbled: str = ""
    """What came instead of HTTP, for example bytes of another answer."""


def ask(
    port: int,
    method: str,
    path: str,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    timeout: float = 15,
) -> Answer:
    """Sends one request over a connection of its own; waits at most `timeout` seconds for each
    part of the answer."""
    started = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body or None, dict(headers or {}))
        response = connection.getresponse()
        text = response.read().decode(errors="replace")
    except (OSError, http.client.IncompleteRead):
        # RemoteDisconnected is an OSError: the connection was closed before a status line.
        return Answer(0, time.monotonic() - started)
    except (http.client.HTTPException, ValueError) as error:
        return Answer(0, time.monotonic() - started, garbled=repr(error)[:200])
    finally:
        connection.close()
    return Answer(
        response.status,
        time.monotonic() - started,
        text,
        response.getheader("Location", ""),
        _cookie_of(response),
    )


def _cookie_of(response: http.client.HTTPResponse) -> str:
    cookies = SimpleCookie()
    for header in response.headers.get_all("Set-Cookie") or ():
        try:
            cookies.load(header)
        except CookieError:
            return ""
    return cookies[COOKIE].value if COOKIE in cookies else ""


@dataclass
class Browser:
    """Keeps its session cookie and sends its `headers` each time."""

    port: int
    timeout: float
    headers: Mapping[str, str] = field(default_factory=dict)
    cookie: str = ""

    def get(self, path: str) -> Answer:
        return self._ask("GET", path)

    def post(self, path: str, form: Mapping[str, str]) -> Answer:
        return self._ask("POST", path, urlencode(form).encode(), _FORM)

    def _ask(
        self, method: str, path: str, body: bytes = b"", more: Mapping[str, str] | None = None
    ) -> Answer:
        headers = {**self.headers, **(more or {})}
        if self.cookie:
            headers["Cookie"] = f"{COOKIE}={self.cookie}"
        answer = ask(self.port, method, path, body=body, headers=headers, timeout=self.timeout)
        if answer.cookie:
            self.cookie = answer.cookie
        return answer
