"""A cold start on AWS Lambda: from a new process of AWS's runtime to the first answer.

CPU is what a machine that is busy with other work does not change. AWS adds its own time for
getting the package to the machine, and lends a share of a processor that grows with the memory.
"""

import os
import statistics
import tempfile
import time
from pathlib import Path

from tests.dynamodb_engine import CREDENTIALS, Engine, running
from tests.lambda_http import runtime_api
from tests.lambda_http.lambda_events import http_api
from tests.lambda_http.test_handle_request import HANDLER, environ_of

STARTS = 3
QUERY = "accountId=1&companyId=2"
VALIDATE, SIGN_UP = http_api("/api/validate", query=QUERY), http_api("/sign-up")
#: A package without compiled modules: they are compiled at each start, since it cannot be written.
NOT_COMPILED = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": "/proc/nowhere"}
KINDS: dict[str, tuple[dict[str, object], dict[str, str]]] = {
    "GET /api/validate": (VALIDATE, {}),
    "GET /sign-up": (SIGN_UP, {}),
    "  not compiled": (SIGN_UP, NOT_COMPILED),
}


def main() -> None:
    print("A cold start on AWS Lambda over DynamoDB, medians of", STARTS)
    print(f"{'first request':<20} {'start s':>8} {'answer ms':>10} {'second ms':>10} {'CPU s':>6}")
    with running() as url:
        os.environ.update(CREDENTIALS)
        engine = Engine(url)
        for kind, (event, more) in KINDS.items():
            found = [_start(engine, event, more) for _ in range(STARTS)]
            start, first, second, cpu = (
                statistics.median(each) for each in zip(*found, strict=True)
            )
            print(f"{kind:<20} {start:8.2f} {first * 1000:10.0f} {second * 1000:10.1f} {cpu:6.2f}")
        engine.close()
    print()


def _start(
    engine: Engine, event: dict[str, object], more: dict[str, str]
) -> tuple[float, float, float, float]:
    """Seconds until the function asks for its first event, of its two answers, and of CPU."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.monotonic()
        with runtime_api.running(HANDLER, Path(folder), environ_of(engine, **more)) as function:
            function.wait_until_started()
            started = time.monotonic()
            function.call(event)
            answered = time.monotonic()
            function.call(event)
            ended = time.monotonic()
            fields = (
                Path(f"/proc/{function.process.pid}/stat").read_text().rpartition(")")[2].split()
            )
            cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return started - begun, answered - started, ended - answered, cpu


if __name__ == "__main__":
    main()
