"""Answers are parsed as botocore parses them, whatever they hold."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.loaders import create_loader
from botocore.model import ServiceModel
from botocore.parsers import JSONParser, ResponseParserError
from botocore.session import Session
from hypothesis import given
from hypothesis import strategies as st

from portal.stores.aws.answer_parser import FastJsonParser, use_fast_parser

_MODEL = ServiceModel(create_loader().load_service_model("dynamodb", "service-2"))
_HEADERS = {"x-amzn-RequestId": "REQUEST-1", "X-Amz-Crc32": "1"}
ITEM = {
    "tenantId": {"S": "86810_104348"}, "version": {"N": "7"}, "isActive": {"BOOL": True},
    "empty": {"S": ""}, "old": {"NULL": True}, "bytes": {"B": "AAEC"}, "both": {"BS": ["AA==", ""]},
    "list": {"L": [{"S": "a"}, {"B": "AA=="}, {"L": [{"M": {}}]}]},
    "map": {"M": {"deep": {"M": {"B": {"B": "/w=="}}}, "S": {"S": "S"}}}, "numbers": {"NS": ["1"]},
}  # fmt: skip
CAPACITY = {"TableName": "t", "CapacityUnits": 0.5, "GlobalSecondaryIndexes": {
    "gsi1": {"CapacityUnits": 2}}}  # fmt: skip


def parsed(parser: JSONParser, operation: str, body: bytes, status: int = 200) -> Any:
    response = {"body": body, "headers": dict(_HEADERS), "status_code": status, "context": {}}
    shape = _MODEL.operation_model(operation).output_shape
    try:
        return parser.parse(response, shape)
    except (ResponseParserError, AttributeError, TypeError, ValueError) as error:
        return type(error)


def assert_alike(operation: str, body: bytes, status: int = 200) -> Any:
    plain = parsed(JSONParser(), operation, body, status)
    assert parsed(FastJsonParser(), operation, body, status) == plain
    return plain


@pytest.mark.parametrize(("operation", "answer"), [
    ("GetItem", {"Item": ITEM, "ConsumedCapacity": CAPACITY}),
    ("GetItem", {"ConsumedCapacity": CAPACITY}),
    ("Query", {"Items": [ITEM, {}], "Count": 2, "ScannedCount": 2, "LastEvaluatedKey": ITEM}),
    ("Query", {"Items": [], "Count": 0, "New": {"S": "what this version does not know"}}),
    ("TransactGetItems", {"Responses": [{"Item": ITEM}, {}], "ConsumedCapacity": [CAPACITY]}),
    ("DescribeTable", {"Table": {"TableName": "t", "CreationDateTime": 1732953600.5,
                                 "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}]}}),
    ("GetItem", {"Item": {"new": {"T": "a type of tomorrow"}, "two": {"S": "a", "N": "1"}}}),
    ("GetItem", {"Item": {"none": {}, "null": {"S": None}, "nulls": None}}),
    ("GetItem", {"Item": None}),
    ("GetItem", {"Item": ["no map"]}),
    ("GetItem", {"Item": {"a": ["S"], "b": "S", "c": {"L": {"S": "x"}}}}),
    ("GetItem", {"Item": {"a": {"B": "no base64"}}}),
    ("Query", {"Items": "none"}),
    ("GetItem", ["no structure"]),
    ("GetItem", 7),
], ids=str)  # fmt: skip
def test_an_answer_is_what_botocore_makes_of_it(operation: str, answer: Any) -> None:
    assert_alike(operation, json.dumps(answer).encode())


@pytest.mark.parametrize("body", [
    b"", b"{", b"<html>", b'{"Item": {"a": {"S": "\\ud800"}}}', b'{"Count": NaN}', b"\xff",
    b'{"Item": {"a": {"S": "1"}, "a": {"S": "2"}}}', b'{"Item": {"a": {"S": "null"}}}',
], ids=repr)  # fmt: skip
def test_so_is_what_is_no_json_for_some(body: bytes) -> None:
    assert_alike("GetItem", body)


@pytest.mark.parametrize("status", [400, 500])
def test_errors_are_read_by_botocore(status: int) -> None:
    body = {"__type": "com.amazonaws#Conditional", "message": "m", "Item": ITEM}
    error = assert_alike("PutItem", json.dumps(body).encode(), status)
    assert error["Error"]["Code"] == "Conditional"


def _values(children: Callable[[], st.SearchStrategy[Any]]) -> Iterator[st.SearchStrategy[Any]]:
    words = st.sampled_from(["S", "N", "B", "BS", "SS", "L", "M", "NULL", "BOOL", "X", "Item"])
    yield st.dictionaries(words, children(), max_size=3)
    yield st.lists(children(), max_size=3)


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda children: st.one_of(*_values(lambda: children)),
    max_leaves=12,
)


@given(items=st.lists(st.dictionaries(st.text(max_size=3), _ANY, max_size=4), max_size=3))
def test_any_items_are_read_alike(items: Any) -> None:
    assert_alike("Query", json.dumps({"Items": items, "Count": len(items)}).encode())


def test_a_client_has_the_parser_for_json_and_botocores_for_the_rest() -> None:
    session = Session()
    use_fast_parser(session)
    parsers = session.get_component("response_parser_factory")
    assert isinstance(parsers.create_parser("json"), FastJsonParser)
    assert type(parsers.create_parser("query")).__module__ == "botocore.parsers"
