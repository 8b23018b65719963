"""Requests are signed as botocore signs them."""

from datetime import UTC, datetime

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from hypothesis import given
from hypothesis import strategies as st

from portal.stores.aws.signing import Scope, signed

SCOPE = Scope("eu-central-1", "dynamodb")
TARGET = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "DynamoDB_20120810.GetItem",
    "User-Agent": "Botocore/1",
    "X-Amzn-Trace-Id": "Root=1",
}


def assert_signed_alike(
    body: bytes, *, key: str = "s", token: str | None = None, host: str = "h"
) -> None:
    keys = ReadOnlyCredentials("AKID", key, token)
    request = AWSRequest("POST", f"https://{host}/", headers=TARGET, data=body)
    SigV4Auth(keys, SCOPE.service, SCOPE.region).add_auth(request)
    expected = dict(request.headers.items())
    now = datetime.strptime(expected["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    ours = signed({**TARGET, "Host": host}, body, keys=keys, scope=SCOPE, now=now)
    assert ours == {**expected, "Host": host}


@pytest.mark.parametrize("token", [None, "session/token=="])
@pytest.mark.parametrize("host", ["dynamodb.eu-central-1.amazonaws.com", "localhost:8000"])
def test_a_request_is_signed_as_botocore_signs_it(host: str, token: str | None) -> None:
    assert_signed_alike(b'{"TableName":"t"}', host=host, token=token)


@given(body=st.binary(min_size=1), key=st.text(st.characters(codec="ascii"), min_size=1))
def test_so_is_any_body_with_any_secret_key(body: bytes, key: str) -> None:
    assert_signed_alike(body, key=key)


def test_another_day_and_another_region_need_another_signature() -> None:
    keys = ReadOnlyCredentials("AKID", "s", None)
    signatures = {
        signed({"Host": "h"}, b"{}", keys=keys, scope=scope, now=now)["Authorization"]
        for scope in (SCOPE, SCOPE._replace(region="eu-west-1"))
        for now in (datetime(2026, 11, day, tzinfo=UTC) for day in (29, 30))
    }
    assert len(signatures) == 4
