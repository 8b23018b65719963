"""The trace goes out with what is asked of other machines; a command that delivers is traced."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry, generate_latest, multiprocess

from portal.cli import main
from portal.oidc import ProviderError
from portal.oidc.provider import OpenIdProvider
from portal.oidc_setting import OidcSetting
from portal.stores import Store
from portal.stores.file.store import JsonFileStore
from portal.timestamps import utc_now
from portal.tracing.otel import OtelTracing
from portal.webhooks import AnnouncingStore
from tests.conftest import SECRET_KEY, Clock
from tests.examples import sign_up
from tests.prometheus_text import total
from tests.serving import PORTAL, ROOT, free_port
from tests.webhooks.receivers import Receiver, receiving, sender, settings_for, subscribe

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracing(exporter: InMemorySpanExporter) -> OtelTracing:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return OtelTracing(provider)


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with receiving(tmp_path) as running:
        yield running


@contextmanager
def taking() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """A server that knows nothing: its address, and the headers and bodies that it got."""
    got: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            got.append(({name.lower(): text for name, text in self.headers.items()}, body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST  # noqa: N815 - the library calls it so

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", got
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_the_provider_is_asked_within_the_trace(tracing: OtelTracing) -> None:
    with taking() as (address, got):
        setting = OidcSetting(
            issuer=address, client_id="portal", client_secret="", scopes="openid",
            role_claim="groups", roles={"admin": frozenset({"admins"})},
        )  # fmt: skip
        first, second = (OpenIdProvider(setting, base_url="http://localhost") for _ in range(2))
        span = tracing.request("POST", "id", traceparent=TRACEPARENT, tracestate="")
        with span.active(), pytest.raises(ProviderError):
            first.check()
        with pytest.raises(ProviderError):
            second.check()
    (inside, _), (outside, _) = got
    assert inside["traceparent"].startswith(f"00-{TRACE}-")
    assert "baggage" not in inside
    assert "traceparent" not in outside


def test_a_receiver_of_webhooks_gets_the_trace_of_its_delivery(
    *,
    each_store: Store,
    clock: Clock,
    tmp_path: Path,
    receiver: Receiver,
    tracing: OtelTracing,
    exporter: InMemorySpanExporter,
) -> None:
    store = AnnouncingStore(each_store, clock.now)
    subscribe(store, receiver.address)
    sign_up(store)
    settings = settings_for(tmp_path, receiver.ca_file)
    assert sender(store, settings, clock, tracing=tracing).send_due().sent == 1
    (span,) = [each for each in exporter.get_finished_spans() if each.name == "deliver webhook"]
    assert span.context is not None
    assert span.attributes is not None
    (got,) = receiver.got
    # The flags behind it are the library's.
    assert got.headers["traceparent"].startswith(
        f"00-{span.context.trace_id:032x}-{span.context.span_id:016x}-"
    )
    assert (span.attributes["portal.kind"], span.attributes["portal.outcome"]) == (
        "tenant.pending", "sent",
    )  # fmt: skip
    assert "receiver" not in span.to_json()
    assert "s3cret" not in span.to_json()


def test_the_command_traces_and_counts_what_it_delivers(tmp_path: Path, receiver: Receiver) -> None:
    folder, counts = tmp_path / "data", tmp_path / "counts"
    counts.mkdir()
    opened = JsonFileStore(folder)
    store = AnnouncingStore(opened)
    subscribe(store, receiver.address)
    sign_up(store, now=utc_now())
    opened.close()
    with taking() as (address, got):
        environ = {
            "PATH": os.environ["PATH"],
            "PORTAL_DATA_DIR": str(folder),
            "PORTAL_SECRET_KEY": SECRET_KEY,
            "PORTAL_WEBHOOK_PRIVATE_ADDRESSES": "127.0.0.0/8 ::1",
            "PORTAL_WEBHOOK_CA_FILE": str(receiver.ca_file),
            "PORTAL_LOG_FORMAT": "json",
            "PORTAL_METRICS": "log,prometheus",
            "PROMETHEUS_MULTIPROC_DIR": str(counts),
            "PORTAL_TRACES": "otlp",
            "OTEL_EXPORTER_OTLP_ENDPOINT": address,
        }
        done = subprocess.run(
            [*PORTAL, "outbox", "send"],
            env=environ, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
    assert done.stdout.startswith("2 sent")
    spans = b"".join(body for _, body in got)
    assert b"deliver webhook" in spans
    assert b"deliver mail" in spans
    (sent,) = receiver.got
    assert bytes.fromhex(sent.headers["traceparent"].split("-")[1]) in spans
    # Both outputs count by kind what was delivered.
    lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    name = "portal_deliveries_total"
    logged = {(line["kind"], line["outcome"]): line[name] for line in lines if name in line}
    assert logged == {("received", "sent"): 1, ("tenant.pending", "sent"): 1}
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry, path=str(counts))
    text = generate_latest(registry).decode()
    for kind in ("received", "tenant.pending"):
        assert total(text, name, kind=kind, outcome="sent") == 1
    # Shown before the first one counts.
    for kind in ("tenant.expired", "webhook.test"):
        assert f'{name}{{kind="{kind}",outcome="given_up"}} 0.0' in text


def test_serve_refuses_traces_without_the_libraries_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http", None)
    environ = {"PORTAL_DATA_DIR": str(tmp_path), "PORTAL_TRACES": "otlp"}
    result = CliRunner().invoke(main, ["serve", "--port", str(free_port())], env=environ)
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: PORTAL_TRACES: Install the libraries for it:"
        " pip install 'fsm-onboarding-portal[otel]'\n"
    )
