#!/usr/bin/env bash
# One would expect: if a client hangs up in the middle of a body, the application sees that the body is
#   shorter than `Content-Length`: Werkzeug raises `ClientDisconnected` when the input ends too early.
# What happens: granian sets `wsgi.input_terminated`, which tells Werkzeug to read until the input ends
#   and to ask no further. The input ends where the client hung up. The request looks like any other
#   with a shorter body, here one of 0 bytes, and the application acts on it.
# Seen with: granian 2.8.2, Werkzeug 3.1.9, Python 3.11.
# Why it matters: half a file is imported and half a form is saved as if somebody had sent just that, and
#   no error stands anywhere.
# What the portal does: a layer of its own in front of the application gives it whole requests only.
set -euo pipefail
dir=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check granian==2.8.2 werkzeug==3.1.9
cat > "$dir/application.py" <<'PY'
import os

from werkzeug.wrappers import Request, Response


@Request.application
def application(request):
    if request.method == "POST":
        body = request.get_data()
        terminated = request.environ.get("wsgi.input_terminated")
        with open(os.environ["SEEN"], "a") as file:
            print(terminated, request.content_length, len(body), file=file)
    return Response("saved")
PY
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
export SEEN="$dir/seen"
cd "$dir"
"$dir/venv/bin/granian" --interface wsgi --port "$port" application:application > "$dir/log" 2>&1 &
server=$!
"$dir/venv/bin/python" - "$port" <<'PY'
import socket
import sys
import time
from importlib.metadata import version
from os import environ
from pathlib import Path

address, seen = ("127.0.0.1", int(sys.argv[1])), Path(environ["SEEN"])


def until(done, seconds=30):
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def listens():
    try:
        socket.create_connection(address, timeout=1).close()
    except OSError:
        return False
    return True


until(listens)
with socket.create_connection(address) as client:
    client.sendall(b"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1000\r\n\r\n" + b"a" * 400)
    # The server has to have begun with the request before the client goes.
    time.sleep(1)
until(lambda: seen.exists() and seen.read_text().endswith("\n"))
terminated, announced, read = seen.read_text().split()
print("granian", version("granian"), "with Werkzeug", version("werkzeug"))
print(f"announced {announced} bytes, sent 400, read {read} without an error;", end=" ")
print("wsgi.input_terminated:", terminated)
assert terminated == "True"
assert announced == "1000"
assert int(read) < 1000
PY
