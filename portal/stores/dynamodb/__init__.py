"""The store in a DynamoDB table.

store              conditional writes, transactions, queries
client             one connection per process: timeouts, retries, lost answers
retry_policy       how often a call is attempted, and after which pause
errors             AWS error codes -> a reason and a remedy
key_condition      part of an index as the key condition of a `Query`
serialization      item <-> attribute values
metrics            capacity, latency and errors of each call
prometheus_counters  counts calls with prometheus-client
permission_checks  one request per permission; none changes anything
"""

from portal.stores.dynamodb.client import (
    Answer,
    ConditionFailedError,
    DynamoDbClient,
    DynamoDbError,
    TableLocation,
)
from portal.stores.dynamodb.errors import classify_error, shared_remedy
from portal.stores.dynamodb.metrics import Metrics, debug_logger, kind_of_id
from portal.stores.dynamodb.permission_checks import GET_CHECK, PERMISSION_CHECKS
from portal.stores.dynamodb.serialization import from_attributes, to_attribute, to_attributes
from portal.stores.dynamodb.store import DynamoDbStore

__all__ = [
    "GET_CHECK", "PERMISSION_CHECKS", "Answer", "ConditionFailedError", "DynamoDbClient",
    "DynamoDbError", "DynamoDbStore", "Metrics", "TableLocation", "classify_error", "debug_logger",
    "from_attributes", "kind_of_id", "shared_remedy", "to_attribute", "to_attributes",
]  # fmt: skip
