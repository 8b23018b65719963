#!/usr/bin/env bash
# One would expect: `timeout` of an OAuth2 session, one of the names that the session accepts for
#   requests, limits how long it waits.
# What happens: it is accepted and has no effect, since `requests` has no time-out of a session. Another
#   argument, `default_timeout`, does it. A provider that is silent then holds the caller for ever.
# Seen with: Authlib 1.9.10, requests 2.33.0, Python 3.11.
# Why it matters: at a sign-in the caller is a thread of the server. Some people who sign in while the
#   provider hangs take all threads, and the portal with them.
# What the portal does: portal/oidc/connections.py sets `default_timeout`.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check authlib==1.9.10 requests==2.33.0
"$dir/venv/bin/python" - <<'PY'
import socket
import threading
import time
from importlib.metadata import version

import requests
from authlib.integrations.requests_client import OAuth2Session

# It takes connections and never answers, until it is closed.
silent = socket.create_server(("127.0.0.1", 0))
address = f"http://127.0.0.1:{silent.getsockname()[1]}/token"


def waited(**options):
    """How a token request ends that may wait for 0.3 seconds: within three seconds, or not."""
    ended = []

    def ask():
        session = OAuth2Session("client", "secret", **options)
        try:
            session.fetch_token(address, grant_type="client_credentials")
        except requests.RequestException as error:
            ended.append(type(error).__name__)

    thread = threading.Thread(target=ask, daemon=True)
    began = time.monotonic()
    thread.start()
    thread.join(3)
    return ended[0] if ended else "still waiting", time.monotonic() - began


outcome, seconds = waited(timeout=0.3)
print("Authlib", version("authlib"), f"- timeout=0.3: {outcome} after {seconds:.1f} s")
assert outcome == "still waiting"
outcome, seconds = waited(default_timeout=0.3)
print(f"default_timeout=0.3: {outcome} after {seconds:.1f} s")
assert outcome == "ReadTimeout" and seconds < 2
PY
