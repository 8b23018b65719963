"""The parent of the workers, and the processes that it looks after.

supervisor.py       starts workers, starts them again, renews them, stops them
renewal.py          how it renews them, one after the other
worker_process.py   the process of a worker, as the parent sees it
companion.py        a command that runs beside the workers
signs_of_life.py    how that command says that it lives
systemd.py          what a service manager is told
"""

from portal.serving.processes.companion import Companion
from portal.serving.processes.signs_of_life import signs_of_life
from portal.serving.processes.supervisor import Supervisor

__all__ = ["Companion", "Supervisor", "signs_of_life"]
