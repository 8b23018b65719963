"""What `portal serve` runs: a parent process, and workers that take requests.

supervisor.py       the parent: starts workers, starts them again, renews them, stops them
renewal.py          how the parent renews them, one after the other
worker_process.py   the process of a worker, as the parent sees it
listening.py        the socket for all workers: TCP, a path, or one that systemd passes on
systemd.py          what a service manager is told
worker.py           a worker: loads the application, listens, says regularly that it lives
granian_server.py   granian, which speaks HTTP: the only module that knows it
reception.py        receives whole requests without a thread, and refuses what is too much
bodies.py           receives bodies, by a deadline and while there is room
threads.py          the threads that answer whole requests, some of them kept for some paths
companion.py        a command that runs beside the workers
signs_of_life.py    how that command says that it lives
environ.py          a request as WSGI wants it
response.py         runs the application for one request, and sends what it answers
limits.py           how long, how many, how large
"""

from portal.serving.companion import Companion
from portal.serving.limits import Limits
from portal.serving.listening import (
    InUseError,
    Listener,
    listen_tcp,
    listen_unix,
    passed_listener,
)
from portal.serving.signs_of_life import signs_of_life
from portal.serving.supervisor import Supervisor
from portal.serving.worker import Application

__all__ = [
    "Application", "Companion", "InUseError", "Limits", "Listener", "Supervisor", "listen_tcp",
    "listen_unix", "passed_listener", "signs_of_life",
]  # fmt: skip
