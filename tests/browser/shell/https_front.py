"""Https in front of local servers, under the names that they have in the world.

A browser, or the portal, is told to use the proxy here. It leads each name to a server of this
machine that shows a certificate of a certificate authority made for the test, and passes what is
inside on as plain HTTP. So a page of `https://eu.fsm.cloud.sap` can frame one of another site, and
nothing leaves the machine.
"""

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import trustme

_CHUNK = 65_536
#: How a connection ends: by either side, or with the whole front.
_ENDS = (
    OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError
)  # fmt: skip


@dataclass(frozen=True)
class HttpsFront:
    """`proxy`: its address. `ca_file`: the certificate authority, as PEM."""

    proxy: str
    ca_file: Path

    @property
    def port(self) -> int:
        return int(self.proxy.rpartition(":")[2])


@contextmanager
def https_front(folder: Path, backends: Mapping[str, int]) -> Iterator[HttpsFront]:
    """Runs the proxy. `backends`: name -> port of the server of this machine."""
    authority = trustme.CA()
    ca_file = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*backends).configure_cert(context)
    started: Future[tuple[int, Callable[[], object]]] = Future()
    thread = threading.Thread(target=lambda: asyncio.run(_serve(context, backends, started)))
    thread.start()
    port, stop = started.result(timeout=10)
    try:
        yield HttpsFront(f"http://127.0.0.1:{port}", ca_file)
    finally:
        stop()
        thread.join(timeout=10)


async def _serve(
    context: ssl.SSLContext,
    backends: Mapping[str, int],
    started: "Future[tuple[int, Callable[[], object]]]",
) -> None:
    """Tells `started` the port of the proxy, and what ends it, with all that is open then."""
    ports = {}
    servers = []
    for name, backend in backends.items():
        server = await asyncio.start_server(_forwarding(backend), "127.0.0.1", 0, ssl=context)
        servers.append(server)
        ports[f"{name}:443"] = server.sockets[0].getsockname()[1]

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(*_ENDS):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            method, target, *_ = head.split()
            if method != "CONNECT" or target not in ports:
                writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
            else:
                writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
                await _forward(reader, writer, ports[target])
        writer.close()

    proxy = await asyncio.start_server(connect, "127.0.0.1", 0)
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    port: int = proxy.sockets[0].getsockname()[1]
    started.set_result((port, lambda: loop.call_soon_threadsafe(stopped.set)))
    await stopped.wait()
    for each in (proxy, *servers):
        each.close()


def _forwarding(
    port: int,
) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(*_ENDS):
            await _forward(reader, writer, port)
        writer.close()

    return forward


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    to_reader, to_writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        await asyncio.gather(_pump(reader, to_writer), _pump(to_reader, writer))
    finally:
        to_writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()
