"""What `portal serve` runs: a parent process, and workers that take requests.

supervisor.py       the parent: starts workers, starts them again, stops them
worker.py           a worker: loads the application, listens, says regularly that it lives
granian_server.py   granian, which speaks HTTP: the only module that knows it
reception.py        receives whole requests without a thread, and refuses what is too much
bodies.py           receives bodies, by a deadline and while there is room
threads.py          the threads that answer whole requests, some of them kept for some paths
companion.py        a command that runs beside the workers
environ.py          a request as WSGI wants it
response.py         runs the application for one request, and sends what it answers
limits.py           how long, how many, how large
"""

from portal.serving.companion import Companion
from portal.serving.limits import Limits
from portal.serving.supervisor import Supervisor
from portal.serving.worker import Application

__all__ = ["Application", "Companion", "Limits", "Supervisor"]
