"""An installed wheel serves pages: templates and static files are inside it."""

import json
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names of what is in the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    # The builder itself rather than a front end: no network, no second environment.
    (path,) = WheelBuilder(os.fspath(ROOT)).build(directory=str(folder), versions=["standard"])
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def files_below(folder: str) -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


@pytest.mark.parametrize("folder", ["templates", "static"])
def test_all_files_of_the_pages_are_inside_the_package(wheel: list[str], folder: str) -> None:
    wanted = {f"portal/{name}" for name in files_below(folder)}
    assert wanted
    assert wanted <= set(wheel)


@pytest.mark.parametrize("folder", ["portal", "migrations_tools"])
def test_all_modules_are_inside(wheel: list[str], folder: str) -> None:
    wanted = {name for name in files_below(folder) if name.endswith(".py")}
    assert wanted <= set(wheel)


def test_nothing_else_is_inside(wheel: list[str]) -> None:
    rooms = {name.partition("/")[0] for name in wheel if ".dist-info/" not in name}
    assert rooms <= {"portal", "migrations_tools"}
    assert not [name for name in wheel if "/data/" in name or "secret" in name.rpartition("/")[2]]


def test_the_check_of_the_container_goes_through_no_proxy(
    health_server: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, asked = health_server
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")
    (line,) = [line for line in dockerfile.splitlines() if line.startswith("HEALTHCHECK ")]
    command = json.loads(line[line.index("CMD ") + 4 :])
    program = command[-1].replace("127.0.0.1:8000", address)
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for status in (0, 1):
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
        assert (done.returncode != 0) is bool(status), done.stderr
        asked.append("red")
    # A store that is away is no reason to begin a new container.
    assert asked[0] == "/health/live"


@pytest.fixture
def health_server() -> Iterator[tuple[str, list[str]]]:
    """Its address, and the paths that it was asked for. It answers 503 after the first one."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503 if asked else 200)
            asked.append(self.path)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}", asked
        server.shutdown()


def test_the_lock_files_name_hashes_and_no_place_to_download_from() -> None:
    for path in (ROOT / "requirements.lock", ROOT / "tests" / "requirements.lock"):
        lines = path.read_text(encoding="utf-8").splitlines()
        pins = [line for line in lines if line and not line.startswith((" ", "#"))]
        assert pins
        assert all("==" in pin and pin.endswith("\\") for pin in pins)
        assert not [line for line in lines if "://" in line or line.startswith("-")]


def test_what_tests_run_on_is_what_the_portal_runs_on() -> None:
    runs, tests = (
        {
            line.split()[0]
            for line in (ROOT / path).read_text(encoding="utf-8").splitlines()
            if "==" in line
        }
        for path in ("requirements.lock", "tests/requirements.lock")
    )
    assert runs <= tests
