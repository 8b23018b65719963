"""The metrics for Prometheus: names, labels, counts of all workers, and the optional library."""

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from portal import create_app
from portal.cli.main import main
from portal.metrics import shared_metrics
from portal.metrics.names import STORE_BUCKETS as BUCKETS
from portal.settings import Settings, SettingsError
from portal.stores.contract import Add, Item, ItemExistsError
from portal.stores.dynamodb.metrics import Call, Metrics
from portal.stores.dynamodb.store import DynamoDbStore
from tests.conftest import SECRET_KEY
from tests.dynamodb_engine import CREDENTIALS, REGION, Engine
from tests.fault_proxy import Refuse, first
from tests.prometheus_text import total
from tests.serving import ROOT, serving

FORK = multiprocessing.get_context("fork")


def item(tenant_id: str) -> Item:
    return {"tenantId": tenant_id, "version": 1}


@pytest.fixture
def store(engine: Engine) -> Iterator[DynamoDbStore]:
    opened = DynamoDbStore(engine.new_table())
    yield opened
    opened.close()


@pytest.mark.parametrize("units", [1_234_567.5, 987_654_321.5, 12_345_678_901.0])
def test_large_counts_keep_their_digits(units: float) -> None:
    metrics = Metrics()
    metrics.enable_prometheus()
    call = Call(
        operation="Query", kind="item", outcome="ok", seconds=0.01,
        read_units={"table": units}, write_units={}, request_id="r",
    )  # fmt: skip
    metrics.record(call)
    assert total(metrics.to_prometheus(), "portal_store_capacity_units_total") == units
    # The next unit still counts.
    metrics.record(replace(call, read_units={"table": 1.0}))
    assert total(metrics.to_prometheus(), "portal_store_capacity_units_total") == units + 1


def test_outcomes_are_counted_apart(engine, proxy) -> None:
    store = DynamoDbStore(replace(engine.new_table(), endpoint=proxy.url))
    store.metrics.enable_prometheus()
    proxy.plan = first(1, Refuse("ThrottlingException"))
    store.write([Add(item("a"))])
    with pytest.raises(ItemExistsError):
        store.write([Add(item("a"))])
    store.close()
    shown = store.metrics.to_prometheus()
    for outcome in ("ok", "refused", "throttled"):
        assert f'operation="PutItem",outcome="{outcome}"}} 1.0\n' in shown


def test_times_are_counted_in_growing_buckets() -> None:
    metrics = Metrics()
    metrics.enable_prometheus()
    for seconds in (0.001, 0.02, 0.02, 10.0):
        metrics.record(
            Call(
                operation="GetItem", kind="item", outcome="ok", seconds=seconds,
                read_units={"table": 0.5}, write_units={}, request_id="",
            )
        )  # fmt: skip
    lines = metrics.to_prometheus().splitlines()
    counts = [float(line.rpartition(" ")[2]) for line in lines if "_bucket" in line]
    assert counts == [1, 1, 3, 3, 3, 3, 3, 3, 3, 4]
    assert len(counts) == len(BUCKETS) + 1
    assert [float(line.rpartition(" ")[2]) for line in lines if "_sum" in line] == [10.041]
    assert [float(line.rpartition(" ")[2]) for line in lines if "units_total{" in line] == [2]


def test_names_labels_and_help_texts_are_promised(store) -> None:
    store.metrics.enable_prometheus()
    store.write([Add(item("a"))])
    names = {
        line.partition(" ")[0].partition("place=")[0]
        for line in store.metrics.to_prometheus().splitlines()
        if not line.startswith("#") and "_bucket" not in line
    }
    assert names == {
        'portal_store_calls_total{operation="PutItem",outcome="ok"}',
        'portal_store_capacity_units_total{kind="write",operation="PutItem",',
        'portal_store_call_seconds_count{operation="PutItem"}',
        'portal_store_call_seconds_sum{operation="PutItem"}',
    }
    comments = [line for line in store.metrics.to_prometheus().splitlines() if line.startswith("#")]
    assert sorted(comments) == [
        "# HELP portal_store_call_seconds How long calls to the store took.",
        "# HELP portal_store_calls_total Calls to the store by operation and outcome.",
        "# HELP portal_store_capacity_units_total Capacity units that DynamoDB says it charged.",
        "# TYPE portal_store_call_seconds histogram",
        "# TYPE portal_store_calls_total counter",
        "# TYPE portal_store_capacity_units_total counter",
    ]


def test_a_forked_process_counts_from_zero(store) -> None:
    store.metrics.enable_prometheus()
    store.write([Add(item("a"))])
    results = FORK.SimpleQueue()

    def child() -> None:
        store.get("a")
        results.put(store.metrics.to_prometheus())

    process = FORK.Process(target=child)
    process.start()
    text = results.get()
    process.join(60)
    assert total(text, "portal_store_calls_total") == 1
    assert total(store.metrics.to_prometheus(), "portal_store_calls_total") == 1


