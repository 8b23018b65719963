"""Another process holds the lock of the file store while many sign-ups wait for it."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.attack.clients import customers, programs, working
from tests.attack.http_client import ask
from tests.attack.portal_processes import port_of
from tests.attack.scenario import STORE_IN_TROUBLE, Attack, Row, Size
from tests.attack.tally import Tally

NAME = "frozen-store"


def run(folder: Path, workers: int, size: Size) -> Row:
    limit = STORE_IN_TROUBLE + size.slack - 1
    tally = Tally(timeout=2 * limit, later_is_answer=True)
    attack = Attack(NAME, folder, workers, tally, limit)
    with attack.portal() as portal:
        port = port_of(portal)
        steps = [*programs(port, tally, 4), *customers(port, tally, size.waiting)]
        with working(*steps):
            time.sleep(0.5)
            with _locked(folder / "data" / "tenants.lock"):
                time.sleep(size.seconds)
            time.sleep(0.5)
        if ask(port, "GET", "/health").status != 200:
            attack.broken.append("/health is not ok after the lock was released")
    return attack.row()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
