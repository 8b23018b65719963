"""The real server: its own refusals have an id and a line, and spans leave before it ends."""

import json
import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.server.raw_client import ask, connect, head, read
from tests.serving import Portal, serving

FORM = "application/x-www-form-urlencoded"


class Collector(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Take)
        self.taken: list[tuple[str, bytes]] = []


class _Take(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append((self.path, body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def lines_of(portal: Portal) -> list[dict[str, Any]]:
    texts = portal.log.read_text().splitlines()
    return [json.loads(text) for text in texts if text.startswith("{")]


def test_what_the_server_refuses_has_an_id_and_a_line_and_spans_leave_at_the_end(
    tmp_path: Path, collector: Collector
) -> None:
    settings = {
        "PORTAL_ACCESS_LOG": "true",
        "PORTAL_TRACES": "otlp",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server_port}",
        # Nothing leaves before the end, then.
        "OTEL_BSP_SCHEDULE_DELAY": "600000",
    }
    limits = {"body_seconds": 0.3}
    with serving(tmp_path, "2", settings=settings, limits=limits) as portal:
        with connect(portal.url) as slow:
            lines = ("Content-Length: 9", f"Content-Type: {FORM}")
            slow.sendall(head("POST", "/sign-up", *lines))
            refused = read(slow)
        answered = ask(portal.url, head("GET", "/sign-up"))
        for _ in range(20):
            ask(portal.url, head("GET", "/api/validate?accountId=1&companyId=2"))
        assert collector.taken == []
        portal.process.send_signal(signal.SIGTERM)
        portal.process.wait(timeout=30)
    assert refused.status == 408
    log = lines_of(portal)
    access = [line for line in log if line["logger"] == "portal.access"]
    by_id = {line["requestId"]: line for line in access}
    line = by_id[refused.headers["x-request-id"]]
    assert (line["method"], line["status"], line["route"]) == ("POST", 408, "")
    assert line["durationMs"] >= 300
    line = by_id[answered.headers["x-request-id"]]
    assert (line["route"], line["status"], line["caller"]) == ("/sign-up", 200, "none")
    assert line["bytes"] == len(answered.body)
    assert len(line["traceId"]) == 32
    # Each worker says in the end how many it has answered.
    counted = [line["count"] for line in access if line["route"] == "/api/validate"]
    assert sum(counted) == 20
    sent = b"".join(body for path, body in collector.taken if path == "/v1/traces")
    assert b"GET /sign-up" in sent
    assert bytes.fromhex(line["traceId"]) in sent
    assert b"fsm-onboarding-portal" in sent
    assert b"validate" not in sent
