#!/usr/bin/env bash
# One would expect: of a static file with a gzip and a brotli copy, a client that sends
#   `Accept-Encoding: br;q=0` never gets brotli; a range of one byte is one byte; `If-None-Match` with
#   two tags matches if one of them does.
# What happens: the quality is not looked at: whoever refuses an encoding gets it. A range whose first
#   byte is its last one is "not satisfiable" (416). Only a header that is the one tag, letter for
#   letter, is answered with 304.
# Seen with: WhiteNoise 6.12.0, Python 3.11.
# Why it matters: a client that says what it cannot read gets just that, players that ask for one byte to
#   learn the length are refused, and caches that hold several versions load the file again.
# What the portal does: it chooses the copy by the qualities itself, and Werkzeug answers ranges and
#   conditions.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check whitenoise==6.12.0
mkdir "$dir/static"
"$dir/venv/bin/python" - "$dir/static" <<'PY'
import gzip
import pathlib
import sys
from importlib.metadata import version

from whitenoise import WhiteNoise

folder = pathlib.Path(sys.argv[1])
text = b"body { color: black }\n" * 200
(folder / "a.css").write_bytes(text)
(folder / "a.css.gz").write_bytes(gzip.compress(text))
(folder / "a.css.br").write_bytes(b"as if it were brotli")
app = WhiteNoise(None, root=str(folder))


def get(**headers):
    seen = []
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/a.css", **headers}
    body = b"".join(app(environ, lambda status, sent: seen.append((status[:3], dict(sent)))))
    return (*seen[0], len(body))


print("WhiteNoise", version("whitenoise"))
for accepted, expected in [("br", "br"), ("br;q=0", "br"), ("gzip;q=0", "gzip"), ("identity", None)]:
    status, sent, length = get(HTTP_ACCEPT_ENCODING=accepted)
    encoding = sent.get("Content-Encoding")
    print(f"Accept-Encoding: {accepted}: {status}, Content-Encoding {encoding}, {length} bytes")
    assert encoding == expected
for asked, expected in [("bytes=0-1", ("206", 2)), ("bytes=0-0", ("416", 0)), ("bytes=5-5", ("416", 0))]:
    status, _, length = get(HTTP_RANGE=asked)
    print(f"Range: {asked}: {status}, {length} bytes")
    assert (status, length) == expected
tag = get()[1]["ETag"]
for known, expected in [(tag, "304"), (f'"another", {tag}', "200"), (f"W/{tag}", "200")]:
    status = get(HTTP_IF_NONE_MATCH=known)[0]
    print(f"If-None-Match: {known}: {status}")
    assert status == expected
PY
