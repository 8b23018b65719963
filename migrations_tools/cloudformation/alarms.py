"""The CloudWatch alarms of the template."""

from typing import Any

from migrations_tools.table_definition import Document

#: CloudWatch counts throttles and system errors of each of these operations separately.
_OPERATIONS = (
    "GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan",
    "TransactGetItems", "TransactWriteItems",
)  # fmt: skip


def alarms() -> Document:
    """The resources.

    They use the parameters `TableName`, `AlarmTopicArn`, `ReadUnitsPerMinute` and
    `WriteUnitsPerMinute`, and the condition `WithTopic`.
    """
    return {
        "ThrottlesAlarm": alarm(
            "DynamoDB throttles the portal. Check the consumed capacity, and look for hot keys.",
            Metrics=_sum_of_operations("ThrottledRequests"),
            Threshold=0,
        ),
        "SystemErrorsAlarm": alarm(
            "DynamoDB reports errors of its own. Check AWS's health page.",
            Metrics=_sum_of_operations("SystemErrors"),
            Threshold=0,
        ),
        "UserErrorsAlarm": alarm(
            "DynamoDB refuses requests of this account in this region: a permission, a table or"
            " an index may be missing. Run: portal doctor",
            **_metric("UserErrors", of_table=False),
            Threshold=0,
        ),
        "ReadCapacityAlarm": alarm(
            "The portal reads more than expected.",
            **_metric("ConsumedReadCapacityUnits"),
            Threshold={"Ref": "ReadUnitsPerMinute"},
            EvaluationPeriods=15,
        ),
        "WriteCapacityAlarm": alarm(
            "The portal writes more than expected.",
            **_metric("ConsumedWriteCapacityUnits"),
            Threshold={"Ref": "WriteUnitsPerMinute"},
            EvaluationPeriods=15,
        ),
    }


def alarm(description: str, **properties: Any) -> Document:
    """An alarm that says to the topic what is wrong. No data is no problem."""
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmDescription": description,
            "ComparisonOperator": "GreaterThanThreshold",
            "EvaluationPeriods": 5,
            # Without requests there is no data, and that is no problem.
            "TreatMissingData": "notBreaching",
            "AlarmActions": {
                "Fn::If": [
                    "WithTopic",
                    [{"Ref": "AlarmTopicArn"}],
                    {"Ref": "AWS::NoValue"},
                ]
            },
            **properties,
        },
    }


def _metric(name: str, *, of_table: bool = True) -> Document:
    dimensions = {"Dimensions": [_table_dimension()]} if of_table else {}
    return {
        "Namespace": "AWS/DynamoDB",
        "MetricName": name,
        **dimensions,
        "Statistic": "Sum",
        "Period": 60,
    }


def _sum_of_operations(metric: str) -> list[Document]:
    """The sum of a metric that AWS counts separately for each operation."""
    parts = [
        {
            "Id": operation.lower(),
            "ReturnData": False,
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/DynamoDB",
                    "MetricName": metric,
                    "Dimensions": [
                        _table_dimension(),
                        {"Name": "Operation", "Value": operation},
                    ],
                },
                "Period": 60,
                "Stat": "Sum",
            },
        }
        for operation in _OPERATIONS
    ]
    return [{"Id": "all", "Expression": "SUM(METRICS())", "Label": metric}, *parts]


def _table_dimension() -> Document:
    return {"Name": "TableName", "Value": {"Ref": "TableName"}}
