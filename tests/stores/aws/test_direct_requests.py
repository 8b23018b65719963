"""A client that sends directly asks and answers as botocore's own client does."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

from portal.stores.aws.direct_requests import use_direct_requests
from portal.stores.dynamodb.client import TableLocation, make_client
from tests.dynamodb_engine import REGION
from tests.stores.aws.surroundings import Machine

ADDRESS = "http://127.0.0.1:8000"
TABLE = "arn:aws:dynamodb:eu-central-1:123456789012:table/t"
KEY = {"tenantId": {"S": "a"}}
#: Not sent directly: botocore's numbers of the attempt, which is always the first.
NOT_SENT = {"amz-sdk-invocation-id", "amz-sdk-request"}
#: They hold the time.
OF_THE_TIME = {"x-amz-date", "authorization"}


class Body:
    """A body as urllib3 hands it over."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> list[bytes]:
        return [self._content]


class Wire:
    """Takes the place of the network: keeps what is sent, and answers."""

    def __init__(self, status: int = 200, body: bytes = b"{}") -> None:
        self.status, self.body = status, body
        self.sent: list[AWSPreparedRequest] = []
        #: Operations whose requests botocore itself has made.
        self.made_by_botocore: list[str] = []

    def connect(self, client: Any) -> Any:
        client.meta.events.register("before-send.dynamodb", self.answer)
        client.meta.events.register("request-created.dynamodb", self.created)
        return client

    def answer(self, request: AWSPreparedRequest, **_more: object) -> AWSResponse:
        self.sent.append(request)
        headers = {"x-amzn-RequestId": "R", "Content-Length": str(len(self.body))}
        return AWSResponse(request.url, self.status, headers, Body(self.body))

    def created(self, operation_name: str, **_more: object) -> None:
        self.made_by_botocore.append(operation_name)

    @property
    def asked(self) -> tuple[str, str, Any, dict[str, str]]:
        (request,) = self.sent
        headers = {
            name.lower(): value.decode() if isinstance(value, bytes) else value
            for name, value in request.headers.items()
        }
        stays = headers.keys() - NOT_SENT - OF_THE_TIME - {"host", "content-length"}
        assert headers.keys() >= OF_THE_TIME
        return (
            request.method, request.url, json.loads(request.body),
            {name: headers[name] for name in stays},
        )  # fmt: skip


def ours(wire: Wire, endpoint: str | None = ADDRESS) -> Any:
    return wire.connect(make_client(TableLocation(table="t", region=REGION, endpoint=endpoint)))


def botocores(wire: Wire) -> Any:
    session = Session()
    config = Config(
        parameter_validation=False, user_agent=session.user_agent(),
        retries={"mode": "standard", "total_max_attempts": 1},
    )  # fmt: skip
    return wire.connect(
        session.create_client("dynamodb", region_name=REGION, endpoint_url=ADDRESS, config=config)
    )


@pytest.fixture(autouse=True)
def credentials(machine: Machine) -> None:
    machine.configure_keys("AKID")


CALLS: Mapping[str, Callable[[Any], Any]] = {
    "a get": lambda client: client.get_item(TableName="t", Key=KEY, ConsistentRead=True),
    "a put with bytes": lambda client: client.put_item(
        TableName="t", Item={**KEY, "b": {"B": b"\0\xff"}, "s": {"BS": [b"", b"x"]},
                             "é": {"S": "ü"}, "l": {"L": [{"M": {"B": {"NULL": True}}}]}},
        ExpressionAttributeNames={"#v": "version"},
    ),
    "half of a character": lambda client: client.put_item(
        TableName="t", Item={**KEY, "x": {"S": "\ud800"}}
    ),
    "reads together": lambda client: client.transact_get_items(
        TransactItems=[{"Get": {"TableName": "t", "Key": KEY}}] * 3
    ),
    "writes together": lambda client: client.transact_write_items(
        ClientRequestToken="token", TransactItems=[{"Put": {"TableName": "t", "Item": KEY}}]
    ),
    "a table by its ARN": lambda client: client.get_item(TableName=TABLE, Key=KEY),
}  # fmt: skip


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_request_is_that_of_botocore(call: Callable[[Any], Any]) -> None:
    our_wire, plain_wire = Wire(), Wire()
    call(ours(our_wire))
    call(botocores(plain_wire))
    assert our_wire.asked == plain_wire.asked
    assert our_wire.made_by_botocore == []
    assert len(plain_wire.made_by_botocore) == 1


