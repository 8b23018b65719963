#!/usr/bin/env bash
# One would expect: a connection that is refused at once, or a name that does not exist, is no
#   ConnectTimeoutError. Its documentation says "raised when a socket timeout occurs while connecting".
# What happens: NewConnectionError and NameResolutionError are classes below it, and below
#   TimeoutError of the library. So `except ConnectTimeoutError` takes both, after milliseconds.
# Seen with: urllib3 2.8.0, Python 3.11.
# Why it matters: "it did not answer in time" is told to people, or tried again, where nobody listens or
#   the name has a slip. Whoever counts time-outs counts these, too.
# What the portal does: portal/fsm/connections.py asks for the narrower class first.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check urllib3==2.8.0
"$dir/venv/bin/python" - <<'PY'
import socket
import time
from importlib.metadata import version

from urllib3 import HTTPConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

# A port on which nobody listens.
with socket.create_server(("127.0.0.1", 0)) as taken:
    port = taken.getsockname()[1]

began = time.monotonic()
try:
    HTTPConnectionPool("127.0.0.1", port, timeout=30, retries=False).request("GET", "/")
except ConnectTimeoutError as error:
    caught = error
seconds = time.monotonic() - began
print("urllib3", version("urllib3"), f"- refused after {seconds:.3f} s of 30 s: {type(caught).__name__}")
print("caught by: except ConnectTimeoutError")
assert type(caught) is NewConnectionError and seconds < 5
assert issubclass(NameResolutionError, ConnectTimeoutError)
PY
