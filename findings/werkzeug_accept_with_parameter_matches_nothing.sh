#!/usr/bin/env bash
# One would expect: a client that sends `Accept: application/json; charset=utf-8` accepts
#   `application/json`. A parameter of the range does not make it another type; many HTTP clients send
#   this header by default.
# What happens: `MIMEAccept` gives the plain type the quality 0 and has no best match, as if the client
#   accepted nothing that the server has. The parameter `q` alone is read apart.
# Seen with: Werkzeug 3.1.9, Python 3.11.
# Why it matters: a server that answers 406 by this look-up turns away clients that would take what it
#   sends.
# What the portal does: it drops the parameters of each range before it decides on a 406.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check werkzeug==3.1.9
"$dir/venv/bin/python" - <<'PY'
from importlib.metadata import version

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

print("Werkzeug", version("werkzeug"))
for header, expected in [
    ("application/json", 1),
    ("application/json;q=0.5", 0.5),
    ("application/json; charset=utf-8", 0),
    ("application/json; charset=utf-8, text/html;q=0.1", 0),
]:
    accept = parse_accept_header(header, MIMEAccept)
    seen = accept.quality("application/json")
    print(f"{header!r}: application/json has quality {seen}, best:", accept.best_match(["application/json"]))
    assert seen == expected, (header, seen)
PY
