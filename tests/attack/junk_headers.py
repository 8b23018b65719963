"""Strangers send large headers, each another one: nothing of them stays in memory."""

import secrets
from pathlib import Path

from tests.attack.clients import programs, working
from tests.attack.http_client import COOKIE, ask
from tests.attack.portal_processes import port_of
from tests.attack.scenario import ONLY_CLIENTS_MISBEHAVE, Attack, Row, Size
from tests.attack.tally import Tally

NAME = "junk-headers"
#: Characters of a header: more than a server should take.
LARGE = 390_000


def run(folder: Path, workers: int, size: Size) -> Row:
    tally = Tally(timeout=10)
    attack = Attack(NAME, folder, workers, tally, ONLY_CLIENTS_MISBEHAVE * size.slack)
    with attack.portal() as portal:
        port = port_of(portal)
        with working(*programs(port, tally, 2)):
            largest = _largest_taken(port)
            # As many as fit into the time, half of them first as large as no server takes them.
            lengths = dict.fromkeys((LARGE, largest))
            for length in lengths:
                for number in range(size.junk):
                    _send(port, tally, length, number)
    return attack.row()


def _send(port: int, tally: Tally, length: int, number: int) -> None:
    text = secrets.token_urlsafe(16) + "x" * (length - 22)
    # Eight of ten are cookies, and some have the shape of a signed one.
    match number % 10:
        case 0:
            header = {"Accept-Language": f"de-{text}"}
        case 1:
            header = {"X-CSRFToken": text, "Cookie": f"{COOKIE}=a.b.c"}
        case 2 | 3:
            header = {"Cookie": f"{COOKIE}=eyJ{text}.aws5Rw.y230"}
        case _:
            header = {"Cookie": f"{COOKIE}={text}"}
    answer = ask(port, "GET", "/sign-up", headers=header)
    tally.saw(answer, "a form with a junk header")


def _largest_taken(port: int) -> int:
    """Characters of the largest cookie that the portal answers with a page, to about 5 %."""

    def is_taken(length: int) -> bool:
        header = {"Cookie": f"{COOKIE}={secrets.token_urlsafe(8)}{'y' * length}"}
        return ask(port, "GET", "/sign-up", headers=header).status == 200

    taken, refused = 1_000, LARGE
    if is_taken(LARGE):
        return LARGE
    while refused - taken > taken / 20:
        middle = (taken + refused) // 2
        if is_taken(middle):
            taken = middle
        else:
            refused = middle
    return taken
