"""Traces: a span for each request and each call to the store, and nothing that anybody typed."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from portal import create_app
from portal.fsm import HttpsCaller
from portal.logs import JsonLines
from portal.mail.messages.message import OutgoingMail
from portal.outbox import Delivery
from portal.settings import Settings
from portal.stores.contract import Store, UnavailableError
from portal.tracing import outgoing_headers
from portal.tracing.otel import CLOSE_SECONDS, OtelTracing, open_opentelemetry
from tests.conftest import Clock
from tests.fsm_cluster import Reply, running_cluster
from tests.mail.letters_and_facts import Kept, post_to, read
from tests.strict_client import StrictClient
from tests.web.failing_store import TroubledStore
from tests.web.pages import IDS, Staff, sent_in, sign_in

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"
STATE = "vendor=opaque"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracing(exporter: InMemorySpanExporter) -> OtelTracing:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return OtelTracing(provider)


@pytest.fixture
def troubled(each_store: Store) -> TroubledStore:
    return TroubledStore(each_store)


@pytest.fixture
def make(settings: Settings, troubled: TroubledStore, clock: Clock, tracing: OtelTracing):
    """`make(proxy_hops=1)`: an application that is traced, with some settings changed."""

    def made(**changed: Any) -> Flask:
        changed_settings = replace(settings, **changed)
        app = create_app(changed_settings, store=troubled, clock=clock.now, tracing=tracing)
        app.testing = True
        app.test_client_class = StrictClient
        return app

    return made


@pytest.fixture
def deliver(settings: Settings, troubled: TroubledStore, clock: Clock, tracing: OtelTracing):
    """Delivers what is due, and returns the mails."""

    def run() -> list[OutgoingMail]:
        way = Kept()
        Delivery(
            store=tracing.traced(troubled),
            post=post_to(settings, way),
            clock=clock.now,
            tracing=tracing,
        ).send_due()
        return way.mails

    return run


def spans(exporter: InMemorySpanExporter, name: str = "") -> list[ReadableSpan]:
    return [span for span in exporter.get_finished_spans() if not name or span.name == name]


def only(exporter: InMemorySpanExporter, name: str) -> ReadableSpan:
    (span,) = spans(exporter, name)
    return span


def attributes(span: ReadableSpan) -> Mapping[str, object]:
    return dict(span.attributes or {})


def trace_of(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.trace_id:032x}"


def test_a_request_is_one_span_named_by_its_route(make, exporter, troubled, clock) -> None:
    client = make().test_client()
    vera = Staff(client, "Vera")
    sign_in(client, troubled, clock.now(), role="viewer", name="Vera")
    exporter.clear()
    answer = vera.get("/staff/tenants/pending-abcdefghijklmnopqrstuvwxyz?words=hidden")
    assert answer.status_code == 404
    span = only(exporter, "GET /staff/tenants/<tenant:tenant_id>")
    assert span.kind is SpanKind.SERVER
    assert attributes(span) == {
        "http.request.method": "GET",
        "http.route": "/staff/tenants/<tenant:tenant_id>",
        "http.response.status_code": 404,
        "portal.request_id": answer.headers["X-Request-Id"],
    }
    calls = [each for each in spans(exporter) if each is not span]
    assert calls
    for each in calls:
        assert trace_of(each) == trace_of(span)
        assert each.parent is not None
        assert span.context is not None
        assert each.parent.span_id == span.context.span_id
        assert set(attributes(each)) == {"db.operation.name", "portal.outcome"}
    assert {attributes(each)["portal.outcome"] for each in calls} == {"done", "ItemNotFoundError"}
    # That an item is not there is no error.
    assert {each.status.status_code for each in calls} == {StatusCode.UNSET}


def test_an_address_without_a_route_is_a_span_without_it(make, exporter) -> None:
    make().test_client().get("/no/such/page?secret=1")
    assert attributes(only(exporter, "GET")).get("http.route") is None


def test_a_method_that_http_does_not_have_names_no_span(make, exporter) -> None:
    make().test_client().open("/", method="SECRET")
    assert "SECRET" not in dumped(exporter)
    assert attributes(only(exporter, "_OTHER"))["http.response.status_code"] == 405


def test_a_trace_that_a_trusted_proxy_began_is_continued(make, exporter) -> None:
    headers = {"traceparent": TRACEPARENT, "tracestate": STATE}
    make(proxy_hops=1).test_client().get("/", headers=headers)
    span = only(exporter, "GET /")
    assert trace_of(span) == TRACE
    assert span.parent is not None
    assert span.context is not None
    assert f"{span.parent.span_id:016x}" == PARENT
    assert span.context.trace_state.to_header() == STATE


def test_a_stranger_continues_no_trace(make, exporter) -> None:
    make().test_client().get("/", headers={"traceparent": TRACEPARENT, "tracestate": STATE})
    span = only(exporter, "GET /")
    assert trace_of(span) != TRACE
    assert span.parent is None
    assert STATE not in dumped(exporter)


@pytest.mark.parametrize(
    "malformed",
    [
        "", "nonsense", TRACEPARENT.upper(), f"{TRACEPARENT}-more", TRACEPARENT[:-1],
        f"{TRACEPARENT},{TRACEPARENT}", f"00-{'0' * 32}-{PARENT}-01", f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{PARENT}-01", "0" * 5000,
    ],
)  # fmt: skip
def test_a_malformed_parent_begins_a_new_trace(make, exporter, malformed: str) -> None:
    client = make(proxy_hops=1).test_client()
    answer = client.get("/", headers={"traceparent": malformed, "tracestate": STATE})
    assert answer.status_code < 400
    span = only(exporter, "GET /")
    assert span.parent is None
    assert trace_of(span) != TRACE


def test_who_is_asked_a_thousand_times_a_second_stays_out_of_it(make, exporter) -> None:
    client = make(proxy_hops=1).test_client()
    for path in (
        "/api/validate?accountId=1&companyId=2", "/api/validate?companyId=2&accountId=1",
        "/api/validate", "/health",
    ):  # fmt: skip
        client.get(path, headers={"traceparent": TRACEPARENT})
    assert spans(exporter) == []


def test_an_error_is_its_type_alone(make, exporter, troubled) -> None:
    client = make().test_client()
    error = UnavailableError(reason="canary-reason", remedy="canary-remedy")
    troubled.begin(lambda _call, _number: error)
    token = "a" * 26 + "b" * 32
    assert client.get(f"/status/{token}").status_code == 503
    request = only(exporter, "GET /status/<token>")
    assert attributes(request)["error.type"] == "UnavailableError"
    assert request.status.status_code is StatusCode.ERROR
    call = spans(exporter, "store get")[0]
    assert attributes(call) == {
        "db.operation.name": "get",
        "portal.outcome": "UnavailableError",
        "error.type": "UnavailableError",
    }
    assert all(each.events == () for each in spans(exporter))
    assert "canary" not in dumped(exporter)


def test_an_error_that_nobody_expected_is_its_type_alone(make, exporter, troubled) -> None:
    app = make()
    app.testing = False
    troubled.begin(lambda _call, _number: ZeroDivisionError("canary-text"))
    assert app.test_client().get(f"/status/{'a' * 26}{'b' * 32}").status_code == 500
    assert attributes(only(exporter, "GET /status/<token>"))["error.type"] == "ZeroDivisionError"
    assert "canary" not in dumped(exporter)


def dumped(exporter: InMemorySpanExporter) -> str:
    return "\n".join(span.to_json() for span in spans(exporter))


def test_no_span_holds_what_anybody_typed_or_an_id_or_a_secret(
    make, exporter, troubled, clock, deliver
) -> None:
    app = make()
    customer, staff = app.test_client(), app.test_client()
    typed = {
        "company": "Canary-Company",
        "contact": "Canary-Contact",
        "email": "canary@example.com",
    }
    sign_up = sent_in(customer, **typed)
    customer.get(sign_up.url)
    sign_in(staff, troubled, clock.now(), role="admin", name="Canary-Admin")
    ada = Staff(staff, "Canary-Admin")
    assert ada.get("/staff/tenants?q=Canary-Query").status_code == 200
    answer = ada.decide(sign_up.id, "activate", client_secret="Canary-Secret", **IDS)
    assert answer.status_code == 303
    ada.page(f"{IDS['account_id']}_{IDS['company_id']}")
    clock.advance(minutes=1)
    assert deliver()
    text = dumped(exporter).lower()
    assert "post /sign-up" in text
    for hidden in ("canary", sign_up.token, sign_up.id, IDS["account_id"], IDS["company_id"]):
        assert hidden.lower() not in text, hidden


def test_a_mail_leads_back_to_the_request_that_caused_it(make, exporter, deliver, caplog) -> None:
    sent_in(make().test_client())
    request_id = attributes(only(exporter, "POST /sign-up"))["portal.request_id"]
    exporter.clear()
    lines: list[dict[str, object]] = []
    with caplog.at_level("INFO"):
        caplog.handler.setFormatter(JsonLines())
        (mail,) = deliver()
        lines += map(json.loads, caplog.text.splitlines())
    assert read(mail).message["X-Request-Id"] == request_id
    span = only(exporter, "deliver mail")
    assert attributes(span) == {
        "portal.kind": "received",
        "portal.request_id": request_id,
        "portal.outcome": "sent",
    }
    assert span.parent is None
    # Its calls to the store are spans of the same trace; looking for what is due belongs to none.
    assert {trace_of(each) for each in spans(exporter)} == {trace_of(span)}
    (line,) = [each for each in lines if each["message"] == "A mail was sent."]
    assert (line["requestId"], line["traceId"]) == (request_id, trace_of(span))


def test_a_call_to_a_cluster_carries_the_trace(tmp_path: Path, tracing: OtelTracing) -> None:
    with running_cluster(tmp_path) as cluster:
        cluster.reply, cluster.to_all = Reply(200, b"here", {}), True
        caller = HttpsCaller(cluster.setting())
        found = caller.clusters.of_label("eu")
        assert found is not None
        span = tracing.request("POST", "id", traceparent=TRACEPARENT, tracestate=STATE)
        with span.active():
            sent = outgoing_headers()
            caller.call(found, "GET", "/keys")
        caller.call(found, "GET", "/keys")
    assert sent["traceparent"].startswith(f"00-{TRACE}-")
    first, second = ({k.lower(): v for k, v in each.headers.items()} for each in cluster.asked)
    assert (first["traceparent"], first["tracestate"]) == (sent["traceparent"], STATE)
    # Baggage, which may hold anything, goes nowhere.
    assert "baggage" not in first
    assert "traceparent" not in second
    assert outgoing_headers() == {}


def in_a_process_of_its_own(script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_provider_that_somebody_set_up_before_is_used() -> None:
    out = in_a_process_of_its_own(
        "from opentelemetry import trace\n"
        "from opentelemetry.sdk.trace import TracerProvider\n"
        "from opentelemetry.sdk.trace.export import SimpleSpanProcessor\n"
        "from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter\n"
        "theirs, kept = TracerProvider(), InMemorySpanExporter()\n"
        "theirs.add_span_processor(SimpleSpanProcessor(kept))\n"
        "trace.set_tracer_provider(theirs)\n"
        "from portal.tracing.otel import open_opentelemetry\n"
        "tracing = open_opentelemetry()\n"
        "with theirs.get_tracer('instrumentation').start_as_current_span('outer') as outer:\n"
        "    tracing.request('GET', 'id', traceparent='', tracestate='').end('/', 200, '')\n"
        "tracing.close()\n"
        "inner, around = kept.get_finished_spans()\n"
        "print(inner.name, inner.parent.span_id == around.context.span_id)\n"
        # It is not ours to end.
        "with theirs.get_tracer('instrumentation').start_as_current_span('later'): pass\n"
        "print(len(kept.get_finished_spans()))\n"
    )
    assert out.split() == ["GET", "/", "True", "3"]


@pytest.fixture
def silent_collector() -> Iterator[str]:
    """It takes connections, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("is_there", [True, False])
def test_a_collector_that_does_not_answer_slows_nothing(
    is_there: bool, silent_collector: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = silent_collector if is_there else "http://127.0.0.1:1"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
    tracing = open_opentelemetry()
    began = time.monotonic()
    for _ in range(5_000):
        span = tracing.request("GET", "id", traceparent="", tracestate="")
        with span.active():
            pass
        span.end("/", 200, "")
    # Far more than are kept: the rest is dropped, and nobody waits.
    assert time.monotonic() - began < 20
    began = time.monotonic()
    tracing.close()
    assert time.monotonic() - began < CLOSE_SECONDS + 5
