"""Imports over the real server: bodies that no test client sends, and a server that is killed in
the middle."""

import gzip
import json
import re
import socket
import struct
import time
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

import pytest

from portal import records
from portal.auth import Scope, create_api_token, make_sign_in_link
from portal.imports.jobs.apply import ROWS_PER_STEP
from portal.imports.jobs.job import ImportJob, JobState, find_job
from portal.stores.contract import Store
from portal.stores.file.store import JsonFileStore
from portal.timestamps import utc_now
from tests.serving import Portal, serving
from tests.web.import_bodies import tenant
from tests.web.pages import everything, tenants_in

PAGE, REQUEST = "/staff/imports/", "/api/imports"
LIMIT = 5_000_000
CHUNK = 60_000
FORM = "application/x-www-form-urlencoded"
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


def row(number: int) -> bytes:
    return json.dumps(tenant(number)).encode() + b"\n"


@dataclass(frozen=True)
class Answer:
    status: int
    text: str


@dataclass
class Browser:
    """Sends any bytes, as an administrator or as a script with a token."""

    portal: Portal
    store: Store
    jar: CookieJar = field(default_factory=CookieJar)

    def __post_init__(self) -> None:
        self.open = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar)).open
        now = utc_now()
        self.token = create_api_token(
            self.store, name="script", scopes=[Scope.IMPORTS_WRITE], life=timedelta(days=1), now=now
        )
        link = make_sign_in_link(
            self.store, email="ada@staff.example.com", name="Ada", role="admin", now=now
        )
        path = f"/staff/sign-in/{link}"
        self.press(path, path)

    def get(self, path: str) -> str:
        with self.open(f"{self.portal.url}{path}", timeout=30) as answer:
            return str(answer.read().decode())

    def fields(self, path: str) -> dict[str, str]:
        """The hidden ones of a page's forms."""
        return {name: unescape(value) for name, value in _HIDDEN.findall(self.get(path))}

    def press(self, path: str, to: str, **typed: str) -> str:
        """The address where a form's button leads."""
        body = urlencode(self.fields(path) | typed).encode()
        with self.open(f"{self.portal.url}{to}", body, timeout=30) as answer:
            return str(answer.url).removeprefix(self.portal.url)

    def head(self, path: str, kind: str, *lines: str) -> bytes:
        """Of a POST that this browser, or the script with its token, sends."""
        who = (
            f"Authorization: Bearer {self.token}"
            if path == REQUEST
            else f"Cookie: {'; '.join(f'{each.name}={each.value}' for each in self.jar)}"
        )
        host = self.portal.url.removeprefix("http://")
        all_lines = [f"POST {path} HTTP/1.1", f"Host: {host}", "Connection: close",
                     f"Content-Type: {kind}", who, *lines, "", ""]  # fmt: skip
        return "\r\n".join(all_lines).encode()

    def upload(self, file: bytes, *, path: str, pasted: bool = False) -> tuple[str, bytes]:
        """A file's content type and body: as the request takes it, or as a form of the page."""
        if path == REQUEST:
            return "application/json", file
        chosen = {"csrf_token": self.fields(PAGE)["csrf_token"], "policy": "skip"}
        if pasted:
            return FORM, urlencode(chosen | {"text": file}).encode()
        parts = [
            f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in chosen.items()
        ]
        name = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="x.json"\r\n\r\n'
        return "multipart/form-data; boundary=edge", b"".join(
            [*parts, name, file, b"\r\n--edge--\r\n"]
        )

    def line(self) -> socket.socket:
        host, _, port = self.portal.url.removeprefix("http://").partition(":")
        return socket.create_connection((host, int(port)), timeout=30)

    def send(self, pieces: Iterable[bytes]) -> Answer:
        """As much as the server takes, and what it answers."""
        with self.line() as line:
            try:
                for piece in pieces:
                    line.sendall(piece)
            except OSError:
                # The server has answered already, and reads no more.
                pass
            return read_answer(line)


def read_answer(line: socket.socket) -> Answer:
    received = b""
    try:
        while more := line.recv(65536):
            received += more
    except ConnectionResetError:
        pass
    head, _, body = received.partition(b"\r\n\r\n")
    return Answer(int(head.split()[1]), body.decode())


def chunked(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), CHUNK):
        piece = body[start : start + CHUNK]
        yield b"%x\r\n%b\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"


def imported(store: Store) -> list[str]:
    """All items of tenants, events and imports."""
    kinds = ("event-8", "event-p", "import-")
    return [
        key
        for key, item in everything(store).items()
        if records.is_tenant(item) or key.startswith(kinds)
    ]


@contextmanager
def at_work(folder: Path) -> Iterator[Browser]:
    store = JsonFileStore(folder / "data")
    try:
        with serving(folder) as portal:
            yield Browser(portal, store)
    finally:
        store.close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with at_work(tmp_path_factory.mktemp("portal")) as browser:
        yield browser


# ---- I09-I12: bodies that are refused


