"""The portal under the real runtime of AWS Lambda, over a DynamoDB."""

import json
import re
import socket
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.conftest import SECRET_KEY
from tests.dynamodb_engine import CREDENTIALS, REGION, Engine
from tests.lambda_http.lambda_events import (
    CLIENT,
    URL_HOST,
    Event,
    function_url,
    http_api,
    load_balancer,
    rest_api,
)
from tests.lambda_http.runtime_api import Function, running

HANDLER = "portal.cli.aws_lambda.handle_request"
MAIL_HANDLER = "portal.cli.aws_lambda.send_due"
CANARY = "canary-5d1f"
KINDS = pytest.mark.parametrize("event_of", [http_api, function_url, rest_api, load_balancer])
EventOf = Callable[..., Event]


def environ_of(engine: Engine, **more: str) -> dict[str, str]:
    return {
        "USE_DYNAMODB": "true",
        "TENANT_TABLE_NAME": engine.new_table().table,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL_DYNAMODB": engine.url,
        "PORTAL_SECRET_KEY": SECRET_KEY,
        "PORTAL_KMS_KEY_ID": "alias/portal",
        "PORTAL_BASE_URL": "https://portal.example.com",
        "PORTAL_SIGN_UP_MIN_SECONDS": "0",
        # As on Lambda, nothing can be written there.
        "PORTAL_DATA_DIR": "/proc/nowhere",
        **CREDENTIALS,
        **more,
    }


@pytest.fixture(scope="module")
def function(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Function]:
    folder = tmp_path_factory.mktemp("function")
    # People reach it by its own domain, and by the address that AWS gives to a function.
    environ = environ_of(engine, PORTAL_TRUSTED_HOSTS=URL_HOST)
    with running(HANDLER, folder, environ) as started:
        yield started


def text_of(answer: dict[str, Any]) -> str:
    body: str = answer["body"]
    return b64decode(body).decode() if answer["isBase64Encoded"] else body


def headers_of(answer: dict[str, Any]) -> dict[str, list[str]]:
    """Values by names in lower case, whatever form the answer has."""
    if "multiValueHeaders" in answer:
        return {name.lower(): values for name, values in answer["multiValueHeaders"].items()}
    headers = {name.lower(): [value] for name, value in answer["headers"].items()}
    return headers | ({"set-cookie": answer["cookies"]} if "cookies" in answer else {})


def cookies_of(answer: dict[str, Any]) -> list[str]:
    return [each.partition(";")[0] for each in headers_of(answer).get("set-cookie", [])]


@KINDS
def test_a_page_is_answered(event_of: EventOf, function: Function) -> None:
    answer = function.call(event_of("/sign-up", headers={"accept-language": "de"}))
    assert answer["statusCode"] == 200
    assert "</html>" in text_of(answer)
    headers = headers_of(answer)
    assert "default-src 'none'" in headers["content-security-policy"][0]
    assert len(headers["x-request-id"][0]) >= 16
    assert all(len(values) == 1 for name, values in headers.items() if name != "set-cookie")


