"""Plays the shell: a page with the host side of SAP's own SDK, and the extension in a frame of it.

`/?…` is the page; its query says how this shell behaves. `/forger` is a page that sends a context
to the frame beside it, as if it were the shell. `POST /api/oauth2/v1/token` is what a cluster
answers to credentials.
"""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.serving import ROOT

SDK = ROOT / "static" / "vendor" / "fsm-shell-1.27.1.min.js"
PORTAL = "https://portal.example"
SHELL = "https://eu.fsm.cloud.sap"
#: What the description of the extension asks for.
SANDBOX = "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox"
CLIENT_ID = "appointment-manager-client"
CLIENT_SECRET = "a-secret-that-the-cluster-knows"
CONTEXT: dict[str, Any] = {
    "account": "Example AG",
    "accountId": "86810",
    "company": "Example Service GmbH",
    "companyId": "104348",
    "user": "jane",
    "userId": "4711",
    "cloudHost": "eu.fsm.cloud.sap",
    "selectedLocale": "en-gb",
    "extension": {"deploymentId": "d-1"},
}

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Shell</title>
<style>body { margin: 0 } iframe { border: 0; width: 100%%; height: 1400px }</style>
<script src="/sdk.js"></script></head>
<body>
<iframe id="extension" title="Extension" sandbox="%(sandbox)s" src="%(portal)s/shell"></iframe>
%(more)s
<script>
const settings = %(settings)s;
const { ShellSdk, SHELL_EVENTS } = FsmShell;
const { REQUIRE_CONTEXT, GET_STORAGE_ITEM } = SHELL_EVENTS.Version1;
const frame = document.querySelector("#extension");
const sdk = ShellSdk.init(null, "*");
sdk.setTarget(frame.contentWindow, "%(portal)s");
window.heard = [];
window.addEventListener("message", (event) => heard.push(JSON.stringify(event.data)));
sdk.on(REQUIRE_CONTEXT, () => {
  if (settings.answer === "text") sdk.emit(REQUIRE_CONTEXT, JSON.stringify(settings.context));
  if (settings.answer === "object") sdk.emit(REQUIRE_CONTEXT, settings.context);
  if (settings.answer === "error") sdk.emit(SHELL_EVENTS.ERROR, { message: "no" });
});
sdk.on(GET_STORAGE_ITEM, (key) => {
  if (settings.stored) sdk.emit(GET_STORAGE_ITEM, { key, value: settings.stored });
});
</script>
</body></html>
"""

_FORGER = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Forger</title></head><body>
<script>
const forged = JSON.stringify(%(context)s);
setInterval(() => {
  parent.frames[0].postMessage({ type: "V1.REQUIRE_CONTEXT", value: forged }, "*");
}, 100);
</script>
</body></html>
"""


def shell_address(
    answer: str = "object",
    *,
    origin: str = SHELL,
    sandbox: str = SANDBOX,
    stored: str = "",
    forger: str = "",
    **context: Any,
) -> str:
    """The address of a shell that behaves so. `context`: what its context says otherwise."""
    settings = {
        "answer": answer,
        "stored": stored,
        "sandbox": sandbox,
        "forger": forger,
        "context": CONTEXT | context,
    }
    encoded = base64.urlsafe_b64encode(json.dumps(settings).encode()).decode()
    return f"{origin}/?settings={encoded}"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/sdk.js":
            self._answer(SDK.read_bytes(), "text/javascript")
        elif url.path == "/forger":
            forged = CONTEXT | {"account": "Forged AG", "accountId": "666"}
            self._answer((_FORGER % {"context": json.dumps(forged)}).encode())
        elif url.path == "/":
            encoded = parse_qs(url.query)["settings"][0]
            settings = json.loads(base64.urlsafe_b64decode(encoded))
            forger = f'<iframe title="Forger" src="{settings["forger"]}"></iframe>'
            page = _PAGE % {
                "sandbox": settings["sandbox"],
                "portal": PORTAL,
                "more": forger if settings["forger"] else "",
                "settings": json.dumps(settings),
            }
            self._answer(page.encode())
        else:
            self._answer(b"", "text/plain", 404)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        expected = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if self.path != "/api/oauth2/v1/token":
            self._answer(b"", "text/plain", 404)
        elif self.headers.get("Authorization") != f"Basic {expected}":
            self._answer(b'{"error": "invalid_client"}', "application/json", 401)
        else:
            token = {
                "access_token": "a-token",
                "token_type": "bearer",
                "expires_in": 3599,
                "scope": "global",
                "account": "Example AG",
                "account_id": 86810,
                "cluster_url": SHELL,
                "authorities": ["ADMIN"],
                "permission_group_id": 1,
                "companies": [{"id": 104348, "name": "Example Service GmbH"}],
            }
            self._answer(json.dumps(token).encode(), "application/json")

    def _answer(self, body: bytes, kind: str = "text/html", status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def shell_host() -> Iterator[int]:
    """Runs it. Yields its port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
