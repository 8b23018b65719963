"""What `portal serve` runs: a parent process, and workers that take requests.

processes/     the parent: starts workers and what runs beside them, renews and stops them
requests/      in a worker: receives whole requests, and has the application answer them
worker.py      the life of a worker, from loading the application to its last answer
listening.py   the socket for all workers: TCP, a path, or one that systemd passes on
descriptors.py what is open in this process
limits.py      how long, how many, how large
"""

from portal.serving.limits import Limits
from portal.serving.listening import (
    InUseError,
    Listener,
    listen_tcp,
    listen_unix,
    passed_listener,
)
from portal.serving.processes import Companion, Supervisor, signs_of_life
from portal.serving.worker import Application

__all__ = [
    "Application", "Companion", "InUseError", "Limits", "Listener", "Supervisor", "listen_tcp",
    "listen_unix", "passed_listener", "signs_of_life",
]  # fmt: skip
