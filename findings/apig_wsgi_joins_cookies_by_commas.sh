#!/usr/bin/env bash
# One would expect: a browser that splits its cookies over two `Cookie` headers, as HTTP/2 and HTTP/3 allow,
#   is known behind a load balancer with multi-value headers as it is everywhere else.
# What happens: the two headers are joined by a comma, like any other header. RFC 9113, 8.2.3 and RFC 9114,
#   4.2.1 say "; ". The application then finds one cookie, whose value holds the name of the next one. Events
#   of an HTTP API have a list of cookies, and are joined rightly.
# Seen with: apig-wsgi 2.20.0 and Werkzeug 3.1.9, Python 3.11.
# Why it matters: sessions and settings are lost for some browsers only, and only behind that balancer.
# What the portal does: it puts the cookies of such an event together itself.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check apig-wsgi==2.20.0 werkzeug==3.1.9
"$dir/venv/bin/python" - <<'PY'
from importlib.metadata import version

from apig_wsgi import make_lambda_handler
from werkzeug.http import parse_cookie

environ = {}


def application(given, start_response):
    environ.update(given)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"ok"]


handler = make_lambda_handler(application, binary_support=True)
balancer = {
    "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:example"}},
    "httpMethod": "GET",
    "path": "/",
    "multiValueQueryStringParameters": {},
    "multiValueHeaders": {"host": ["www.example.com"], "cookie": ["theme=dark", "session=abc"]},
    "body": "",
    "isBase64Encoded": False,
}
http_api = {
    "version": "2.0",
    "routeKey": "$default",
    "rawPath": "/",
    "rawQueryString": "",
    "cookies": ["theme=dark", "session=abc"],
    "headers": {"host": "www.example.com"},
    "requestContext": {
        "http": {"method": "GET", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"}
    },
    "isBase64Encoded": False,
}
print("apig-wsgi", version("apig-wsgi"), "and Werkzeug", version("werkzeug"))
for name, event, expected in [
    ("load balancer", balancer, {"theme": "dark,session=abc"}),
    ("HTTP API", http_api, {"theme": "dark", "session": "abc"}),
]:
    assert handler(event, None)["statusCode"] == 200
    seen = dict(parse_cookie(environ["HTTP_COOKIE"]))
    print(f"{name}: HTTP_COOKIE {environ['HTTP_COOKIE']!r}, read as {seen}")
    assert seen == expected
PY
