"""What is counted in one process, and what it shows."""

import json
import logging
import queue
import random
import threading
import time
from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.parser import text_string_to_metric_families

from portal import create_app
from portal.auth import SecurityAct, Source
from portal.logs import JsonLines, lambda_request_id
from portal.metrics import NAMESPACE, Recorder, Regularly, names, prometheus_recorder
from portal.metrics.embedded_output import LOG_SECONDS, EmbeddedOutput
from portal.metrics.names import ALL, REQUEST_SECONDS, REQUESTS
from portal.settings import Settings
from portal.stores import Store
from portal.web import Services
from tests.conftest import Clock
from tests.examples import PERSONAL, PlainSealer, activate, reference, sign_up
from tests.prometheus_text import total
from tests.web.pages import TYPED, form_of

VALIDATE = "/api/validate?accountId=86810&companyId=104348"
#: Name, labels -> value.
Figures = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def counted(settings: Settings, each_store: Store, clock: Clock) -> Flask:
    both = replace(settings, metrics=frozenset({"log", "prometheus"}))
    return create_app(both, store=each_store, clock=clock.now)


def services_of(app: Flask) -> Services:
    found: Services = app.extensions["portal"]
    return found


def ask(browser: FlaskClient, path: str, method: str = "GET", **more: Any) -> int:
    """The status. A server takes the whole answer and closes it."""
    with browser.open(path, method=method, **more) as answer:
        return answer.status_code


def drive(app: Flask) -> None:
    """A bit of everything that one process counts."""
    services, browser = services_of(app), app.test_client()
    first = sign_up(services.store)
    sign_up(services.store, 2, set_aside=True)
    activate(services.store, PlainSealer(), first)
    for path in (VALIDATE, "/sign-up", "/health", "/nothing", "/staff/"):
        ask(browser, path)
    ask(browser, "/sign-up", "POST", data={"company": "x"})
    ask(browser, "/api/tenants", headers={"Authorization": "Bearer nobody's"})
    services.metrics.note_validate((200, 0.0004))
    services.metrics.note_validate((404, 0.03))
    services.metrics.count(names.DELIVERIES, "received", "sent")
    services.metrics.count(names.PROCESS_DEATHS, "worker")
    services.metrics.count(names.RATE_LIMITED, "/sign-up")


def shown(text: str) -> Figures:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def logged(caplog: pytest.LogCaptureFixture) -> Figures:
    """The figures of CloudWatch's lines, added up; of a gauge the last one."""
    figures: Figures = defaultdict(float)
    for record in caplog.records:
        if record.name != "portal.metrics.embedded_output":
            continue
        line = json.loads(JsonLines().format(record))
        (metrics,) = line["_aws"]["CloudWatchMetrics"]
        assert metrics["Namespace"] == NAMESPACE
        (dimensions,) = metrics["Dimensions"]
        labels = frozenset((name, line[name]) for name in dimensions)
        for each in metrics["Metrics"]:
            name = each["Name"]
            assert isinstance(line[name], int | float)
            key = name, labels
            figures[key] = line[name] if name in GAUGES else figures[key] + line[name]
    return figures


GAUGES = {each.name for each in ALL if each.kind == "gauge"}


