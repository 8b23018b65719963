"""Requests that never end: half of a body, a byte now and then, nothing, streams of HTTP/2."""

import errno
import selectors
import socket
import struct
import threading
import time
from pathlib import Path

from tests.attack.clients import Program, programs, working
from tests.attack.portal_processes import port_of
from tests.attack.scenario import ONLY_CLIENTS_MISBEHAVE, Attack, Row, Size
from tests.attack.tally import Tally

NAME = "unfinished-requests"
_HEAD = (
    b"POST /sign-up HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 5000\r\n\r\n"
)


def _frame(kind: int, flags: int, stream: int, data: bytes) -> bytes:
    return struct.pack(">IBI", len(data) << 8 | kind, flags, stream) + data


def _streams(count: int) -> bytes:
    """HTTP/2 in clear text: `count` forms at once, each with half of its body."""
    # By the static table of HPACK: POST, http, :path, :authority, content-type, content-length.
    head = b"\x83\x86" + b"".join(
        name + bytes([len(value)]) + value
        for name, value in (
            (b"\x04", b"/sign-up"),
            (b"\x01", b"127.0.0.1"),
            (b"\x0f\x10", b"application/x-www-form-urlencoded"),
            (b"\x0f\x0d", b"5000"),
        )
    )
    frames = (
        _frame(1, 4, stream, head) + _frame(0, 0, stream, b"company=Half")
        for stream in range(1, 2 * count, 2)
    )
    return b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(4, 0, 0, b"") + b"".join(frames)


#: What each connection sends first, and whether it sends more bytes, slowly. Half of them send
#: half of a body.
_KINDS = (
    (_HEAD + b"company=Half", False),
    (_HEAD + b"company=Dripped", True),
    (_HEAD + b"company=Half", False),
    (b"", False),
    (_HEAD + b"company=Half", False),
    (b"GET /sign-up HTTP/1.1\r\nHost: 127", True),
    (_HEAD + b"company=Half", False),
    (_streams(40), False),
)


def run(folder: Path, workers: int, size: Size) -> Row:
    limit = ONLY_CLIENTS_MISBEHAVE * size.slack
    # In a short run, a program that gets no answer must have waited for longer than the limit.
    tally = Tally(timeout=max(6, 1.5 * limit))
    attack = Attack(NAME, folder, workers, tally, limit)
    with attack.portal() as portal:
        port = port_of(portal)
        with _Unfinished(port, size.unfinished) as unfinished:
            unfinished.all_sent.wait(20)
            with working(*programs(port, tally, 4)):
                time.sleep(size.seconds)
        # Now that they are gone it answers as before.
        Program(port, tally, 0).ask("7000_7000")
        if tally.validate_seconds[-1] > limit:
            attack.broken.append("it does not answer after the attack")
    return attack.row()


class _Unfinished(threading.Thread):
    """Holds `count` connections open. One that the portal closes is opened again."""

    def __init__(self, port: int, count: int) -> None:
        super().__init__(daemon=True)
        self.port, self.count = port, count
        #: Set once each connection has been opened and has sent its first bytes.
        self.all_sent = threading.Event()
        self._stop_event = threading.Event()
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> "_Unfinished":
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop_event.set()
        self.join()

    def run(self) -> None:
        for number in range(self.count):
            self._open(number)
        self.all_sent.set()
        while not self._stop_event.is_set():
            for key, _events in self._selector.select(timeout=0.2):
                self._read(key)
            for key in list(self._selector.get_map().values()):
                if _KINDS[key.data % len(_KINDS)][1]:
                    self._send(key, b"x")
            self._stop_event.wait(0.3)
        for key in list(self._selector.get_map().values()):
            self._close(key)

    def _open(self, number: int) -> None:
        try:
            connection = socket.create_connection(("127.0.0.1", self.port), timeout=5)
        except OSError:
            return
        key = self._selector.register(connection, selectors.EVENT_READ, number)
        self._send(key, _KINDS[number % len(_KINDS)][0])
        connection.setblocking(False)

    def _send(self, key: selectors.SelectorKey, data: bytes) -> None:
        connection = key.fileobj
        assert isinstance(connection, socket.socket)
        try:
            connection.send(data)
        except OSError as error:
            if error.errno != errno.EAGAIN:
                self._open_again(key)

    def _read(self, key: selectors.SelectorKey) -> None:
        connection = key.fileobj
        assert isinstance(connection, socket.socket)
        try:
            if connection.recv(65536):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self._open_again(key)

    def _open_again(self, key: selectors.SelectorKey) -> None:
        self._close(key)
        self._open(key.data)

    def _close(self, key: selectors.SelectorKey) -> None:
        connection = key.fileobj
        assert isinstance(connection, socket.socket)
        self._selector.unregister(connection)
        connection.close()
