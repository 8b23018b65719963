#!/usr/bin/env bash
# One would expect: a transaction that is sent again with the same ClientRequestToken is applied once;
#   that is what the token is for, and what DynamoDB documents for ten minutes.
# What happens: moto applies it twice. dynoxide, another local engine, applies it once.
# Seen with: moto 5.2.5, dynoxide 1.2.1 (npm @dynoxide/linux-x64), boto3 1.44.5, Python 3.11.
# Why it matters: whoever tests "an answer was lost, so the call is repeated" on moto sees a second
#   effect that production does not have, and cannot see whether the token is sent at all.
# What the portal does: tests of retries run on dynoxide (tests/dynamodb_engine.py), never on moto.
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


def count_after_two_sendings(client):
    client.create_table(
        TableName="counts", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    call = {
        "ClientRequestToken": "00000000-0000-0000-0000-000000000001",
        "TransactItems": [{"Update": {
            "TableName": "counts", "Key": {"id": {"S": "1"}}, "UpdateExpression": "ADD n :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }}],
    }
    client.transact_write_items(**call)
    client.transact_write_items(**call)
    return client.get_item(TableName="counts", Key={"id": {"S": "1"}})["Item"]["n"]["N"]


with mock_aws():
    seen = count_after_two_sendings(boto3.client("dynamodb", region_name="eu-central-1"))
print("moto", version("moto"), "- the same token twice, n =", seen)
assert seen == "2", seen

engine = boto3.client(
    "dynamodb", region_name="eu-central-1", endpoint_url=f"http://127.0.0.1:{os.environ['PORT']}"
)
for _ in range(100):
    try:
        engine.list_tables()
        break
    except EndpointConnectionError:
        time.sleep(0.05)
seen = count_after_two_sendings(engine)
print("dynoxide 1.2.1 - the same token twice, n =", seen)
assert seen == "1", seen
PY
