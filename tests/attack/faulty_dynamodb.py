"""DynamoDB is cut off, late, frozen, killed, or a web page: no answer is false for that."""

import os
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from tests.attack.clients import StaffMember, customers, programs, working
from tests.attack.http_client import ask
from tests.attack.portal_processes import NO_LIMITS, port_of
from tests.attack.scenario import STORE_IN_TROUBLE, Attack, Row, Size
from tests.attack.tally import Tally
from tests.dynamodb_engine import CREDENTIALS, REGION, Engine, running
from tests.fault_proxy import Between, Cut, Hang, Late, Plan, Rewritten, always, between

NAME = "faulty-dynamodb"

_PAGE = b"<!doctype html><title>Welcome</title><p>Please accept the terms of this network."


def _cut_in_half(
    status: int, headers: list[tuple[str, str]], body: bytes
) -> tuple[int, list[tuple[str, str]], bytes]:
    """The headers, and the length with them, stay as they are."""
    return status, headers, body[: len(body) // 2]


def _web_page(
    _status: int, _headers: list[tuple[str, str]], _body: bytes
) -> tuple[int, list[tuple[str, str]], bytes]:
    headers = [("Content-Type", "text/html"), ("Content-Length", str(len(_PAGE)))]
    return 200, headers, _PAGE


#: The quick ones first: who waits for a frozen engine sends nothing else meanwhile.
FAULTS: tuple[Plan, ...] = (
    always(Rewritten(_cut_in_half)),
    always(Rewritten(_web_page)),
    always(Cut(done=True)),
    always(Late(1.5)),
    always(Hang()),
)


def run(folder: Path, workers: int, size: Size) -> Row:
    limit = STORE_IN_TROUBLE + size.slack - 1
    tally = Tally(timeout=2 * limit, later_is_answer=True)
    with patch.dict(os.environ, CREDENTIALS), _Database(folder / "engine.db") as database:
        attack = Attack(NAME, folder, workers, tally, limit, database.settings)
        with attack.portal() as portal:
            port = port_of(portal)
            link = portal.staff_link("anna@example.com", "approver", "Anna")
            steps = [
                *programs(port, tally, 6),
                *customers(port, tally, 4),
                StaffMember(port, tally, link).step,
            ]
            # Each fault, and once more the engine's death.
            seconds = size.seconds / (len(FAULTS) + 1)
            with working(*steps):
                for plan in FAULTS:
                    database.good_time(seconds / 4)
                    database.proxy.plan = plan
                    time.sleep(seconds * 3 / 4)
                database.good_time(seconds / 4)
                database.kill()
                time.sleep(seconds / 2)
                database.start()
                time.sleep(seconds / 4)
            if ask(port, "GET", "/health").status != 200:
                attack.broken.append("/health is not ok although DynamoDB is well again")
        return attack.row()


class _Database:
    """An engine that keeps its table when it is killed, behind a proxy at a fixed address."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = ""
        self._outer = ExitStack()
        self._engine = ExitStack()

    def __enter__(self) -> "_Database":
        self.start()
        self.proxy: Between = self._outer.enter_context(between(self.url))
        engine = Engine(self.url)
        location = replace(engine.new_table(), endpoint=self.proxy.url)
        engine.close()
        self.settings = {
            **NO_LIMITS,
            **CREDENTIALS,
            "USE_DYNAMODB": "true",
            "TENANT_TABLE_NAME": location.table,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL_DYNAMODB": self.proxy.url,
            "PORTAL_KMS_KEY_ID": "alias/portal",
        }
        return self

    def __exit__(self, *_error: object) -> None:
        self.proxy.plan = _no_fault
        self._outer.close()
        self._engine.close()

    def good_time(self, seconds: float) -> None:
        self.proxy.plan = _no_fault
        self.proxy.operations.clear()
        self.proxy.asked.clear()
        time.sleep(seconds)

    def start(self) -> None:
        port = int(self.url.rpartition(":")[2]) if self.url else 0
        self.url = self._engine.enter_context(running(port, self.path))

    def kill(self) -> None:
        self._engine.close()


def _no_fault(_operation: str, _number: int) -> None:
    return None
