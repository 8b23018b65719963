"""The socket on which all workers accept connections, and how it is closed without losing one.

A connection that waits to be accepted is reset when its socket is closed, and a proxy does not
send a form twice. So a listener closes in two steps: first nobody new gets in, and the workers go
on accepting; then, when nobody waits any more, each process closes it.
"""

import contextlib
import ctypes
import os
import socket
import struct
import sys
from pathlib import Path
from types import TracebackType

from portal.unix_sockets import PathInUseError, UnixSocket

#: Connections that wait to be accepted.
BACKLOG = 1024
#: Until a client is cut off that does not read its answer.
UNREAD_SECONDS = 60
#: Linux's number of the option, which Python does not name.
_SO_ATTACH_FILTER = 26
#: The first descriptor that systemd passes on.
_FIRST_PASSED = 3


class InUseError(Exception):
    """The path of a socket cannot be used; the text says why and what to do."""


class Listener:
    """A listening socket. This one was opened by somebody else, systemd for example, who goes on
    collecting connections for the next start.

    Args:
        socket: It listens.
    """

    def __init__(self, socket: socket.socket) -> None:
        self.socket = socket

    def __enter__(self) -> "Listener":
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()

    def keep_new_out(self) -> None:
        """Whoever comes from now on is not put into the queue of those who wait."""

    def close(self) -> None:
        self.socket.close()


class TcpListener(Listener):
    def keep_new_out(self) -> None:
        """The machine ignores their first packet. They send it again after a second, and learn then
        that nobody listens. Where a socket has no filters, a few may be reset instead."""
        if sys.platform != "linux":
            return
        # Load the byte with the flags; if it has SYN, take 0 bytes of the packet, else all.
        program = b"".join(
            struct.pack("HBBI", *instruction)
            for instruction in (
                (0x30, 0, 0, 13), (0x45, 0, 1, 0x02), (0x06, 0, 0, 0), (0x06, 0, 0, 0xFFFFFFFF),
            )
        )  # fmt: skip
        buffer = ctypes.create_string_buffer(program)
        option = struct.pack("HL", 4, ctypes.addressof(buffer))
        with contextlib.suppress(OSError):
            self.socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, option)


class UnixListener(Listener):
    def __init__(self, unix_socket: UnixSocket) -> None:
        super().__init__(unix_socket.socket)
        self._unix_socket = unix_socket

    def keep_new_out(self) -> None:
        self._unix_socket.remove_file()

    def close(self) -> None:
        self._unix_socket.close()


def listen_tcp(host: str, port: int) -> TcpListener:
    """
    Args:
        host: `::` takes IPv4 as well.

    Raises:
        OSError: Another program uses the port, or this machine has no such address.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    both = host == "::" and socket.has_dualstack_ipv6()
    listener = socket.create_server(
        (host, port), family=family, backlog=BACKLOG, dualstack_ipv6=both
    )
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # Connections inherit it: a client that does not read its answer is cut off.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS * 1000)
    return TcpListener(listener)


def listen_unix(path: Path, mode: int) -> UnixListener:
    """
    Args:
        mode: Who may connect, as of a file.

    Raises:
        InUseError: Something else is there, or another server listens.
        OSError: There cannot be a socket, because of the folder or of the length of the path.
    """
    try:
        return UnixListener(UnixSocket(path, mode, BACKLOG))
    except PathInUseError as error:
        raise InUseError(
            f"Another server listens on {path}. Stop it, or choose another path with --unix."
            if error.is_socket
            else f"{path} is there and is no socket. Choose another path."
        ) from error


def passed_listener() -> Listener | None:
    """The socket that systemd has opened for this process (LISTEN_FDS); None if there is none.

    Raises:
        InUseError: There are several.
    """
    count = os.environ.get("LISTEN_FDS", "")
    if os.environ.get("LISTEN_PID") != str(os.getpid()) or not count.isdigit() or count == "0":
        return None
    for name in ("LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"):
        os.environ.pop(name, None)
    if count != "1":
        raise InUseError(f"systemd passes {count} sockets on. Give the .socket unit one address.")
    os.set_inheritable(_FIRST_PASSED, False)
    return Listener(socket.socket(fileno=_FIRST_PASSED))
