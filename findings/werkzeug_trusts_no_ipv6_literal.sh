#!/usr/bin/env bash
# One would expect: a server at http://[::1]:8000 whose list of trusted hosts has `[::1]` answers there.
# What happens: an address of IPv6 is never trusted, however it is written in the list. The port is cut
#   off at the first colon, which is in the middle of the address.
# Seen with: Werkzeug 3.1.9, Python 3.11.
# Why it matters: each request is refused with 400, and nothing tells that the list cannot hold what was
#   put there.
# What the portal does: `portal serve --host ::1` calls itself `localhost` in its links.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check werkzeug==3.1.9
"$dir/venv/bin/python" - <<'PY'
from importlib.metadata import version

from werkzeug.sansio.utils import host_is_trusted

print("Werkzeug", version("werkzeug"))
for host, trusted, expected in [
    ("127.0.0.1:8000", "127.0.0.1", True),
    ("localhost:8000", "localhost", True),
    ("[::1]:8000", "[::1]", False),
    ("[::1]:8000", "[::1]:8000", False),
    ("[::1]", "[::1]", False),
    ("[2001:db8::1]", "[2001:db8::1]", False),
]:
    seen = host_is_trusted(host, [trusted])
    print(f"Host: {host} with {trusted} in the list: {'trusted' if seen else 'not trusted'}")
    assert seen is expected
PY
