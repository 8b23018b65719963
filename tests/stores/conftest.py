"""The stores under test. A test with `store` or `open_again` runs once for each kind of store."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.hooks import BaseEventHooks
from botocore.parsers import JSONParser
from botocore.serialize import create_serializer

from portal.stores.aws.answer_parser import FastJsonParser
from portal.stores.contract import Store
from portal.stores.dynamodb.client import TableLocation
from portal.stores.dynamodb.store import DynamoDbStore
from portal.stores.file.store import JsonFileStore
from portal.stores.file.table_opener import INDEX_FROM
from portal.stores.waiting.retrying import STAFF_ATTEMPTS, retry_attempts
from tests.dynamodb_engine import CREDENTIALS, Engine

#: Opens the data of the store under test once more, as another process would. Can be pickled.
OpenAgain = Callable[[], Store]


class JsonOpener:
    """Opens stores on one folder, also in another process.

    Args:
        index_from: Bytes of the file from which on there is an index file.
    """

    def __init__(self, folder: Path, index_from: int = INDEX_FROM) -> None:
        self.folder, self.index_from = folder, index_from

    def __call__(self) -> Store:
        return JsonFileStore(self.folder, index_from=self.index_from)


class DynamoDbOpener:
    """Opens stores on one table. Each request that they send and each answer that they parse is
    compared with what botocore makes of it."""

    def __init__(self, location: TableLocation) -> None:
        self.location = location

    def __call__(self) -> Store:
        for name, value in CREDENTIALS.items():
            # A process may be a copy of one that is older than the engine.
            os.environ.setdefault(name, value)
        store = DynamoDbStore(self.location)
        store.connection.open()
        events = store.connection._opener.opened.meta.events
        parse_twice(events)
        write_twice(events)
        return store


#: Answers of DynamoDB that our parser understood in another way than botocore's, and requests that
#: botocore would have written in another way.
different: list[tuple[object, object]] = []


def parse_twice(events: BaseEventHooks) -> None:
    """Have what a client parses compared with botocore's own parser."""
    plain, fast = JSONParser(), FastJsonParser()

    def compare(
        response_dict: Mapping[str, Any], operation_model: Any, **_arguments: object
    ) -> None:
        shape = operation_model.output_shape
        both = plain.parse(response_dict, shape), fast.parse(response_dict, shape)
        if both[0] != both[1]:
            different.append(both)

    events.register("before-parse.dynamodb", compare)


def write_twice(events: BaseEventHooks) -> None:
    """Have what a client sends compared with what botocore would send."""
    plain = create_serializer("json", include_validation=False)

    def keep(params: Any, model: Any, context: dict[str, Any], **_arguments: object) -> None:
        context["expected"] = plain.serialize_to_request(params, model)["body"]

    def compare(request: AWSPreparedRequest, **_arguments: object) -> None:
        both = json.loads(request.context["expected"]), json.loads(request.body)
        if both[0] != both[1]:
            different.append(both)

    # What botocore adds to the parameters, it adds before.
    events.register_last("before-parameter-build.dynamodb", keep)
    events.register("before-send.dynamodb", compare)


@pytest.fixture(autouse=True)
def as_botocore_does() -> Iterator[None]:
    yield
    found = different.copy()
    different.clear()
    assert found == []


@pytest.fixture(autouse=True)
def default_retry_limit() -> Iterator[None]:
    """A test of the web that ran before may have left the limit of a customer in this thread."""
    token = retry_attempts.set(STAFF_ATTEMPTS)
    yield
    retry_attempts.reset(token)


@pytest.fixture(params=["json", "json with an index file", "dynamodb"])
def open_again(request: pytest.FixtureRequest, tmp_path: Path) -> OpenAgain:
    if request.param == "json":
        return JsonOpener(tmp_path / "data")
    if request.param == "json with an index file":
        # From the second process that opens it on.
        JsonFileStore(tmp_path / "data").check()
        return JsonOpener(tmp_path / "data", index_from=0)
    engine: Engine = request.getfixturevalue("engine")
    return DynamoDbOpener(engine.new_table())


@pytest.fixture
def store(open_again: OpenAgain) -> Iterator[Store]:
    opened = open_again()
    yield opened
    opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"
