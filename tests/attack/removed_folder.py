"""The data folder is moved away under load, and put back: every client gets its own answers."""

import time
from pathlib import Path

from tests.attack.clients import Program, StaffMember, customers, programs, working
from tests.attack.http_client import ask
from tests.attack.portal_processes import port_of
from tests.attack.scenario import STORE_IN_TROUBLE, Attack, Row, Size
from tests.attack.tally import Tally

NAME = "removed-folder"
#: Seconds without the folder, and then with it.
AWAY, BACK = 1.5, 1.5


def run(folder: Path, workers: int, size: Size) -> Row:
    limit = STORE_IN_TROUBLE + size.slack - 1
    tally = Tally(timeout=1.5 * limit, later_is_answer=True)
    attack = Attack(NAME, folder, workers, tally, limit)
    data, elsewhere = folder / "data", folder / "elsewhere"
    with attack.portal() as portal:
        port = port_of(portal)
        link = portal.staff_link("anna@example.com", "approver", "Anna")
        steps = [
            *programs(port, tally, 4),
            *customers(port, tally, 8),
            StaffMember(port, tally, link).step,
        ]
        with working(*steps, pause=0.005):
            for _ in range(max(1, round(size.seconds / (AWAY + BACK)))):
                time.sleep(BACK)
                data.rename(elsewhere)
                time.sleep(AWAY)
                # Fails if anybody has made another one meanwhile.
                elsewhere.rename(data)
            time.sleep(BACK)
        if ask(port, "GET", "/health").status != 200:
            attack.broken.append("/health is not ok after the folder was put back")
        before = len(tally.validate_seconds)
        Program(port, tally, 0).ask("7000_7000")
        if tally.validate_seconds[before] > limit:
            attack.broken.append("it does not answer after the folder was put back")
    return attack.row()
