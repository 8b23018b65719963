"""Traces and figures leave before Lambda freezes the process."""

import http.server
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from portal.stores.dynamodb.store import DynamoDbStore
from portal.timestamps import utc_now
from tests.dynamodb_engine import Engine
from tests.examples import sign_up
from tests.lambda_http.lambda_events import http_api
from tests.lambda_http.runtime_api import Function, running
from tests.lambda_http.test_handle_request import HANDLER, MAIL_HANDLER, environ_of
from tests.mail_server import mail_server


@dataclass
class Collector:
    """Takes spans by OTLP over HTTP."""

    url: str = ""
    names: list[str] = field(default_factory=list)
    """Of the spans that came."""


@contextmanager
def collector() -> Iterator[Collector]:
    taken = Collector()

    class Requests(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = ExportTraceServiceRequest.FromString(
                self.rfile.read(int(self.headers["Content-Length"]))
            )
            taken.names += [
                span.name
                for resource in sent.resource_spans
                for scope in resource.scope_spans
                for span in scope.spans
            ]
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Requests) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        taken.url = f"http://127.0.0.1:{server.server_port}"
        yield taken
        server.shutdown()
        thread.join()


def traced(url: str) -> dict[str, str]:
    # Nothing leaves by itself while a test runs.
    return {
        "PORTAL_TRACES": "otlp",
        "OTEL_EXPORTER_OTLP_ENDPOINT": url,
        "OTEL_BSP_SCHEDULE_DELAY": "600000",
    }


def test_the_spans_of_a_request_are_sent_before_its_answer(engine: Engine, tmp_path: Path) -> None:
    with (
        collector() as taken,
        running(HANDLER, tmp_path, environ_of(engine, **traced(taken.url))) as function,
    ):
        function.call(http_api("/status/nobody"))
        assert taken.names == ["GET /status/<token>"]


def test_a_collector_that_does_not_answer_is_waited_for_once(
    engine: Engine, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        environ = environ_of(engine, **traced(f"http://127.0.0.1:{silent.getsockname()[1]}"))
        with running(HANDLER, tmp_path, environ) as function:
            function.call(http_api("/health/live"))
            started = time.monotonic()
            for _ in range(10):
                assert function.call(http_api("/health/live"))["statusCode"] == 200
            assert time.monotonic() - started < 5


def test_deliveries_are_counted_and_traced_before_the_function_returns(
    engine: Engine, tmp_path: Path
) -> None:
    location = engine.new_table()
    store = DynamoDbStore(location)
    sign_up(store, 1, now=utc_now())
    store.close()
    with collector() as taken, mail_server() as server:
        environ = environ_of(
            engine,
            TENANT_TABLE_NAME=location.table,
            PORTAL_MAIL_URL=f"smtp://127.0.0.1:{server.port}",
            PORTAL_METRICS="log",
            **traced(taken.url),
        )
        with running(MAIL_HANDLER, tmp_path, environ) as function:
            assert function.call({}, seconds=120)["sent"] == 1
            assert "deliver mail" in taken.names
            figures = [line for line in function.log_lines() if "portal_deliveries_total" in line]
    (line,) = figures
    assert (line["outcome"], line["portal_deliveries_total"]) == ("sent", 1)
    assert line["lambdaRequestId"] == Function.id_of_call(1)
