"""`make bench-peers`: `GET /api/validate` beside servers that answer such questions for a living.

    python -m tests.benchmarks.peers

The peers come from npm and are kept in .cache/: `@unleash/proxy` says which features a user has,
and `@cerbos/cerbos-linux-x64` whether somebody may do something. Each of them, and the portal,
holds a thousand tenants and is asked whether one of them may use the application. Cerbos gets the
end of the licence with the question, since it keeps no data.

Requests per second of CPU time are compared: the peers use more threads than one.
"""

import json
import shutil
import statistics
import subprocess
import tempfile
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from portal.stores.file import JsonFileStore
from tests.benchmarks.bench_validate import KNOWN, UNKNOWN, fill, settings_of, tenant, worker
from tests.benchmarks.load import NoWrkError, Server, send, started
from tests.dynamodb_engine import CACHE
from tests.serving import free_port

UNLEASH, CERBOS = "@unleash/proxy@1.4.9", "@cerbos/cerbos-linux-x64@0.55.0"
TENANTS = 1_000
ROUNDS = 5
#: How many times as many requests per second of CPU time the portal has to answer.
TARGETS = {"unleash proxy": 4.0, "cerbos": 8.0}

FEATURES = {
    "version": 2,
    "features": [
        {
            "name": "appointments",
            "type": "permission",
            "enabled": True,
            "stale": False,
            "project": "default",
            "variants": [],
            "impressionData": False,
            "strategies": [
                {
                    "name": "userWithId",
                    "parameters": {
                        "userIds": ",".join(tenant(number).id for number in range(TENANTS))
                    },
                }
            ],
        }
    ],
}
POLICY = """
apiVersion: api.cerbos.dev/v1
resourcePolicy:
  resource: tenant
  version: default
  rules:
    - actions: [use]
      effect: EFFECT_ALLOW
      roles: [application]
      condition:
        match:
          all:
            of:
              - expr: R.attr.status == "active"
              - expr: timestamp(R.attr.validFrom) <= now()
              - expr: now() <= timestamp(R.attr.validTo)
"""
QUESTION = json.dumps({
    "requestId": "1",
    "principal": {"id": "app", "roles": ["application"]},
    "resources": [
        {
            "actions": ["use"],
            "resource": {
                "kind": "tenant",
                "id": "100007_7",
                "attr": {
                    "status": "active",
                    "validFrom": "2020-01-01T00:00:00.000Z",
                    "validTo": "2099-12-31T23:59:59.999Z",
                },
            },
        }
    ],
})  # fmt: skip


def main() -> None:
    try:
        _compare()
    except NoWrkError as error:
        print(f"{error}. Nothing was compared.")


def _compare() -> None:
    with ExitStack() as stack:
        hello = stack.enter_context(started(worker("hello"), {}))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        store = JsonFileStore(folder)
        fill(store, TENANTS)
        store.close()
        portal = stack.enter_context(started(worker("portal"), settings_of(folder), path="/health"))
        key = 'wrk.headers["Authorization"] = "key"'
        post = (
            'wrk.method = "POST"; wrk.headers["Content-Type"] = "application/json";'
            f" wrk.body = [[{QUESTION}]]"
        )
        kinds = {
            "hello (Flask)": (hello, "/", ""),
            "valid": (portal, KNOWN, ""),
            "unknown": (portal, UNKNOWN, ""),
            "unleash proxy": (
                stack.enter_context(_unleash()), "/proxy?userId=100007_7", key,
            ),
            "cerbos": (stack.enter_context(_cerbos()), "/api/check/resources", post),
        }  # fmt: skip
        _check_answers(kinds)
        spent: dict[str, list[float]] = {name: [] for name in kinds}
        for turn in range(ROUNDS + 1):
            for name, (server, path, script) in kinds.items():
                run = send(server, path, script=script)
                assert not run.refused, f"{name}: {run.refused} answers were no 200"
                if turn:
                    # The first turn only warms up.
                    spent[name].append(run.cpu_seconds)
    print("Requests for each second of CPU time")
    print(
        f"{'server':<16}{'best':>9}{'median':>9}{'validate has':>14}{'median':>8}{'to reach':>10}"
    )
    best = {name: 1 / min(each) for name, each in spent.items()}
    middle = {name: 1 / statistics.median(each) for name, each in spent.items()}
    for name in kinds:
        target = f"{TARGETS[name]:10.1f}" if name in TARGETS else ""
        print(
            f"{name:<16}{best[name]:9,.0f}{middle[name]:9,.0f}{best['valid'] / best[name]:14.2f}"
            f"{middle['valid'] / middle[name]:8.2f}{target}"
        )


