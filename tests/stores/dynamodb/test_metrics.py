"""The metrics in the log: the debug log, and CloudWatch's embedded metrics."""

import json
import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from portal.logs import JsonLines
from portal.metrics import NAMESPACE
from portal.records.ids import OTHER_KINDS
from portal.stores.contract import Item
from portal.stores.dynamodb.metrics import KINDS, kind_of_id
from portal.stores.dynamodb.store import DynamoDbStore
from portal.stores.schema import GSI2
from tests.dynamodb_engine import Engine
from tests.examples import PERSONAL, PlainSealer, activate, reference, sign_up
from tests.fault_proxy import Refuse, first


def item(tenant_id: str, **more: str | int) -> Item:
    return {"tenantId": tenant_id, "version": 1, **more}


@pytest.fixture
def store(engine: Engine) -> Iterator[DynamoDbStore]:
    opened = DynamoDbStore(engine.new_table())
    yield opened
    opened.close()


def test_the_debug_log_has_each_call_and_no_value(store, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="fsm-appointment:tenant"):
        tenant = activate(store, PlainSealer(), sign_up(store), secret="hush-hush")
        store.query(GSI2, "EVENTS#86810_104348")
    messages = [
        each.getMessage() for each in caplog.records if each.name == "fsm-appointment:tenant"
    ]
    assert [line.partition(" in ")[0] for line in messages] == [
        "TransactWriteItems pending+mail: ok",
        "GetItem pending: ok",
        # Whose it is: an assignment goes along to the new id.
        "GetItem desk: ok",
        "TransactWriteItems pending+item+event+mail+stats: ok",
        "Query EVENTS: ok",
    ]
    assert "0 read units, 24 write units, request " in messages[3]
    for secret in (*PERSONAL, "hush", tenant.id, reference(1), "sealed"):
        assert not [line for line in messages if secret in line]


def test_nothing_is_logged_by_default(store, caplog: pytest.LogCaptureFixture) -> None:
    sign_up(store)
    assert [each for each in caplog.records if "WriteItems" in each.getMessage()] == []


def test_embedded_metrics_have_the_form_that_cloudwatch_reads(
    engine, proxy, caplog: pytest.LogCaptureFixture
) -> None:
    store = DynamoDbStore(replace(engine.new_table(), endpoint=proxy.url), embedded_metrics=True)
    proxy.plan = first(1, Refuse("ThrottlingException"))
    with caplog.at_level(logging.INFO):
        sign_up(store)
    lines = [
        json.loads(JsonLines().format(record))
        for record in caplog.records
        if record.name == "portal.stores.dynamodb.metrics"
    ]
    throttled, done = lines
    (metrics,) = done["_aws"]["CloudWatchMetrics"]
    assert metrics["Namespace"] == NAMESPACE
    assert metrics["Dimensions"] == [["Operation"]]
    # CloudWatch expects a number at the top level for each metric, and a text for each dimension.
    for line in lines:
        assert line["Operation"] == "TransactWriteItems"
        assert all(isinstance(line[each["Name"]], int | float) for each in metrics["Metrics"])
        assert isinstance(line["_aws"]["Timestamp"], int)
    assert (throttled["ThrottledRequests"], done["ThrottledRequests"]) == (1, 0)
    assert (throttled["Errors"], done["Errors"]) == (0, 0)
    assert (done["ConsumedWriteCapacityUnits"], done["ItemKind"]) == (9, "pending+mail")
    assert done["AwsRequestId"]
    assert not [secret for secret in PERSONAL if secret in json.dumps(lines)]
    store.close()


def test_metrics_name_kinds_and_never_ids() -> None:
    assert OTHER_KINDS <= KINDS
    assert kind_of_id("john-doe_1") == kind_of_id("86810_104348") == "item"
