"""The log of `portal serve`, whoever has set up logging before, and when nobody reads it."""

import http.client
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import SECRET_KEY
from tests.dynamodb_engine import CREDENTIALS, REGION, Engine
from tests.pipes import full_pipe
from tests.serving import PORTAL, ROOT, free_port

CANARY = "canary-5d1f"


@contextmanager
def serving(
    engine: Engine, folder: Path, stderr: int, *, first: tuple[str, ...] = (), **environ: str
) -> Iterator[str]:
    """The address of a portal with two workers, whose standard error is this descriptor.

    Args:
        first: A program, with its arguments, that starts it.
    """
    url = f"http://127.0.0.1:{(port := free_port())}"
    with (folder / "out").open("wb") as out:
        process = subprocess.Popen(
            [*first, *PORTAL, "serve", "--port", str(port), "--workers", "2", "--no-outbox"],
            env={
                "PATH": os.environ["PATH"],
                "PORTAL_DATA_DIR": str(folder / "data"),
                "PORTAL_SECRET_KEY": SECRET_KEY,
                "PORTAL_KMS_KEY_ID": "alias/portal",
                "PORTAL_SIGN_UPS_PER_HOUR": "0",
                "PORTAL_METRICS": "log",
                "USE_DYNAMODB": "true",
                "TENANT_TABLE_NAME": engine.new_table().table,
                "AWS_REGION": REGION,
                "AWS_ENDPOINT_URL_DYNAMODB": engine.url,
                **CREDENTIALS,
                **environ,
            },
            cwd=ROOT,
            stdout=out,
            stderr=stderr,
        )
    try:
        deadline = time.monotonic() + 60
        while not _answers(url):
            assert process.poll() is None
            assert time.monotonic() < deadline
        yield url
        process.terminate()
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=10) as answer:  # noqa: S310 - http
            return bool(answer.status == 200)
    except OSError:
        time.sleep(0.05)
        return False


def ask(url: str, times: int) -> None:
    """Ask one worker for a tenant. Each time it writes two lines of metrics into the log."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
    for _ in range(times):
        connection.request("GET", "/api/validate?accountId=1&companyId=2")
        answer = connection.getresponse()
        assert json.load(answer)["error"] == "NOT_FOUND"
    connection.close()


def test_a_log_that_nobody_reads_stops_neither_requests_nor_the_end(
    engine: Engine, tmp_path: Path
) -> None:
    reader, writer = full_pipe()
    with serving(engine, tmp_path, writer) as url:
        # More than wait for a reader.
        ask(url, 1_300)
        received = b""
        while b"lines were lost" not in received:
            received += os.read(reader, 65536)
        found = re.search(rb"(\d+) log lines were lost because nobody read", received)
        assert found
        assert int(found[1]) > 500
        # Nobody reads from here on, and the rest still fills the pipe.
    os.close(reader)
    os.close(writer)


@pytest.mark.parametrize("correlation", ["true", "false"])
def test_under_opentelemetry_the_log_stays_the_portals_own(
    correlation: str, engine: Engine, tmp_path: Path
) -> None:
    # Its handlers are there before a line of the portal runs, in each worker.
    instrument = (str(Path(sys.executable).with_name("opentelemetry-instrument")),)
    environ = {
        "OTEL_TRACES_EXPORTER": "none",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "console",
        "OTEL_PYTHON_LOG_CORRELATION": correlation,
        "OTEL_PYTHON_LOG_AUTO_INSTRUMENTATION": "true",
    }
    log = tmp_path / "log"
    with (
        log.open("wb") as file,
        serving(engine, tmp_path, file.fileno(), first=instrument, **environ) as url,
    ):
        ask(url, 1)
        request = urllib.request.Request(  # noqa: S310 - http
            f"{url}/api/tenants?q={CANARY}", headers={"Authorization": "Bearer fsm_wrong"}
        )
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(request, timeout=10)  # noqa: S310 - http
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["message"] for line in lines if line["message"].startswith("Store: DynamoDB")]
    assert [line for line in lines if "_aws" in line and line["requestId"]]
    assert [line for line in lines if line["logger"] == "portal.security"]
    assert CANARY not in log.read_text()
    # Its own handler would have printed every record here.
    assert "severity" not in (tmp_path / "out").read_text()
