"""Two portals on one folder behind nginx: each is restarted while people write, and none is lost.

`max_fails=0`: by default nginx leaves a server out for 10 seconds after one failed connection. In
a rolling restart it then leaves out the one that has just come back, and answers 502.
"""

import getpass
import os
import re
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.cookiejar import CookieJar
from pathlib import Path

from portal.stores.file import JsonFileStore
from tests.server.eventually import eventually
from tests.server.nginx import wait_for
from tests.server.raw_client import ask, head, post
from tests.serving import Portal, free_port, serving

HIDDEN = r'name="(csrf_token|form_token)"[^>]*value="([^"]+)"'


@contextmanager
def nginx_in_front_of(folder: Path, *servers: str) -> Iterator[str]:
    """An nginx that shares requests out among them, as docs/operating.md says for several."""
    port = free_port()
    upstream = "\n".join(f"server {server} max_fails=0;" for server in servers)
    temporary = "\n".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    configuration = folder / "nginx.conf"
    configuration.write_text(f"""
        daemon off; user {getpass.getuser()}; pid {folder}/pid; error_log {folder}/nginx.log;
        events {{}}
        http {{
            access_log off; {temporary}
            upstream portal {{ {upstream} keepalive 16; keepalive_timeout 50s; }}
            server {{
                listen 127.0.0.1:{port};
                location / {{
                    proxy_pass http://portal;
                    proxy_http_version 1.1;
                    proxy_set_header Connection "";
                    proxy_set_header Host $host;
                    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                }}
            }}
        }}
        """)
    command = ["nginx", "-p", str(folder), "-e", str(folder / "log"), "-c", str(configuration)]
    with subprocess.Popen(command) as run:
        url = f"http://127.0.0.1:{port}"
        try:
            wait_for(url, run)
            yield url
        finally:
            run.terminate()
            run.wait(30)


@dataclass
class Clients:
    """Some read pages, some sign up. What became of each request."""

    url: str
    outcomes: list[str] = field(default_factory=list)
    stored: list[str] = field(default_factory=list)
    """Companies whose sign-up was acknowledged."""
    stop: threading.Event = field(default_factory=threading.Event)

    def read(self) -> None:
        while not self.stop.is_set():
            for path in ("/sign-up", "/api/validate?accountId=1&companyId=2"):
                self._note(partial(self._status, path))

    def _status(self, path: str) -> int:
        return ask(self.url, head("GET", path)).status

    def sign_up(self, number: int) -> None:
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

        def send() -> int:
            page = browser.open(f"{self.url}/sign-up", timeout=30).read().decode()
            company = f"Meyer {number} {len(self.outcomes)}"
            form = {
                **dict(re.findall(HIDDEN, page)),
                "company": company, "name": "Kim Meyer", "email": f"kim{number}@meyer.example",
            }  # fmt: skip
            data = urllib.parse.urlencode(form).encode()
            with browser.open(f"{self.url}/sign-up", data, timeout=30) as answer:
                assert "/status/" in answer.url
                self.stored.append(company)
                return int(answer.status)

        while not self.stop.is_set():
            self._note(send)

    def go_on(self) -> None:
        """Wait until some more were answered."""
        seen = len(self.outcomes)
        eventually(lambda: len(self.outcomes) > seen + 20)

    def _note(self, send: Callable[[], int]) -> None:
        try:
            self.outcomes.append(str(send()))
        except (OSError, AssertionError) as error:
            self.outcomes.append(repr(error))


@contextmanager
def clients_of(url: str) -> Iterator[Clients]:
    clients = Clients(url)
    threads = [
        threading.Thread(target=clients.read),
        *(threading.Thread(target=clients.sign_up, args=(number,)) for number in (1, 2)),
    ]
    for thread in threads:
        thread.start()
    try:
        yield clients
    finally:
        clients.stop.set()
        for thread in threads:
            thread.join(60)