def test_cloudwatch_gets_the_same_figures_under_the_same_names(
    counted: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = services_of(counted).metrics
    with caplog.at_level(logging.INFO):
        drive(counted)
        recorder.collect()
        recorder.close()
    # Every bucket would be one more metric to pay for, and what is zero says nothing.
    expected = {
        key: value
        for key, value in shown(recorder.to_prometheus()).items()
        if not key[0].endswith("_bucket") and (value or key[0] in GAUGES)
    }
    assert logged(caplog) == pytest.approx(expected, abs=1e-4)
    names_shown = {name.removesuffix("_sum").removesuffix("_count") for name, _ in expected}
    assert names_shown >= {each.name for each in ALL} - {
        "portal_lost_log_lines_total", "portal_store_capacity_units_total",
    }  # fmt: skip


def test_what_is_shown_is_promised_and_names_nobody(counted: Flask) -> None:
    drive(counted)
    recorder = services_of(counted).metrics
    recorder.collect()
    text = recorder.to_prometheus()
    promised = {each.name: each for each in ALL}
    for family in text_string_to_metric_families(text):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        metric = promised[name]
        assert (family.type, family.documentation) == (metric.kind, metric.text)
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == set(metric.labels)
    for secret in (*PERSONAL, "86810", reference(1), "nobody's", "127.0.0.1", "localhost"):
        assert secret not in text


def test_each_kind_is_counted(counted: Flask) -> None:
    drive(counted)
    recorder = services_of(counted).metrics
    recorder.collect()
    text = recorder.to_prometheus()
    assert total(text, "portal_sign_ups_total", outcome="queue") == 1
    assert total(text, "portal_sign_ups_total", outcome="doubtful") == 1
    assert total(text, "portal_sign_ups_total", outcome="refused") == 0
    assert total(text, "portal_decisions_total", verb="activate") == 1
    assert total(text, "portal_sign_in_failures_total", kind="token") == 1
    assert total(text, "portal_requests_total", route="/api/validate") == 3
    assert total(text, "portal_requests_total", route="/sign-up", status="422") == 0
    assert total(text, "portal_requests_total", route="/sign-up") == 2
    assert total(text, "portal_requests_total", route="none", status="404") == 1
    assert total(text, "portal_request_seconds_count", route="/api/validate") == 3
    assert total(text, "portal_queue_length", list="doubtful") == 1
    assert total(text, "portal_outbox_entries", state="due") >= 1


def test_a_sign_up_that_the_limits_refuse_is_counted(
    settings: Settings, store: Store, clock: Clock
) -> None:
    limited = replace(settings, metrics=frozenset({"prometheus"}), sign_ups_per_hour=1)
    app = create_app(limited, store=store, clock=clock.now)
    browser, statuses = app.test_client(), [0]
    while statuses[-1] != 429:
        assert len(statuses) < 30
        form = form_of(browser.get("/sign-up"), "/sign-up") | TYPED
        form["email"] = f"a{clock.advance(seconds=1).timestamp():.0f}@customer.example"
        statuses.append(ask(browser, "/sign-up", "POST", data=form))
    text = services_of(app).metrics.to_prometheus()
    assert total(text, "portal_rate_limited_total", route="/sign-up") == 1
    assert total(text, "portal_sign_ups_total", outcome="refused") == 1


def test_a_flood_of_paths_and_methods_makes_no_more_series(counted: Flask) -> None:
    browser, recorder = counted.test_client(), services_of(counted).metrics
    chance = random.Random(7)

    def series() -> int:
        recorder.collect()
        return sum("portal_request" in line for line in recorder.to_prometheus().splitlines())

    for method in ("GET", "POST", "BREW"):
        ask(browser, "/one/that/is/not/there", method)
        ask(browser, "/status/a.b", method)
    before = series()
    for number in range(300):
        word = f"{chance.getrandbits(64):x}"
        path = (f"/{word}", f"/staff/{word}", f"/status/{word}.{word}", f"/api/{word}?a={word}")
        ask(browser, path[number % 4], ("GET", "POST", f"X{word}")[number % 3])
    # Staff and the API answer in their own way: a few more statuses of the route "none".
    assert series() - before < 12
    assert "BREW" not in recorder.to_prometheus()


def test_many_samples_at_once_are_what_the_library_makes_of_each() -> None:
    chance = random.Random(3)
    seconds = [chance.expovariate(1 / 0.02) for _ in range(5000)] + [0.001, 0.005, 8.0, 9.0]
    recorder = prometheus_recorder()
    for each in seconds:
        recorder.note_validate((200, each))
    recorder.collect()
    registry = CollectorRegistry()
    plain = Histogram("plain", "", buckets=REQUEST_SECONDS.buckets, registry=registry)
    for each in seconds:
        plain.observe(each)
    text = recorder.to_prometheus()
    assert total(text, "portal_requests_total", status="200") == len(seconds)
    (family,) = registry.collect()
    for sample in family.samples:
        name = sample.name.replace("plain", REQUEST_SECONDS.name)
        if not name.endswith("_created"):
            assert total(text, name, **sample.labels) == pytest.approx(sample.value)


def test_a_sample_of_validate_costs_next_to_nothing() -> None:
    recorder = prometheus_recorder()
    note, number = recorder.note_validate, 100_000

    def seconds_of_cpu() -> float:
        began = time.process_time()
        for _ in range(number):
            note((200, 0.0004))
        recorder.collect()
        return time.process_time() - began

    # An answer takes forty times as long, and counting it with the library itself ten times.
    assert min(seconds_of_cpu() for _ in range(3)) / number < 4e-6


def test_samples_that_nobody_collects_do_not_fill_the_memory() -> None:
    recorder = prometheus_recorder()
    for _ in range(250_000):
        recorder.note_validate((200, 0.0004))
    recorder.collect()
    assert total(recorder.to_prometheus(), "portal_requests_total") == 200_000


def test_without_metrics_nothing_stands_in_the_way(
    settings: Settings, store: Store, clock: Clock
) -> None:
    app = create_app(settings, store=store, clock=clock.now)
    recorder = services_of(app).metrics
    assert not recorder.is_on
    assert app.extensions["portal.at_once"] == app.extensions["portal.validate_layer"].at_once
    assert app.test_client().get("/metrics").status_code == 404
    recorder.count(REQUESTS, "/", "GET", "200")
    recorder.collect()
    recorder.close()
    assert recorder.to_prometheus() == ""


def test_refusals_of_the_security_log_are_counted(counted: Flask) -> None:
    services = services_of(counted)
    # More than the log has lines for.
    for _ in range(50):
        services.refusals.of_stranger(SecurityAct.LINK_REFUSED, Source())
    text = services.metrics.to_prometheus()
    assert total(text, "portal_sign_in_failures_total", kind="link") == 50


# ---- CloudWatch


class Seconds:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_figures_are_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    seconds = Seconds()
    recorder = Recorder(embedded=EmbeddedOutput(seconds=LOG_SECONDS, clock=seconds))
    with caplog.at_level(logging.INFO):
        for _ in range(100):
            recorder.count(REQUESTS, "/sign-up", "GET", "200")
            recorder.collect()
        assert logged(caplog) == {}
        seconds.now += LOG_SECONDS
        recorder.collect()
        assert list(logged(caplog).values()) == [100]
        assert len(caplog.records) == 1
        seconds.now += LOG_SECONDS
        recorder.collect()
    # Nothing new: no line.
    assert len(caplog.records) == 1


def test_on_lambda_they_are_logged_after_each_request(
    settings: Settings, store: Store, clock: Clock, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "portal")
    embedded = replace(settings, metrics=frozenset({"log"}))
    browser = create_app(embedded, store=store, clock=clock.now).test_client()
    with caplog.at_level(logging.INFO):
        ask(browser, "/robots.txt")
        route = frozenset({"route": "/robots.txt", "method": "GET", "status": "200"}.items())
        assert logged(caplog)["portal_requests_total", route] == 1


def test_a_thread_collects_each_second_and_at_the_end() -> None:
    recorder = prometheus_recorder()
    problems = [ValueError(), ZeroDivisionError()]

    def read() -> None:
        if problems:
            raise problems.pop()

    recorder.add_source(read)
    regularly = Regularly(recorder, seconds=0.01)
    recorder.note_validate((200, 0.0004))
    deadline = time.monotonic() + 30
    while not total(recorder.to_prometheus(), "portal_requests_total"):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    recorder.note_validate((200, 0.0004))
    regularly.stop()
    assert total(recorder.to_prometheus(), "portal_requests_total") == 2


class Lines(logging.Handler):
    """The lines of the log, made by the thread that logs."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonLines())
        self.lines: queue.Queue[dict[str, Any]] = queue.Queue()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.put(json.loads(self.format(record)))


def test_lines_of_the_thread_have_the_id_of_the_call_that_started_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    recorder, seen = Recorder(embedded=EmbeddedOutput(seconds=0)), Lines()
    logger = logging.getLogger("portal.metrics")
    logger.addHandler(seen)
    try:
        with caplog.at_level(logging.INFO, logger.name):
            token = lambda_request_id.set("a-call")
            regularly = Regularly(recorder, seconds=0.01)
            lambda_request_id.reset(token)
            recorder.count(names.DELIVERIES, "invitation", "sent")
            line = seen.lines.get(timeout=30)
            regularly.stop()
    finally:
        logger.removeHandler(seen)
    assert (line["portal_deliveries_total"], line["lambdaRequestId"]) == (1, "a-call")


def test_the_end_waits_for_what_the_thread_is_collecting() -> None:
    recorder = prometheus_recorder()
    collecting, go_on, collected = threading.Event(), threading.Event(), []

    def read() -> None:
        collecting.set()
        assert go_on.wait(30)
        collected.append(True)

    recorder.add_source(read)
    regularly = Regularly(recorder, seconds=0.01)
    assert collecting.wait(30)
    go_on.set()
    regularly.stop()
    assert collected
