"""The numbers of the server: how long it waits for clients, and how much it takes from them."""

from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Of one worker. Tests shorten the times."""

    threads: int = 16
    """Answer everything that has no threads of its own. Most of them wait for the disk, whose
    sync they share."""
    validate_threads: int = 8
    health_threads: int = 2
    waiting: int = 256
    """Whole requests that wait for each kind of threads. One more is refused with 503."""
    request_seconds: float = 8
    """From the arrival of a whole request. Then nobody waits for its answer any more."""
    header_bytes: int = 16 * 1024
    idle_seconds: float = 60
    """Until a connection is closed that sends no whole header: new ones, and those between two
    requests. A proxy in front has to close its own a little earlier."""
    body_seconds: float = 10
    """Until a body has to be here, from its first byte to its last …"""
    body_bytes_per_second: int = 64 * 1024
    """… and one second more for so many bytes."""
    body_memory: int = 16 * 1024 * 1024
    """Bytes of all bodies that are kept in memory."""
    spooled_from: int = 128 * 1024
    """A body with more bytes is kept in a temporary file: only files to import are so large."""
    uploads: int = 8
    """Bodies in temporary files at the same time."""
    linger_seconds: float = 3
    """How long a refused client may go on sending, so that it reads the refusal."""
    stalled_seconds: float = 60
    """Until a client that does not read its download is cut off."""
    connections: int = 4096
    beat_seconds: float = 0.5
    """How often a worker tells its parent that it lives."""
    frozen_seconds: float = 8
    """Without such a sign the parent kills the worker and starts another one."""
    stuck_seconds: float = 900
    """So long a thread of the process that sends mail may take for one step."""
    start_seconds: float = 60
    """The same until its first sign: on a busy machine a new process takes its time."""
    drain_seconds: float = 0.5
    """After SIGTERM: connections in use end with an answer, and whoever waits is still accepted."""
    last_accepted_seconds: float = 0.5
    """After that, until idle connections are closed: for requests of those accepted last."""
    last_body_seconds: float = 1
    """After that, for the rest of a body whose head is here."""
    stop_seconds: float = 30
    """To finish requests after SIGTERM."""
    companion_stop_seconds: float = 8
    """The same for the process that sends mail: what it does not finish is sent later."""
    interrupt_seconds: float = 1
    """The same after Ctrl-C."""
    steady_seconds: float = 60
    """A worker that lived so long is started again at once, any other after a pause."""
    longest_pause_seconds: float = 30

    def __reduce__(self) -> "tuple[Any, ...]":
        # When workers are renewed, their parent may be of another version than they are.
        return _known, (asdict(self),)


def _known(numbers: dict[str, Any]) -> Limits:
    """Those that this version knows; its own defaults for what is missing."""
    names = {each.name for each in fields(Limits)}
    return Limits(**{name: number for name, number in numbers.items() if name in names})
