"""The table as parameters for AWS, made from `portal.stores.schema`.

The deploy command, the CloudFormation template and the policies all use this definition.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from portal.stores import INDEXES, KEY, Index

#: AWS removes an item some days after the instant (seconds since 1970) in this attribute.
TTL = "ttl"

#: A JSON document for AWS, or a part of one.
Document = dict[str, Any]

APPLICATION = "FSMAppointmentManager"

#: What the running portal may do. A transaction needs the permissions of its parts.
PORTAL_ACTIONS = (
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "dynamodb:DeleteItem",
    "dynamodb:Query",
    "dynamodb:Scan",
)

#: What `table plan` and `table deploy` may do.
DEPLOY_ACTIONS = (
    "dynamodb:CreateTable",
    "dynamodb:DescribeContinuousBackups",
    "dynamodb:DescribeTable",
    "dynamodb:DescribeTimeToLive",
    "dynamodb:ListTagsOfResource",
    "dynamodb:TagResource",
    "dynamodb:UpdateContinuousBackups",
    "dynamodb:UpdateTable",
    "dynamodb:UpdateTimeToLive",
)


def tags(environment: str) -> dict[str, str]:
    return {"Environment": environment, "Application": APPLICATION, "Purpose": "TenantData"}


def is_protected(environment: str) -> bool:
    """Whether AWS shall refuse to delete the table."""
    return environment == "prod"


def key_schema() -> list[dict[str, str]]:
    return [{"AttributeName": KEY, "KeyType": "HASH"}]


def index_key_schema(index: Index) -> list[dict[str, str]]:
    return [
        {"AttributeName": index.partition, "KeyType": "HASH"},
        {"AttributeName": index.sort, "KeyType": "RANGE"},
    ]


def projection(index: Index) -> dict[str, Any]:
    if index.projected is None:
        return {"ProjectionType": "ALL"}
    return {"ProjectionType": "INCLUDE", "NonKeyAttributes": sorted(index.projected)}


def index_parameters(index: Index) -> dict[str, Any]:
    return {
        "IndexName": index.name,
        "KeySchema": index_key_schema(index),
        "Projection": projection(index),
    }


def attribute_definitions(names: Iterable[str]) -> list[dict[str, str]]:
    return [{"AttributeName": name, "AttributeType": "S"} for name in sorted(set(names))]


def create_parameters(table: str, environment: str) -> dict[str, Any]:
    """The parameters of `CreateTable`. It takes no point-in-time recovery and no TTL."""
    index_keys = [name for index in INDEXES for name in (index.partition, index.sort)]
    return {
        "TableName": table,
        "KeySchema": key_schema(),
        "AttributeDefinitions": attribute_definitions([KEY, *index_keys]),
        "GlobalSecondaryIndexes": [index_parameters(index) for index in INDEXES],
        "BillingMode": "PAY_PER_REQUEST",
        "SSESpecification": {"Enabled": True, "SSEType": "KMS"},
        "DeletionProtectionEnabled": is_protected(environment),
        "Tags": tag_list(tags(environment)),
    }


def tag_list(values: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags in the form in which AWS takes them."""
    return [{"Key": name, "Value": value} for name, value in values.items()]