def test_a_token_of_botocore_is_sent() -> None:
    wire = Wire()
    ours(wire).transact_write_items(TransactItems=[])
    assert len(wire.asked[2]["ClientRequestToken"]) == 36


REFUSED = {"__type": "com.amazonaws.dynamodb.v20120810#", "message": "m"}


@pytest.mark.parametrize(("status", "answer"), [
    (200, {"Item": {"a": {"S": "b"}, "b": {"B": "AA=="}}, "ConsumedCapacity": {"TableName": "t"}}),
    (200, {}),
    (400, {**REFUSED, "__type": "x#ConditionalCheckFailedException", "Item": {"v": {"N": "1"}}}),
    (400, {**REFUSED, "__type": "x#TransactionCanceledException",
           "CancellationReasons": [{"Code": "None"}, {"Code": "ConditionalCheck", "Item": KEY}]}),
    (400, {**REFUSED, "__type": "x#RequestTimeTooSkewed"}),
    (400, {**REFUSED, "__type": "x#AnErrorOfTomorrow"}),
    (500, {**REFUSED, "__type": "x#InternalServerError"}),
    (503, {"__type": "x"}),
    (302, {"__type": "x"}),
], ids=str)  # fmt: skip
def test_an_answer_is_that_of_botocore(status: int, answer: Mapping[str, Any]) -> None:
    def outcome(make: Callable[[Wire], Any]) -> tuple[str, Any]:
        client = make(Wire(status, json.dumps(answer).encode()))
        try:
            found = "", client.get_item(TableName="t", Key=KEY)
        except ClientError as error:
            found = type(error).__name__, error.response
        # botocore's note that it may not try again.
        found[1]["ResponseMetadata"].pop("MaxAttemptsReached", None)
        return found

    assert outcome(ours) == outcome(botocores)


@pytest.mark.parametrize("endpoint", [
    f"{ADDRESS}/a/path", "http://[::1]:8000", "http://LOCALHOST:8000", "http://localhost:80",
    "https://localhost:443", "http://user:hush@localhost:8000",
])  # fmt: skip
def test_an_unusual_address_is_left_to_botocore(endpoint: str) -> None:
    wire = Wire()
    ours(wire, endpoint).get_item(TableName="t", Key=KEY)
    assert wire.made_by_botocore == ["GetItem"]
    assert wire.asked[2] == {"TableName": "t", "Key": KEY}


def test_a_region_of_aws_is_asked_directly() -> None:
    wire = Wire()
    ours(wire, endpoint=None).get_item(TableName="t", Key=KEY)
    assert wire.made_by_botocore == []
    host = f"dynamodb.{REGION}.amazonaws.com"
    assert wire.sent[0].headers["Host"] == host
    assert wire.asked[1] == f"https://{host}/"


def test_an_endpoint_that_botocore_discovers_is_asked(machine: Machine) -> None:
    machine.set(AWS_ENDPOINT_DISCOVERY_ENABLED="true")
    wire = Wire(body=b'{"Endpoints": [{"Address": "found.example", "CachePeriodInMinutes": 9}]}')
    ours(wire, endpoint=None).get_item(TableName="t", Key=KEY)
    assert wire.made_by_botocore[0] == "GetItem"
    assert wire.sent[-1].url == "https://found.example"


def test_monitoring_gets_botocores_requests() -> None:
    wire, monitored = Wire(), Session()
    monitored.set_config_variable("csm_enabled", True)
    client = botocores(wire)
    use_direct_requests(client, monitored)
    client.get_item(TableName="t", Key=KEY)
    assert wire.made_by_botocore == ["GetItem"]


def test_the_body_of_a_batch_is_botocores_which_looks_for_tables_in_it() -> None:
    batches: list[tuple[str, dict[str, Any]]] = [
        ("batch_write_item", {"t": [{"PutRequest": {"Item": KEY}}]}),
        ("batch_get_item", {"t": {"Keys": [KEY]}}),
    ]
    for operation, batch in batches:
        wire = Wire()
        getattr(ours(wire), operation)(RequestItems=batch)
        assert wire.asked[2] == {"RequestItems": batch}
