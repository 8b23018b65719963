"""DynamoDB's engine behind a proxy that makes trouble, both beside this process.

In this process the proxy would share the interpreter with the clients, and be the slowest part.

python -m tests.soak.faulty_store TARGET prints its address, and reads the number of a trouble from
each line of its standard input; an empty line ends the trouble.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from tests.attack.portal_processes import NO_LIMITS
from tests.dynamodb_engine import CREDENTIALS, REGION, Engine, running
from tests.fault_proxy import Between, Cut, Late, Plan, Refuse, Trouble, between
from tests.sealing_key import with_sealing_key
from tests.serving import ROOT

#: One request of so many meets the trouble.
_SHARE = 3
#: The proxy remembers its requests. A soak sends hundreds of thousands, so they are forgotten.
_FORGET_SECONDS = 1.0

TROUBLE: tuple[Trouble, ...] = (
    Refuse("ProvisionedThroughputExceededException"),
    Cut(done=True),
    Refuse("InternalServerError", status=500),
    Late(0.7),
)


class FaultyStore:
    """Tells the proxy what to do."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def trouble(self, number: int) -> None:
        """One request of three meets the trouble of this number, until `work`."""
        self._say(str(number))

    def work(self) -> None:
        """Each request is passed on."""
        self._say("")

    def _say(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()


@contextmanager
def faulty_store(folder: Path) -> Iterator[tuple[Mapping[str, str], FaultyStore]]:
    """An engine with an empty table, and the key file in the data folder of a portal, without which
    it would not start. Yields its settings."""
    with_sealing_key(folder / "data")
    # The table is made, filled and looked into from this process as well.
    with patch.dict(os.environ, CREDENTIALS), running(0, folder / "engine.db") as url:
        engine = Engine(url)
        location = engine.new_table()
        engine.close()
        command = [sys.executable, "-m", __spec__.name, url]
        with subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            # Killed workers cut their connections, and each cut is a traceback there.
            stderr=subprocess.DEVNULL, text=True,
        ) as process:  # fmt: skip
            assert process.stdout
            address = process.stdout.readline().strip()
            location = replace(location, endpoint=address)
            try:
                yield _settings(location.table, address), FaultyStore(process)
            finally:
                process.kill()


def _settings(table: str, address: str) -> dict[str, str]:
    return {
        **NO_LIMITS,
        **CREDENTIALS,
        "USE_DYNAMODB": "true",
        "TENANT_TABLE_NAME": table,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL_DYNAMODB": address,
    }


def _some(trouble: Trouble) -> Plan:
    return lambda _operation, number: trouble if number % _SHARE == 0 else None


def _forget(proxy: Between, stop: threading.Event) -> None:
    while not stop.wait(_FORGET_SECONDS):
        proxy.operations.clear()
        proxy.asked.clear()
        proxy.access_keys.clear()


def main(target: str) -> None:
    stop = threading.Event()
    with between(target) as proxy:
        threading.Thread(target=_forget, args=(proxy, stop)).start()
        print(proxy.url, flush=True)
        for line in sys.stdin:
            number = line.strip()
            proxy.plan = _some(TROUBLE[int(number)]) if number else lambda _operation, _number: None
        stop.set()


if __name__ == "__main__":
    main(sys.argv[1])