@pytest.mark.parametrize("path", [REQUEST, PAGE])
@pytest.mark.parametrize(
    "file",
    [
        pytest.param(row(1) * (6_000_000 // len(row(1))), id="I10"),
        pytest.param(row(1) + b" " * 6_000_000, id="I11"),
        pytest.param(row(1), id="small"),
    ],
)
def test_i10_i11_a_body_without_a_length_is_refused(
    browser: Browser, path: str, file: bytes
) -> None:
    kind, body = browser.upload(file, path=path)
    head = browser.head(path, kind, "Transfer-Encoding: chunked")
    answer = browser.send([head, *chunked(body)])
    assert (answer.status, "Length required." in answer.text) == (411, True)
    assert imported(browser.store) == []


@pytest.mark.parametrize("path", [REQUEST, PAGE])
@pytest.mark.parametrize("size", [LIMIT + 1, 6_000_000])
def test_i09_a_file_that_is_too_large_is_refused_with_the_limit(
    browser: Browser, path: str, size: int
) -> None:
    kind, body = browser.upload(row(1).ljust(size), path=path)
    head = browser.head(path, kind, f"Content-Length: {len(body)}")
    answer = browser.send([head, body])
    assert answer.status == 413
    assert "The file is larger than 5 MB." in answer.text
    assert imported(browser.store) == []


@pytest.mark.parametrize("path", [REQUEST, PAGE])
@pytest.mark.parametrize("headers", [(), ("Content-Encoding: gzip",)], ids=["bytes", "header"])
def test_i12_a_compressed_file_is_refused(
    browser: Browser, path: str, headers: tuple[str, ...]
) -> None:
    kind, body = browser.upload(gzip.compress(row(1)), path=path)
    head = browser.head(path, kind, f"Content-Length: {len(body)}", *headers)
    answer = browser.send([head, body])
    assert answer.status == 415
    assert "Send the file uncompressed." in answer.text
    assert imported(browser.store) == []


# ---- I23: who hangs up


def half(browser: Browser, path: str, *, pasted: bool = False) -> bytes:
    """The head and the first bytes of a file: whole rows, but fewer bytes than announced."""
    kind, body = browser.upload(row(1) + row(2), path=path, pasted=pasted)
    head = browser.head(path, kind, f"Content-Length: {len(body)}")
    second = b"%7B%22accountId" if pasted else b'{"accountId'
    return head + body[: body.rindex(second)]


@pytest.mark.parametrize(
    ("path", "pasted"), [(REQUEST, False), (PAGE, False), (PAGE, True)],
    ids=["request", "file", "pasted"],
)  # fmt: skip
def test_i23_a_sender_that_falls_silent_changes_nothing(
    browser: Browser, path: str, pasted: bool
) -> None:
    with browser.line() as line:
        line.sendall(half(browser, path, pasted=pasted))
        line.shutdown(socket.SHUT_WR)
        assert read_answer(line).status == 400
    assert imported(browser.store) == []


def test_i23_a_sender_that_hangs_up_changes_nothing(tmp_path: Path) -> None:
    with at_work(tmp_path) as browser:
        for path, pasted in ((REQUEST, False), (PAGE, False), (PAGE, True)):
            for at_once in (0, 1):
                line = browser.line()
                line.sendall(half(browser, path, pasted=pasted))
                # A reset: bytes that are still under way are lost, and the server notices.
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", at_once, 0))
                line.close()
        kind, body = browser.upload(row(3), path=REQUEST)
        head = browser.head(REQUEST, kind, f"Content-Length: {len(body)}")
        assert browser.send([head, body]).status == 200
    # The request has ended, and so has everything that it had begun.
    store = JsonFileStore(tmp_path / "data")
    assert tenants_in(store).keys() == {"86810_3"}
    assert sum(key.startswith("import-") for key in everything(store)) == 3
    store.close()


# ---- A server that is killed

MANY = 2 * ROWS_PER_STEP + 100


def test_after_a_killed_server_is_restarted_the_import_continues(tmp_path: Path) -> None:
    with at_work(tmp_path) as ada:
        text = b"".join(row(number) for number in range(MANY)).decode()
        url = ada.press(PAGE, PAGE, text=text, policy="skip")
        ada.press(url, f"{url}/apply")
        assert handled(ada.store, url).processed == ROWS_PER_STEP
        ada.portal.kill()
        port = int(ada.portal.url.rpartition(":")[2])
        assert_whole(ada.store, ROWS_PER_STEP)

        with serving(tmp_path, port=port) as ada.portal:
            # The first kill was between two steps; this one is in the middle of one.
            body = urlencode(ada.fields(url)).encode()
            head = ada.head(f"{url}/apply", FORM, f"Content-Length: {len(body)}")
            with ada.line() as line:
                line.sendall(head + body)
                deadline = time.monotonic() + 30
                while handled(ada.store, url).processed == ROWS_PER_STEP:
                    # There is no event to wait for in another process, so poll.
                    assert time.monotonic() < deadline
                    time.sleep(0.0005)
                ada.portal.kill()
        done = handled(ada.store, url).processed
        assert ROWS_PER_STEP < done <= 2 * ROWS_PER_STEP
        assert_whole(ada.store, done)

        with serving(tmp_path, port=port) as ada.portal:
            for _ in range(2):
                ada.press(url, f"{url}/apply")
            assert f"Tenants written: {MANY:,}." in ada.get(url)
            report = json.loads(ada.get(f"{url}/report.json"))
        assert (report["state"], report["counts"]["new"]) == ("done", MANY)
        assert handled(ada.store, url).state is JobState.DONE
        assert_whole(ada.store, MANY)


def handled(store: Store, url: str) -> ImportJob:
    return find_job(store, url.rpartition("/")[2])


def assert_whole(store: Store, number: int) -> None:
    """Exactly this number of tenants is in the store, each with one event."""
    tenants = tenants_in(store)
    assert tenants.keys() == {f"86810_{each}" for each in range(number)}
    assert {item["version"] for item in tenants.values()} == {1}
    events = [item for key, item in everything(store).items() if key.startswith("event-8")]
    assert sorted(str(item["gsi2pk"]) for item in events) == sorted(
        records.events_partition(key) for key in tenants
    )
