"""Workers that are killed, and begin again while their store cannot be read."""

import json
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from portal.grace.known_file import KnownFile
from portal.stores.contract import Add
from portal.stores.file.store import JsonFileStore
from tests.serving import Portal, serving
from tests.web.api.test_last_known import ASK, ID, TENANT


def answered(portal: Portal, address: str = ASK) -> tuple[int, dict[str, object]]:
    try:
        with urllib.request.urlopen(f"{portal.url}{address}", timeout=30) as answer:  # noqa: S310 - http
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def wait_until(happened: Callable[[], bool]) -> None:
    """What other processes do."""
    deadline = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_in_file(data: Path) -> bool:
    file = KnownFile(data)
    rows = file.changed_rows()
    file.close()
    return [row.tenant_id for row in rows] == [ID]


def test_the_last_yes_outlives_the_workers_and_their_store(tmp_path: Path) -> None:
    data = tmp_path / "data"
    seed = JsonFileStore(data)
    seed.write([Add({**TENANT, "validTo": "2099-12-31T23:59:59.999Z"})])
    seed.close()
    with serving(tmp_path, "--workers", "2") as portal:
        assert answered(portal)[1]["isValid"] is True
        # The worker writes within a second; nobody can tell it to.
        wait_until(lambda: is_in_file(data))
        (data / "tenants.jsonl").rename(tmp_path / "elsewhere")
        (data / "tenants.jsonl").mkdir()
        before = portal.workers()
        for worker in before:
            os.kill(worker, signal.SIGKILL)
        wait_until(lambda: len(portal.workers() - before) == 2)
        for _ in range(4):
            status, body = answered(portal)
            assert (status, body["isValid"], body["stale"]) == (200, True, True)
        status, body = answered(portal, "/api/validate?accountId=1&companyId=2")
        assert (status, body["error"]) == (503, "unavailable")
        (data / "tenants.jsonl").rmdir()
        (tmp_path / "elsewhere").rename(data / "tenants.jsonl")
        status, body = answered(portal)
        assert (status, body["isValid"], "stale" in body) == (200, True, False)