@KINDS
def test_a_form_is_sent_with_its_cookie_and_answered_with_a_redirect(
    event_of: EventOf, function: Function
) -> None:
    page = function.call(event_of("/sign-up"))
    (cookie,) = [each for each in cookies_of(page) if each.startswith("__Host-portal=")]
    fields = dict(re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', text_of(page)))
    fields |= {
        "company": "Müller & Söhne", "name": "Kim Meyer",
        # Three sign-ups a day for one address.
        "email": f"kim.{event_of.__name__}@meyer.example",
        "phone": "+4930123456",
    }  # fmt: skip
    host = URL_HOST if event_of is function_url else "portal.example.com"
    sent = {
        "method": "POST",
        "body": urlencode(fields).encode(),
        "headers": {
            "content-type": "application/x-www-form-urlencoded",
            "origin": f"https://{host}",
            "sec-fetch-site": "same-origin",
        },
    }
    if event_of is rest_api:
        sent["headers"] |= {"Cookie": cookie}  # type: ignore[operator]
    else:
        # A browser may send several headers of cookies.
        sent["cookies"] = [cookie, "theme=dark"]
    answer = function.call(event_of("/sign-up", **sent))
    assert answer["statusCode"] in (302, 303), text_of(answer)
    (location,) = headers_of(answer)["location"]
    assert location.startswith("/status/")


@KINDS
def test_what_is_no_text_arrives_byte_by_byte(event_of: EventOf, function: Function) -> None:
    folder = Path(__file__).parent.parent.parent / "static"
    image = next(path for path in sorted(folder.rglob("*")) if path.suffix in (".svg", ".ico"))
    answer = function.call(event_of(f"/static/{image.relative_to(folder).as_posix()}"))
    assert answer["statusCode"] == 200
    assert answer["isBase64Encoded"]
    assert b64decode(answer["body"]) == image.read_bytes()


@KINDS
def test_a_program_asks_with_a_query(event_of: EventOf, function: Function) -> None:
    answer = function.call(event_of("/api/validate", query="accountId=86810&companyId=104348"))
    assert json.loads(text_of(answer))["error"] == "NOT_FOUND"


@KINDS
@pytest.mark.parametrize("forged", ["", "192.0.2.66", CLIENT])
def test_the_address_of_a_client_is_the_one_that_aws_has_seen(
    event_of: EventOf, forged: str, function: Function
) -> None:
    before = len(function.log_lines())
    function.call(
        event_of(
            "/api/tenants",
            headers={"authorization": "Bearer fsm_wrong"},
            forwarded_for=forged,
        )
    )
    lines = [line for line in function.log_lines()[before:] if line["logger"] == "portal.security"]
    assert [line["address"] for line in lines] == [CLIENT]


def test_a_named_stage_is_said_in_the_answer_and_in_the_log(function: Function) -> None:
    before = len(function.log_lines())
    for _ in range(2):
        answer = function.call(http_api("/prod/sign-up", stage="prod"))
        assert answer["statusCode"] == 404
        assert "named stage of API Gateway" in answer["body"]
    (line,) = function.log_lines()[before:]
    assert line["message"].startswith("All addresses begin with the stage /prod")
    # An own page that only begins so.
    assert function.call(http_api("/sign-up", stage="sign"))["statusCode"] == 200


def test_the_stage_of_a_rest_api_that_links_lack_is_said_in_the_log(function: Function) -> None:
    before = len(function.log_lines())
    for _ in range(2):
        assert function.call(rest_api("/sign-up", prefix="/prod"))["statusCode"] == 200
    (line,) = function.log_lines()[before:]
    assert line["message"].startswith("People see /prod before each path")


def test_a_load_balancer_that_loses_cookies_is_said_in_the_log(function: Function) -> None:
    before = len(function.log_lines())
    for _ in range(2):
        answer = function.call(load_balancer("/sign-up", is_multi=False))
        assert answer["statusCode"] == 200
        assert "__Host-portal=" in answer["headers"]["Set-Cookie"]
    (line,) = function.log_lines()[before:]
    assert "lambda.multi_value_headers.enabled" in line["message"]


def test_an_event_that_is_no_request_fails_with_a_sentence(engine: Engine, tmp_path: Path) -> None:
    with running(HANDLER, tmp_path, environ_of(engine)) as function:
        for event in ({}, {"source": "aws.events"}, None, [1]):
            failure = function.failure(event)
            assert failure["errorType"] == "NotHttpError"
            assert "portal.cli.aws_lambda.send_due" in failure["errorMessage"]


def test_a_request_that_breaks_says_nothing_of_it_in_answer_or_log(function: Function) -> None:
    event = http_api(f"/status/{CANARY}")
    event["body"] = "x"  # no base64
    answer = function.call(event)
    assert answer["statusCode"] == 500
    assert answer["body"] == "Something went wrong. Try again in a moment."
    line = function.log_lines()[-1]
    assert line["error"] == ["binascii.Error"]
    assert CANARY not in function.log.read_text() + json.dumps(answer)


@KINDS
@pytest.mark.parametrize("path", ["/status/ü😀", "/status/%00%ff", "/%", "//", ""])
def test_unusual_paths_are_refused_by_the_application(
    event_of: EventOf, path: str, function: Function
) -> None:
    headers = {"x-name": "ü😀", "accept-language": "😀"}
    answer = function.call(event_of(path, headers=headers))
    assert answer["statusCode"] in (200, 302, 308, 400, 404)


def test_a_call_that_ends_soon_is_answered_before(engine: Engine, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        environ = environ_of(engine, AWS_ENDPOINT_URL_DYNAMODB=address)
        with running(HANDLER, tmp_path, environ) as function:
            # This one waits for the start.
            function.call(http_api("/sign-up"))
            started = time.monotonic()
            answer = function.call(
                http_api("/api/validate", query="accountId=1&companyId=2"), seconds=2
            )
            assert time.monotonic() - started < 2
    assert answer["statusCode"] == 503


def test_what_was_noted_is_written_before_the_answer(engine: Engine, tmp_path: Path) -> None:
    environ = environ_of(engine)
    table = environ["TENANT_TABLE_NAME"]
    row = {
        "tenantId": "86810_104348", "accountId": "86810", "companyId": "104348", "status": "active",
        "isActive": True, "version": 1, "validFrom": "2026-01-01T00:00:00.000Z",
        "validTo": "2199-12-31T23:59:59.999Z", "contactCompany": "Meyer",
        "createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "2026-01-01T00:00:00.000Z",
    }  # fmt: skip
    typed = {
        name: {"BOOL": value} if value is True else {"N": "1"} if value == 1 else {"S": value}
        for name, value in row.items()
    }
    engine.client.put_item(TableName=table, Item=typed)
    with running(HANDLER, tmp_path, environ) as function:
        answer = function.call(http_api("/api/validate", query="accountId=86810&companyId=104348"))
        assert json.loads(answer["body"])["isValid"]
        # Nothing runs any more from here on.
        function.process.kill()
    key = {"tenantId": {"S": "usage-86810_104348"}}
    assert "Item" in engine.client.get_item(TableName=table, Key=key)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"USE_DYNAMODB": "false"}, "USE_DYNAMODB: Set it to true: on AWS Lambda"),
        ({"PORTAL_KMS_KEY_ID": ""}, "PORTAL_KMS_KEY_ID: Set it to the KMS key that seals"),
        ({"PORTAL_SECRET_KEY": ""}, "PORTAL_SECRET_KEY: Set it to the same secret"),
    ],
)
def test_a_function_that_would_lose_something_does_not_start(
    changed: dict[str, str], expected: str, engine: Engine, tmp_path: Path
) -> None:
    with running(HANDLER, tmp_path, environ_of(engine, **changed)) as function:
        error = function.start_error()
    assert error["errorType"] == "StartError"
    assert error["errorMessage"].startswith(expected)


def test_mail_is_not_written_into_files_that_disappear(engine: Engine, tmp_path: Path) -> None:
    with running(MAIL_HANDLER, tmp_path, environ_of(engine)) as function:
        failure = function.failure({})
    assert failure["errorMessage"].startswith("PORTAL_MAIL_URL: Set it to the server that sends")
