"""A table with everything that a portal stores, and attributes of every type."""

from pathlib import Path
from typing import Any

import pytest

from portal.stores.dynamodb import DynamoDbStore, TableLocation
from tests.dynamodb_engine import CREDENTIALS, REGION, Engine
from tests.migrations_tools.copy.filled_store import fill

#: What other programs may have written.
EVERY_TYPE: dict[str, Any] = {
    "tenantId": {"S": "other-1"},
    "text": {"S": "Süße Grüße 😀\u2028\n"},
    "empty": {"S": ""},
    "number": {"N": "12345678901234567890.123456789"},
    "small": {"N": "-0.00000000000000000001"},
    "bytes": {"B": bytes(range(256))},
    "flag": {"BOOL": False},
    "nothing": {"NULL": True},
    "texts": {"SS": ["b", "a"]},
    "numbers": {"NS": ["3", "1.5"]},
    "parts": {"BS": [b"\x00", b"\xff"]},
    "list": {"L": [{"S": "x"}, {"M": {"deep": {"B": b"\x01"}}}]},
    "map": {"M": {"version": {"N": "1"}, "none": {"L": []}}},
}
#: A counter that DynamoDB removes by itself.
COUNTER = {"tenantId": {"S": "limit-1"}, "ttl": {"N": "4102444800"}, "n": {"N": "1"}}


@pytest.fixture
def location(engine: Engine, tmp_path: Path) -> TableLocation:
    """The table that is backed up."""
    location = engine.new_table()
    store = DynamoDbStore(location)
    fill(store, tmp_path / "keys")
    store.close()
    for item in (EVERY_TYPE, COUNTER):
        engine.client.put_item(TableName=location.table, Item=item)
    return location


@pytest.fixture
def environ(location: TableLocation, tmp_path: Path) -> dict[str, str]:
    """The settings of the portal whose table that is."""
    return {
        "USE_DYNAMODB": "true",
        "TENANT_TABLE_NAME": location.table,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL_DYNAMODB": str(location.endpoint),
        "PORTAL_DATA_DIR": str(tmp_path / "data"),
        **CREDENTIALS,
    }