def companies(folder: Path) -> list[str]:
    store = JsonFileStore(folder)
    try:
        found = store.scan(limit=1000)
    finally:
        store.close()
    return sorted(
        str(item["contactCompanyName"])
        for item in found.items
        if str(item["tenantId"]).startswith("pending-")
    )


def test_a_rolling_restart_loses_no_request_and_no_sign_up(tmp_path: Path) -> None:
    """One of the two listens on a port, the other one on a path."""
    data = tmp_path / "data"
    path = str(tmp_path / "socket")
    ports = free_port(), free_port()
    settings = {
        "PORTAL_DATA_DIR": str(data),
        "PORTAL_BASE_URL": "http://127.0.0.1",
        "PORTAL_PROXY_HOPS": "1",
    }

    @contextmanager
    def instance(number: int) -> Iterator[Portal]:
        folder = tmp_path / f"{number}-{time.monotonic_ns()}"
        folder.mkdir()
        extra = ["--unix", path, "--no-outbox"] if number else []
        with serving(folder, *extra, port=ports[number], settings=settings) as portal:
            yield portal

    with ExitStack() as stack:
        portals = [stack.enter_context(instance(number)) for number in (0, 1)]
        url = stack.enter_context(
            nginx_in_front_of(tmp_path, f"127.0.0.1:{ports[0]}", f"unix:{path}")
        )
        with clients_of(url) as clients:
            for number in (0, 1):
                clients.go_on()
                portals[number].process.terminate()
                assert portals[number].process.wait(60) == 0
                clients.go_on()
                portals[number] = stack.enter_context(instance(number))
            # The third way: one of them renews its workers.
            portals[0].process.send_signal(signal.SIGHUP)
            eventually(lambda: "are renewed. The earlier" in portals[0].log.read_text())
            clients.go_on()
    assert set(clients.outcomes) == {"200"}
    assert len(clients.stored) > 20
    assert companies(data) == sorted(clients.stored)


def test_a_form_whose_server_dies_is_not_sent_to_the_other_one(tmp_path: Path) -> None:
    """nginx sends what changes nothing once more, and a POST only if nobody has read it."""
    hold = tmp_path / "hold"
    os.mkfifo(hold)
    settings = {"HOLD": str(hold)}
    with ExitStack() as stack:
        portals = []
        for number in (1, 2):
            folder = tmp_path / str(number)
            folder.mkdir()
            portals.append(
                stack.enter_context(serving(folder, "1", "small", settings=settings, limits={}))
            )
        servers = [portal.url.removeprefix("http://") for portal in portals]
        url = stack.enter_context(nginx_in_front_of(tmp_path, *servers))
        statuses: dict[str, int] = {}

        def send(request: bytes, name: str) -> None:
            statuses[name] = ask(url, request, 60).status

        for name, request in (("POST", post("/hold", b"x")), ("GET", head("GET", "/hold"))):
            client = threading.Thread(target=send, args=(request, name))
            client.start()
            # It opens once somebody reads: then the request has been taken.
            writer = os.open(hold, os.O_WRONLY)
            victim = next(each for each in portals if _reads(each, hold))
            os.kill(min(victim.workers()), signal.SIGKILL)
            eventually(partial(_does_not_read, victim, hold))
            if name == "GET":
                eventually(lambda: any(_reads(each, hold) for each in portals))
            os.close(writer)
            client.join(60)
            eventually(lambda: ask(url, head("GET", "/")).status == 200)
        assert statuses == {"POST": 502, "GET": 200}


def _does_not_read(portal: Portal, path: Path) -> bool:
    return not _reads(portal, path)


def _reads(portal: Portal, path: Path) -> bool:
    """Whether a worker has this file open."""
    for worker in portal.workers():
        try:
            links = [each.readlink() for each in Path(f"/proc/{worker}/fd").iterdir()]
        except OSError:
            continue
        if path in links:
            return True
    return False
