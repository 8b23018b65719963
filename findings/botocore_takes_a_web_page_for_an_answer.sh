#!/usr/bin/env bash
# One would expect: if something other than DynamoDB answers a call (a proxy, a sign-in page of a
#   network), with status 200 and HTML, botocore raises an error.
# What happens: the call succeeds. The answer holds no field but ResponseMetadata, which for GetItem
#   is exactly the answer "no such item", and for PutItem and TransactWriteItems that of a success.
#   If the checksum in the header `x-amz-crc32` does not fit the body, botocore uses that only to
#   decide whether to try again: with one attempt the body is parsed as if nothing were wrong.
# Seen with: botocore 1.44.5, Python 3.11.
# Why it matters: a program that asks "is this tenant allowed?" tells everybody that they are unknown,
#   and says "saved" of what nobody stored.
# What the portal does: portal/stores/dynamodb compares the checksum before parsing and requires
#   ConsumedCapacity, which it always asks for, in each answer.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check botocore==1.44.5
"$dir/venv/bin/python" - <<'PY'
import threading
import zlib
from http.server import BaseHTTPRequestHandler, HTTPServer

import botocore
import botocore.session
from botocore.config import Config

ITEM = b'{"Item":{"tenantId":{"S":"1_2"},"version":{"N":"17"}}}'
PAGE = b"<html><body>Please sign in to this network.</body></html>"


class Handler(BaseHTTPRequestHandler):
    body, headers_sent = PAGE, {}

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        for name, value in self.headers_sent.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
session = botocore.session.Session()
session.set_credentials("key", "secret")
client = session.create_client(
    "dynamodb",
    region_name="eu-central-1",
    endpoint_url=f"http://127.0.0.1:{server.server_port}",
    config=Config(retries={"mode": "standard", "total_max_attempts": 1}),
)


def fields(answer):
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


print("botocore", botocore.__version__)
Handler.headers_sent = {"Content-Type": "text/html"}
key = {"tenantId": {"S": "1_2"}}
for name, call in {
    "GetItem": lambda: client.get_item(TableName="t", Key=key),
    "PutItem": lambda: client.put_item(TableName="t", Item=key),
    "TransactWriteItems": lambda: client.transact_write_items(
        TransactItems=[{"Put": {"TableName": "t", "Item": key}}]
    ),
}.items():
    seen = fields(call())
    print(f"{name}, answered with a web page: {seen}, no error")
    assert seen == {}, seen

# One digit of the version was changed on the way: 17 became 77.
Handler.headers_sent = {
    "Content-Type": "application/x-amz-json-1.0", "x-amz-crc32": str(zlib.crc32(ITEM)),
}
Handler.body = ITEM.replace(b"17", b"77")
seen = fields(client.get_item(TableName="t", Key=key))
print("GetItem with a checksum that does not fit:", seen, "no error")
assert seen["Item"]["version"] == {"N": "77"}, seen
PY
