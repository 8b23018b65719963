"""The alarms of the template: what CloudWatch is to watch about the table."""

from typing import Any

from migrations_tools.table_definition import Document

#: The operations that are counted apart in CloudWatch.
_COUNTED = (
    "GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan", "TransactWriteItems",
)  # fmt: skip


def alarms() -> Document:
    """The resources. They name the parameters `TableName`, `AlarmTopicArn`, `ReadUnitsPerMinute`
    and `WriteUnitsPerMinute`, and the condition `WithTopic`."""
    return {
        "ThrottlesAlarm": _alarm(
            "DynamoDB throttles the portal. Look at the consumed capacity and at hot keys.",
            Metrics=_summed("ThrottledRequests"),
            Threshold=0,
        ),
        "SystemErrorsAlarm": _alarm(
            "DynamoDB fails by its own fault. Look at AWS's health page.",
            Metrics=_summed("SystemErrors"),
            Threshold=0,
        ),
        "UserErrorsAlarm": _alarm(
            "DynamoDB refuses requests of this account in this region: rights, a missing table or"
            " index. Run: portal doctor",
            **_single("UserErrors", of_table=False),
            Threshold=0,
        ),
        "ReadCapacityAlarm": _alarm(
            "More is read than was expected.",
            **_single("ConsumedReadCapacityUnits"),
            Threshold={"Ref": "ReadUnitsPerMinute"},
            EvaluationPeriods=15,
        ),
        "WriteCapacityAlarm": _alarm(
            "More is written than was expected.",
            **_single("ConsumedWriteCapacityUnits"),
            Threshold={"Ref": "WriteUnitsPerMinute"},
            EvaluationPeriods=15,
        ),
    }


def _alarm(description: str, **properties: Any) -> Document:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmDescription": description,
            "ComparisonOperator": "GreaterThanThreshold",
            "EvaluationPeriods": 5,
            # Nobody asked for anything: that is no trouble.
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


def _single(metric: str, *, of_table: bool = True) -> Document:
    dimensions = {"Dimensions": [_dimension_of_table()]} if of_table else {}
    return {
        "Namespace": "AWS/DynamoDB",
        "MetricName": metric,
        **dimensions,
        "Statistic": "Sum",
        "Period": 60,
    }


def _summed(metric: str) -> list[Document]:
    """AWS counts this for each operation by itself."""
    parts = [
        {
            "Id": operation.lower(),
            "ReturnData": False,
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/DynamoDB",
                    "MetricName": metric,
                    "Dimensions": [
                        _dimension_of_table(),
                        {"Name": "Operation", "Value": operation},
                    ],
                },
                "Period": 60,
                "Stat": "Sum",
            },
        }
        for operation in _COUNTED
    ]
    return [{"Id": "all", "Expression": "SUM(METRICS())", "Label": metric}, *parts]


def _dimension_of_table() -> Document:
    return {"Name": "TableName", "Value": {"Ref": "TableName"}}
