"""Plays the shell: a page with the host side of SAP's own SDK, and the extension in a frame of it.

`/?…` is the page; its query says how this shell behaves. `/forger` is a page that sends a context
to the frame beside it, as if it were the shell. Below `/api/oauth2/` it is the cluster itself: the
credentials of a client get a token, and the keys of the shell's tokens are there.
"""

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.fsm_cluster import CLIENT_ID, CLIENT_SECRET, V1
from tests.serving import ROOT

SDK = ROOT / "static" / "vendor" / "fsm-shell-1.27.1.min.js"
PORTAL = "https://portal.example"
SHELL = "https://eu.fsm.cloud.sap"
#: What the description of the extension asks for.
SANDBOX = "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox"
#: With which the cluster signs what the shell gives to its pages.
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
CONTEXT: dict[str, Any] = {
    "account": "Example AG",
    "accountId": "86810",
    "company": "Example Service GmbH",
    "companyId": "200300",
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
sdk.on(REQUIRE_CONTEXT, (value) => {
  // A token only for a page that asks for it.
  const context = { ...settings.context, auth: value.auth ? settings.context.auth : undefined };
  if (settings.answer === "text") sdk.emit(REQUIRE_CONTEXT, JSON.stringify(context));
  if (settings.answer === "object") sdk.emit(REQUIRE_CONTEXT, context);
  // Only once the page has given up.
  if (settings.answer === "late") setTimeout(() => sdk.emit(REQUIRE_CONTEXT, context), 9000);
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


def token_of_the_shell(**claims: Any) -> dict[str, Any]:
    """The `auth` of a context, for the account and the company of `CONTEXT`."""
    said = {
        "account_id": 86810,
        "account": "Example AG",
        "companies": [{"id": 104348, "name": "Example Service GmbH"}],
        "cluster_url": SHELL,
        "exp": int(time.time()) + 3600,
        **claims,
    }
    token = jwt.encode({"alg": "RS256", "kid": "one"}, said, KEY)
    return {"access_token": token, "token_type": "bearer", "expires_in": 3600}


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
        elif url.path == "/api/oauth2/v2/.well-known/jwks.json":
            keys = {"keys": [KEY.as_dict(private=False)]}
            self._answer(json.dumps(keys).encode(), "application/json")
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
            self._answer(json.dumps(V1).encode(), "application/json")

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
