"""The log of a function is the portal's own, in both formats that Lambda knows.

awslambdaric gives the root logger a handler before the portal is loaded.
"""

import os
import time
from pathlib import Path

import pytest

from tests.dynamodb_engine import Engine
from tests.lambda_http.lambda_events import http_api
from tests.lambda_http.runtime_api import Function, running
from tests.lambda_http.test_handle_request import CANARY, HANDLER, environ_of
from tests.pipes import full_pipe


@pytest.mark.parametrize("log_format", ["", "Text", "JSON"])
@pytest.mark.parametrize("level", ["", "WARN"])
def test_each_line_is_an_object_and_metrics_stand_at_its_top(
    log_format: str, level: str, engine: Engine, tmp_path: Path
) -> None:
    environ = environ_of(
        engine,
        PORTAL_METRICS="log",
        AWS_LAMBDA_LOG_FORMAT=log_format,
        AWS_LAMBDA_LOG_LEVEL=level,
        AWS_LAMBDA_INITIALIZATION_TYPE="on-demand",
    )
    with running(HANDLER, tmp_path, environ) as function:
        answer = function.call(http_api("/api/validate", query="accountId=1&companyId=2"))
        broken = http_api(f"/status/{CANARY}")
        broken["body"] = "x"  # no base64
        function.call(broken)
        lines = function.log_lines()
    metrics = [line for line in lines if "_aws" in line]
    of_call = next(line for line in metrics if "lambdaRequestId" in line)
    assert of_call["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "FSMAppointmentManager/Portal"
    assert of_call["Latency"] > 0
    assert of_call["lambdaRequestId"] == Function.id_of_call(1)
    assert of_call["requestId"] == answer["headers"]["x-request-id"]
    (failed,) = [line for line in lines if "error" in line]
    assert failed["error"] == ["binascii.Error"]
    assert failed["lambdaRequestId"] == Function.id_of_call(2)
    assert CANARY not in function.log.read_text()
    store_lines = [line for line in lines if line["message"].startswith("Store: DynamoDB table")]
    # Once each, if it was not asked to leave out what is below a warning.
    assert len(store_lines) == (0 if level else 1)


def test_debug_is_for_the_portal_and_not_for_what_sends_secrets(
    engine: Engine, tmp_path: Path
) -> None:
    environ = environ_of(engine, AWS_LAMBDA_LOG_FORMAT="JSON", AWS_LAMBDA_LOG_LEVEL="DEBUG")
    with running(HANDLER, tmp_path, environ) as function:
        function.call(http_api("/api/validate", query="accountId=1&companyId=2"))
        lines = function.log_lines()
    debug = {line["logger"].partition(".")[0] for line in lines if line["level"] == "DEBUG"}
    assert debug <= {"portal"}


def test_a_log_that_nobody_reads_stops_no_call(engine: Engine, tmp_path: Path) -> None:
    reader, writer = full_pipe()
    broken = http_api("/sign-up")
    broken["body"] = "x"  # no base64
    with running(HANDLER, tmp_path, environ_of(engine), output=writer) as function:
        os.close(writer)
        function.call(broken)
        started = time.monotonic()
        for _ in range(20):
            assert function.call(broken)["statusCode"] == 500
        # Only one call has waited for whoever reads.
        assert time.monotonic() - started < 10
        received = b""
        while b"could not be answered" not in received:
            received += os.read(reader, 65536)
    os.close(reader)