def read(url: str) -> str:
    """The answer, asked for again if a worker was killed in the middle of it."""
    for _ in range(50):
        with suppress(OSError), urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - http
            text: str = answer.read().decode()
            return text
        time.sleep(0.1)
    raise AssertionError(f"{url} does not answer")


def test_the_counts_of_all_workers_are_added_up(engine, proxy, tmp_path: Path) -> None:
    location = replace(engine.new_table(), endpoint=proxy.url)
    settings = {
        "USE_DYNAMODB": "true",
        "TENANT_TABLE_NAME": location.table,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL_DYNAMODB": location.endpoint,
        "PORTAL_METRICS": "prometheus",
        "PORTAL_KMS_KEY_ID": "alias/portal",
        "TMPDIR": str(tmp_path),
        **CREDENTIALS,
    }
    with serving(tmp_path, "--workers", "2", settings=settings) as portal:
        (folder,) = tmp_path.glob("portal-metrics-*")
        # Nothing says which worker answers, so this asks until both have counted something.
        deadline = time.monotonic() + 60

        def is_all() -> bool:
            # A process may read how much waits just now.
            text = read(f"{portal.url}/metrics")
            calls = total(text, "portal_store_calls_total")
            # Before it counts, `portal serve` looks whether it can read the table.
            asked = len(proxy.operations) - 3
            return calls == total(text, "portal_store_call_seconds_count") == asked

        with ThreadPoolExecutor(8) as pool:
            while len(workers := _that_have_counted(folder, portal.workers())) < 2:
                assert time.monotonic() < deadline
                list(pool.map(read, [f"{portal.url}/health"] * 16))
        assert proxy.operations[:3] == ["GetItem", "GetItem", "PutItem"]
        eventually(is_all)
        # What a worker has counted still counts after its end: a counter never decreases.
        os.kill(workers[0], signal.SIGKILL)
        read(f"{portal.url}/health")
        eventually(is_all)
    assert list(tmp_path.glob("portal-metrics-*")) == []


def _that_have_counted(folder: Path, workers: set[int]) -> list[int]:
    return [pid for pid in workers if (folder / f"counter_{pid}.db").exists()]


def eventually(holds: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def without_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)


@pytest.mark.parametrize("chosen", ["true", "false"])
def test_without_the_library_the_setting_is_refused(
    chosen: str, tmp_path: Path, without_library: None
) -> None:
    environ = {
        "USE_DYNAMODB": chosen,
        "PORTAL_KMS_KEY_ID": "alias/portal",
        "PORTAL_DATA_DIR": str(tmp_path),
        "PORTAL_SECRET_KEY": SECRET_KEY,
    }
    create_app(Settings.from_environment(environ))
    with pytest.raises(SettingsError, match=r"pip install 'fsm-onboarding-portal\[prometheus\]'"):
        create_app(Settings.from_environment({**environ, "PORTAL_METRICS": "prometheus"}))


def test_serve_refuses_the_setting_before_it_starts_a_worker(
    tmp_path: Path, without_library: None
) -> None:
    environ = {"PORTAL_DATA_DIR": str(tmp_path), "PORTAL_METRICS": "prometheus"}
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    result = CliRunner().invoke(main, ["serve", "--port", port], env=environ)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: PORTAL_METRICS: For prometheus, install the library")


def test_without_a_temporary_folder_serve_says_what_to_set(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(settings.data_dir / "nowhere"))
    with (
        pytest.raises(SettingsError, match="Set TMPDIR"),
        shared_metrics(replace(settings, metrics=frozenset({"prometheus"}))),
    ):
        raise AssertionError("there is a folder")
    with shared_metrics(settings):
        assert "PROMETHEUS_MULTIPROC_DIR" not in os.environ


def test_without_prometheus_the_library_is_not_imported(engine, tmp_path: Path) -> None:
    script = (
        "import sys; from portal import create_app\n"
        "app = create_app()\n"
        "app.test_client().get('/health')\n"
        "print(*sys.modules)"
    )
    environ = {
        "USE_DYNAMODB": "true",
        "TENANT_TABLE_NAME": engine.new_table().table,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL_DYNAMODB": engine.url,
        "PORTAL_METRICS": "log",
        "PORTAL_KMS_KEY_ID": "alias/portal",
        "PORTAL_SECRET_KEY": SECRET_KEY,
        "PORTAL_DATA_DIR": str(tmp_path),
        **CREDENTIALS,
    }
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT, env=environ, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    loaded = set(done.stdout.split())
    assert "portal.stores.dynamodb.store" in loaded
    assert loaded & {"prometheus_client", "portal.metrics.prometheus_output"} == set()
