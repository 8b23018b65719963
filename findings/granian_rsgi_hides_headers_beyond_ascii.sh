#!/usr/bin/env bash
# One would expect: a header that came is seen by an RSGI application in each way to ask for it, or in
#   none: HTTP lets values have bytes above 127 (RFC 9110, section 5.5, `obs-text`).
# What happens: if a value has such a byte, `items()`, `values()` and `get()` leave the header out without
#   an error, while `in`, `keys()` and `len()` know it. Other headers are as ever.
# Seen with: granian 2.8.2, Python 3.11.
# Why it matters: a header that makes a request conditional (`If-Match`), or says who asks, counts as not
#   sent, and the request is done without it. Whoever copies `items()` sees nothing amiss.
# What the portal does: it compares `len(headers)` with what it could read. A header that it could not
#   read is there with a value that fits nothing.
set -euo pipefail
dir=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check granian==2.8.2
cat > "$dir/application.py" <<'PY'
import json


async def application(scope, protocol):
    headers = scope.headers
    seen = {
        "in": "x-name" in headers,
        "keys": "x-name" in list(headers.keys()),
        "len": len(headers),
        "items": "x-name" in dict(headers.items()),
        "values": len(list(headers.values())),
        "get": headers.get("x-name") is not None,
    }
    protocol.response_str(200, [("content-type", "application/json")], json.dumps(seen))
PY
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
cd "$dir"
"$dir/venv/bin/granian" --interface rsgi --port "$port" application:application > "$dir/log" 2>&1 &
server=$!
"$dir/venv/bin/python" - "$port" <<'PY'
import json
import socket
import sys
import time
from importlib.metadata import version

address = ("127.0.0.1", int(sys.argv[1]))


def ask(value):
    end = time.monotonic() + 30
    while True:
        try:
            with socket.create_connection(address, timeout=10) as client:
                client.sendall(
                    b"GET / HTTP/1.1\r\nHost: a.example\r\nX-Name: " + value
                    + b"\r\nConnection: close\r\n\r\n"
                )
                return json.loads(client.makefile("rb").read().partition(b"\r\n\r\n")[2])
        except ConnectionRefusedError:
            # It takes a moment to listen.
            assert time.monotonic() < end, "the server did not start"
            time.sleep(0.05)


print("granian", version("granian"))
plain = ask(b"Mueller")
print("X-Name: Mueller    ", plain)
assert plain == {"in": True, "keys": True, "len": 3, "items": True, "values": 3, "get": True}
other = ask("Müller".encode())
print("X-Name: M\\xc3\\xbcller", other)
assert other == {"in": True, "keys": True, "len": 3, "items": False, "values": 2, "get": False}
PY
