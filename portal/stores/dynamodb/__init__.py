"""The store in a DynamoDB table.

store              conditional writes, transactions, queries
batch_reads        many items with few calls
client             one connection per process: timeouts, retries, lost answers
answers            what a whole answer must hold, and why a write was refused
retry_policy       how often a call is attempted, and after which pause
failures           each failure with a reason and a remedy
errors             which failure is behind an error of AWS
key_condition      part of an index as the key condition of a `Query`
serialization      item <-> attribute values
metrics            capacity, latency and errors of each call
permission_checks  one request per permission; none changes anything
"""

from portal.stores.dynamodb.answers import Answer
from portal.stores.dynamodb.client import (
    ConditionFailedError,
    DynamoDbClient,
    DynamoDbError,
    TableLocation,
)
from portal.stores.dynamodb.errors import (
    classify_error,
    code_of,
    is_of_credentials,
    is_retryable,
    shared_remedy,
)
from portal.stores.dynamodb.metrics import Metrics, debug_logger, kind_of_id
from portal.stores.dynamodb.permission_checks import (
    GET_CHECK,
    PERMISSION_CHECKS,
    joint_read_check,
    lacks_columns,
    row_check,
    transaction_check,
)
from portal.stores.dynamodb.serialization import (
    attribute_from_json,
    attribute_to_json,
    from_attributes,
    to_attribute,
    to_attributes,
)
from portal.stores.dynamodb.store import DynamoDbStore

__all__ = [
    "GET_CHECK", "PERMISSION_CHECKS", "Answer", "ConditionFailedError", "DynamoDbClient",
    "DynamoDbError", "DynamoDbStore", "Metrics", "TableLocation", "attribute_from_json",
    "attribute_to_json", "classify_error", "code_of", "debug_logger", "from_attributes",
    "is_of_credentials", "is_retryable", "joint_read_check", "kind_of_id", "lacks_columns",
    "row_check", "shared_remedy", "to_attribute", "to_attributes", "transaction_check",
]  # fmt: skip