def _check_answers(kinds: dict[str, tuple[Server, str, str]]) -> None:
    """Each of them says yes: an error is answered faster."""
    server, path, _ = kinds["valid"]
    assert _answer(server.url + path)["isValid"] is True
    server, path, _ = kinds["unleash proxy"]
    toggles = _answer(server.url + path, Authorization="key")["toggles"]
    assert [(each["name"], each["enabled"]) for each in toggles] == [("appointments", True)]
    server, path, _ = kinds["cerbos"]
    (result,) = _answer(server.url + path, QUESTION.encode())["results"]
    assert result["actions"] == {"use": "EFFECT_ALLOW"}


def _answer(url: str, body: bytes | None = None, **headers: str) -> Any:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json", **headers})  # noqa: S310 - http
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - http
        return json.load(answer)


def _fetched(package: str) -> Path:
    """The folder of an npm package, downloaded once."""
    name, _, version = package.rpartition("@")
    folder = CACHE / f"peer-{name.rpartition('/')[2]}-{version}"
    inside = folder / "node_modules" / name
    if not inside.exists():
        npm = shutil.which("npm")
        if npm is None:
            raise SystemExit("npm, which fetches the peers, is not installed.")
        folder.mkdir(parents=True, exist_ok=True)
        print(f"Fetching {package} …")
        options = ["--no-audit", "--no-fund", "--silent", "--ignore-scripts"]
        subprocess.run(
            [npm, "install", *options, "--prefix", str(folder), package], check=True, timeout=300
        )
    return inside


@contextmanager
def _unleash() -> Iterator[Server]:
    """The proxy, with a small Unleash behind it that has one feature."""
    node = shutil.which("node")
    if node is None:
        raise SystemExit("Node.js, which runs the Unleash proxy, is not installed.")
    start = _fetched(UNLEASH) / "dist" / "start.js"
    unleash = ThreadingHTTPServer(("127.0.0.1", 0), _Unleash)
    threading.Thread(target=unleash.serve_forever, daemon=True).start()
    port = free_port()
    settings = {
        "UNLEASH_URL": f"http://127.0.0.1:{unleash.server_port}/api",
        "UNLEASH_API_TOKEN": "default:development.token",
        "UNLEASH_PROXY_CLIENT_KEYS": "key",
        "LOG_LEVEL": "error",
        "NODE_ENV": "production",
        "PORT": str(port),
    }
    try:
        command = [node, str(start)]
        with started(command, settings, port=port, path="/proxy/health") as server:
            yield server
    finally:
        unleash.shutdown()


class _Unleash(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer(json.dumps(FEATURES).encode())

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self._answer(b"{}")

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Not into the table."""


@contextmanager
def _cerbos() -> Iterator[Server]:
    program = _fetched(CERBOS) / "cerbos-linux-x64"
    with tempfile.TemporaryDirectory() as folder:
        policies = Path(folder) / "policies"
        policies.mkdir()
        (policies / "tenant.yaml").write_text(POLICY, encoding="utf-8")
        port = free_port()
        configuration = Path(folder) / "cerbos.yaml"
        configuration.write_text(
            json.dumps({
                "server": {
                    "httpListenAddr": f"127.0.0.1:{port}",
                    "grpcListenAddr": f"127.0.0.1:{free_port()}",
                },
                "storage": {"driver": "disk", "disk": {"directory": str(policies)}},
                "telemetry": {"disabled": True},
            }),
            encoding="utf-8",
        )  # fmt: skip
        command = [str(program), "server", f"--config={configuration}", "--log-level=error"]
        with started(command, {}, port=port, path="/_cerbos/health") as server:
            yield server


if __name__ == "__main__":
    main()
