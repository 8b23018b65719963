"""A local DynamoDB: the engine dynoxide from npm, downloaded once, started in milliseconds.

It is a program of 7 MB in the package `@dynoxide/linux-x64`. It keeps tables in memory, applies
transactions whole, knows their tokens, and counts capacity units as AWS does.
"""

import fcntl
import os
import platform
import shutil
import socket
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from portal.stores.dynamodb.client import TableLocation, Timeouts, make_client
from portal.stores.schema import INDEXES, KEY

CACHE = Path(__file__).parent.parent / ".cache"
PACKAGE, VERSION = "@dynoxide/linux-x64", "1.2.1"

REGION = "eu-central-1"
#: The portal gives up after three seconds. A test waits for a machine that is busy.
PATIENT = Timeouts(connect_seconds=30, read_seconds=120)
#: Made up, since the engine accepts any.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


class NoEngineError(Exception):
    """The engine cannot run on this machine. The text says why."""


def fetched() -> Path:
    """The path of the engine's program. Of several processes, one downloads it."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise NoEngineError("the DynamoDB engine is a program for Linux on x86-64")
    program = CACHE / f"dynoxide-{VERSION}" / "dynoxide"
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "dynoxide.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            _fetch(program)
    return program


def _fetch(program: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise NoEngineError("npm, which fetches the DynamoDB engine, is not installed")
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        command = [npm, "pack", "--silent", f"{PACKAGE}@{VERSION}"]
        result = subprocess.run(command, cwd=folder, check=False, capture_output=True, timeout=120)
        if result.returncode:
            raise NoEngineError(f"npm could not fetch {PACKAGE} {VERSION}")
        (archive,) = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as tar:
            tar.extract("package/dynoxide", folder, filter="data")
        unpacked = Path(folder, "package", "dynoxide")
        unpacked.chmod(0o755)
        program.parent.mkdir(exist_ok=True)
        # Atomically, so that no other process finds half of a program.
        unpacked.replace(program)


@contextmanager
def running(port: int = 0, database: Path | None = None) -> Iterator[str]:
    """Start an engine, and yield its address. It is killed in the end.

    Args:
        port: Without one, a free port.
        database: The file that keeps its tables. Without one it starts without tables.
    """
    program = fetched()
    if not port:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
    process = subprocess.Popen(
        [
            program,
            "serve",
            "--port",
            str(port),
            *(["--db-path", str(database)] if database else []),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_it_listens(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _wait_until_it_listens(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.002)
        else:
            return
    raise RuntimeError("the DynamoDB engine did not start")


class Engine:
    """A running engine, with a client and tables for tests.

    Each table makes the next one slower, by a few milliseconds for a hundred of them. So an
    engine is for the tests of one file.

    Attributes:
        client: It waits for two minutes for an answer, where the portal's would give up.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        anywhere = TableLocation(table="", region=REGION, endpoint=url)
        self.client: Any = make_client(anywhere, PATIENT)
        self._tables = 0

    def new_table(
        self, *, without: str = "", carrying_all: str = "", keys_only: str = ""
    ) -> TableLocation:
        """Create a table as the portal defines it.

        Args:
            without: Name of an index to leave out.
            carrying_all: Name of an index that projects all attributes.
            keys_only: Name of an index that projects its keys and nothing else.
        """
        self._tables += 1
        location = TableLocation(
            table=f"table-{os.getpid()}-{self._tables}", region=REGION, endpoint=self.url
        )
        indexes = [index for index in INDEXES if index.name != without]
        names = {KEY} | {name for index in indexes for name in (index.partition, index.sort)}
        self.client.create_table(
            TableName=location.table,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": KEY, "KeyType": "HASH"}],
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in sorted(names)
            ],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": index.name,
                    "KeySchema": [
                        {"AttributeName": index.partition, "KeyType": "HASH"},
                        {"AttributeName": index.sort, "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "KEYS_ONLY"}
                    if index.name == keys_only
                    else {"ProjectionType": "ALL"}
                    if index.projected is None or index.name == carrying_all
                    else {"ProjectionType": "INCLUDE", "NonKeyAttributes": sorted(index.projected)},
                }
                for index in indexes
            ],
        )
        return location

    def close(self) -> None:
        self.client.close()
