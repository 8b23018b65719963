"""T2, T3: the limits of a portal with two worker processes, as an operator starts it."""

import re
import threading
import urllib.error
import urllib.request
from html import unescape
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

from portal.timestamps import utc_now
from tests.serving import Portal, serving
from tests.web.pages import TYPED

_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
_SENDERS = 8


class Sender:
    """A browser with a form that is filled in. Each request is a new connection, so any worker
    may answer it."""

    def __init__(self, portal: Portal, number: int) -> None:
        self.url = f"{portal.url}/sign-up"
        cookies = urllib.request.HTTPCookieProcessor(CookieJar())
        self.open = urllib.request.build_opener(cookies, _NoRedirects()).open
        with self.open(self.url) as page:
            hidden = {
                name: unescape(value) for name, value in _HIDDEN.findall(page.read().decode())
            }
        self.form = hidden | TYPED | {"email": f"jane@company{number}.example.com"}

    def send(self, forwarded_for: str) -> tuple[int, str | None]:
        """The status of the answer, and its `Retry-After`."""
        body = urlencode(self.form).encode()
        headers = {"X-Forwarded-For": forwarded_for}
        try:
            self.open(urllib.request.Request(self.url, body, headers))  # noqa: S310 - http
        except urllib.error.HTTPError as error:
            return error.code, error.headers["Retry-After"]
        raise AssertionError("the form was shown again")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: object) -> None:
        return None


def _all_at_once(senders: list[Sender], forwarded_for: str) -> list[tuple[int, str | None]]:
    answers: list[tuple[int, str | None]] = []
    start = threading.Barrier(len(senders))

    def send(sender: Sender) -> None:
        start.wait()
        answers.append(sender.send(forwarded_for))

    threads = [threading.Thread(target=send, args=(sender,)) for sender in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_t2_the_sixth_sign_up_of_an_hour_is_refused_whichever_worker_answers(
    tmp_path: Path,
) -> None:
    settings = {"PORTAL_SIGN_UPS_PER_HOUR": "5", "PORTAL_PROXY_HOPS": "1"}
    with serving(tmp_path, "--workers", "2", settings=settings) as portal:
        senders = [Sender(portal, number) for number in range(2 * _SENDERS)]
        # An hour may end in the middle once, but not twice.
        for at in (0, _SENDERS):
            hour = utc_now().hour
            answers = _all_at_once(senders[at : at + _SENDERS], f"203.0.113.9, 192.0.2.{at}")
            if utc_now().hour == hour:
                break
        refused = [retry_after for status, retry_after in answers if status == 429]
        assert sorted(status for status, _ in answers) == [303] * 5 + [429] * 3
        assert all(retry_after and 0 < int(retry_after) <= 3600 for retry_after in refused)
        # Whoever gets through gets through, whoever else was refused.
        assert senders[at].send("192.0.2.99")[0] == 303
