#!/usr/bin/env bash
# One would expect: a page of a query or a scan that stops at its Limit names the key where it stopped
#   (LastEvaluatedKey), also if nothing comes after it; DynamoDB documents that only an empty key
#   means the end. So a reader must be ready for an empty last page.
# What happens: moto names no key if the Limit is exactly the number of items. dynoxide, another local
#   engine, names it, and its next page is empty.
# Seen with: moto 5.2.5, dynoxide 1.2.1 (npm @dynoxide/linux-x64), boto3 1.44.5, Python 3.11.
# Why it matters: "Next" on a list of exactly 50 leads to an empty page in production. On moto no test
#   can see that, and code that takes a missing key for "there is no more" and a key for "there is
#   more" passes.
# What the portal does: both stores and their contract tests run on dynoxide (tests/dynamodb_engine.py),
#   and a page asks the store for one row more than it shows.
set -euo pipefail
dir=$(mktemp -d)
engine=
trap '[ -z "$engine" ] || kill "$engine" 2>/dev/null; rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check 'moto[dynamodb]==5.2.5' boto3==1.44.5
(cd "$dir" && npm pack --silent @dynoxide/linux-x64@1.2.1 >/dev/null && tar -xzf ./*.tgz)
port=$("$dir/venv/bin/python" -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$dir/package/dynoxide" serve --port "$port" >/dev/null 2>&1 &
engine=$!
PORT=$port "$dir/venv/bin/python" - <<'PY'
import os
import time
from importlib.metadata import version

import boto3
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws

os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def pages(client):
    """Sizes of the pages of two, until no key is named: of a query, and of a scan."""
    client.create_table(
        TableName="pages", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "p", "AttributeType": "S"}, {"AttributeName": "s", "AttributeType": "S"},
        ],
        KeySchema=[
            {"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "s", "KeyType": "RANGE"},
        ],
    )
    for number in range(4):
        client.put_item(TableName="pages", Item={"p": {"S": "a"}, "s": {"S": str(number)}})
    condition = {
        "KeyConditionExpression": "p = :p", "ExpressionAttributeValues": {":p": {"S": "a"}},
    }
    seen = []
    for call, more in ((client.query, condition), (client.scan, {})):
        sizes, start = [], {}
        while not sizes or start:
            page = call(TableName="pages", Limit=2, **more, **start)
            sizes.append(len(page["Items"]))
            key = page.get("LastEvaluatedKey")
            start = {"ExclusiveStartKey": key} if key else {}
        seen.append(sizes)
    return seen


with mock_aws():
    seen = pages(boto3.client("dynamodb", region_name="eu-central-1"))
print("moto", version("moto"), "- four items by two, query and scan:", seen)
assert seen == [[2, 2], [2, 2]], seen

engine = boto3.client(
    "dynamodb", region_name="eu-central-1", endpoint_url=f"http://127.0.0.1:{os.environ['PORT']}"
)
for _ in range(100):
    try:
        engine.list_tables()
        break
    except EndpointConnectionError:
        time.sleep(0.05)
seen = pages(engine)
print("dynoxide 1.2.1 - four items by two, query and scan:", seen)
assert seen == [[2, 2, 0], [2, 2, 0]], seen
PY
