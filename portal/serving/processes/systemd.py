"""What a service manager is told: `Type=notify` and `WatchdogSec=` of systemd, see sd_notify(3)."""

import os
import socket
from contextlib import suppress


def notify(state: str) -> None:
    """Send a state such as `READY=1` to whoever started this process and wants to know."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address.startswith(("/", "@")):
        # It is nobody's fault if nobody listens any more, and a full queue is read soon.
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.setblocking(False)
            line.connect(address.replace("@", "\0", 1) if address[0] == "@" else address)
            line.send(state.encode())


def notify_alive() -> None:
    """If it does not hear this in time, a service manager with `WatchdogSec=` starts anew."""
    if os.environ.get("WATCHDOG_USEC"):
        notify("WATCHDOG=1")
