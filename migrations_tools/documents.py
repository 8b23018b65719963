"""The table as a CloudFormation template, and what may be done with it as an IAM policy."""

from typing import Any

from migrations_tools import definition

#: The operations that are counted apart in CloudWatch.
_COUNTED = (
    "GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan", "TransactWriteItems",
)  # fmt: skip

Document = dict[str, Any]


# ---- The policies


def partition_of(region: str) -> str:
    """What an ARN begins with there."""
    partitions = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "eusc-": "aws-eusc"}
    found = (name for start, name in partitions.items() if region.startswith(start))
    return next(found, "aws")


def portal_policy(table_arn: str, kms_key: str = "") -> Document:
    """Of the running portal, and of `adopt` and `copy`: six operations, and sealing with KMS.
    `kms_key`: an ARN, or an alias; none, the key file seals."""
    statements = [
        {
            "Sid": "TenantTable",
            "Effect": "Allow",
            "Action": list(definition.PORTAL_ACTIONS),
            "Resource": [table_arn, f"{table_arn}/index/*"],
        }
    ]
    if kms_key:
        statements.append(sealing_statement(kms_key, table_arn))
    return _policy(statements)


def sealing_statement(kms_key: str, table_arn: str) -> Document:
    """It may seal client secrets, and cannot open them."""
    condition: Document = {"StringEquals": {"kms:EncryptionContext:purpose": "clientSecret"}}
    _, partition, _, region, account, *_ = table_arn.split(":")
    keys = f"arn:{partition}:kms:{region}:{account}:key"
    if ":alias/" in kms_key:
        # A policy that names an alias as its resource allows nothing.
        keys, _, kms_key = kms_key.rpartition(":")
        keys = f"{keys}:key"
    if kms_key.startswith("arn:"):
        resource = kms_key
    elif kms_key.startswith("alias/"):
        resource = f"{keys}/*"
        condition["ForAnyValue:StringEquals"] = {"kms:ResourceAliases": kms_key}
    else:
        resource = f"{keys}/{kms_key}"
    return {
        "Sid": "SealClientSecrets",
        "Effect": "Allow",
        "Action": ["kms:Encrypt"],
        "Resource": [resource],
        "Condition": condition,
    }


def deploy_policy(table_arn: str) -> Document:
    """Of whoever runs `table plan` and `table deploy`."""
    return _policy(
        [
            {
                "Sid": "DeployTenantTable",
                "Effect": "Allow",
                "Action": list(definition.DEPLOY_ACTIONS),
                "Resource": [table_arn],
            }
        ]
    )


def _policy(statements: list[Document]) -> Document:
    return {"Version": "2012-10-17", "Statement": statements}


# ---- The template


def template(table: str, environment: str) -> Document:
    """The table, the portal's policy, alarms, and scheduled backups for who asks for them."""
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "The tenants of the FSM Appointment Manager's onboarding portal"
        f" ({environment}).",
        "Parameters": _parameters(table),
        "Conditions": {
            "WithKms": _is_set("KmsKeyArn"),
            "WithTopic": _is_set("AlarmTopicArn"),
            "WithBackups": {"Fn::Equals": [{"Ref": "ScheduledBackups"}, "yes"]},
        },
        "Resources": {
            "TenantTable": _table(environment),
            "PortalPolicy": _managed_policy(),
            **_alarms(),
            **_backups(environment),
        },
        "Outputs": {
            "TableName": {"Description": "TENANT_TABLE_NAME", "Value": {"Ref": "TenantTable"}},
            "Region": {"Description": "AWS_REGION", "Value": {"Ref": "AWS::Region"}},
            "PortalPolicyArn": {
                "Description": "Attach it to the portal's role.",
                "Value": {"Ref": "PortalPolicy"},
            },
        },
    }


def _parameters(table: str) -> Document:
    return {
        "TableName": {
            "Type": "String",
            "Default": table,
            "AllowedPattern": "[A-Za-z0-9_.-]{3,255}",
        },
        "KmsKeyArn": {
            **_text("The KMS key that seals client secrets (PORTAL_KMS_KEY_ID), not an alias."),
            "AllowedPattern": "|arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+",
        },
        "AlarmTopicArn": _text("The SNS topic that is told of alarms."),
        "ReadUnitsPerMinute": _number(6000, "An alarm tells when more are read for a while."),
        "WriteUnitsPerMinute": _number(3000, "An alarm tells when more are written for a while."),
        "ScheduledBackups": {
            "Type": "String",
            "Default": "no",
            "AllowedValues": ["no", "yes"],
            "Description": "Daily backups for 35 days, monthly ones for a year.",
        },
    }


def _text(description: str) -> Document:
    return {"Type": "String", "Default": "", "Description": description}


def _number(default: int, description: str) -> Document:
    return {"Type": "Number", "Default": default, "MinValue": 1, "Description": description}


def _is_set(parameter: str) -> Document:
    return {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]}


def _table(environment: str) -> Document:
    parameters = definition.create_parameters("", environment)
    names = (
        "KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes", "BillingMode",
        "DeletionProtectionEnabled", "Tags",
    )  # fmt: skip
    encryption = parameters["SSESpecification"]
    return {
        "Type": "AWS::DynamoDB::Table",
        # Whatever becomes of the stack, the tenants stay.
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "TableName": {"Ref": "TableName"},
            **{name: parameters[name] for name in names},
            "SSESpecification": {
                "SSEEnabled": encryption["Enabled"],
                "SSEType": encryption["SSEType"],
            },
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "TimeToLiveSpecification": {"AttributeName": definition.TTL, "Enabled": True},
        },
    }


def _managed_policy() -> Document:
    # Made from the policy itself, so that both allow the same.
    arn = "arn:aws:dynamodb:region:account:table/name"
    (tenants, sealing) = portal_policy(arn, arn)["Statement"]
    table_arn = {"Fn::GetAtt": ["TenantTable", "Arn"]}
    tenants["Resource"] = [table_arn, {"Fn::Sub": "${TenantTable.Arn}/index/*"}]
    sealing["Resource"] = [{"Ref": "KmsKeyArn"}]
    return {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {
            "Description": "What the onboarding portal may do.",
            "PolicyDocument": _policy(
                [tenants, {"Fn::If": ["WithKms", sealing, {"Ref": "AWS::NoValue"}]}]
            ),
        },
    }


def _alarms() -> Document:
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
    return {"Name": "TableName", "Value": {"Ref": "TenantTable"}}


def _backups(environment: str) -> Document:
    """AWS Backup, since a table's own backups have no schedule."""
    rules = [
        ("Daily", "cron(0 3 * * ? *)", 35),
        ("Monthly", "cron(0 4 1 * ? *)", 365),
    ]
    return {
        "BackupVault": {
            "Type": "AWS::Backup::BackupVault",
            "Condition": "WithBackups",
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "BackupVaultName": {"Fn::Sub": "${AWS::StackName}-tenants"},
                "BackupVaultTags": definition.tags(environment),
            },
        },
        "BackupPlan": {
            "Type": "AWS::Backup::BackupPlan",
            "Condition": "WithBackups",
            "Properties": {
                "BackupPlan": {
                    "BackupPlanName": {"Fn::Sub": "${AWS::StackName}-tenants"},
                    "BackupPlanRule": [
                        {
                            "RuleName": name,
                            "TargetBackupVault": {"Ref": "BackupVault"},
                            "ScheduleExpression": schedule,
                            "Lifecycle": {"DeleteAfterDays": days},
                        }
                        for name, schedule, days in rules
                    ],
                }
            },
        },
        "BackupRole": {
            "Type": "AWS::IAM::Role",
            "Condition": "WithBackups",
            "Properties": {
                "AssumeRolePolicyDocument": _policy(
                    [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "backup.amazonaws.com"},
                            "Action": "sts:AssumeRole",
                        }
                    ]
                ),
                "ManagedPolicyArns": [
                    {
                        "Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/service-role/"
                        "AWSBackupServiceRolePolicyForBackup"
                    }
                ],
            },
        },
        "BackupSelection": {
            "Type": "AWS::Backup::BackupSelection",
            "Condition": "WithBackups",
            "Properties": {
                "BackupPlanId": {"Ref": "BackupPlan"},
                "BackupSelection": {
                    "SelectionName": "tenants",
                    "IamRoleArn": {"Fn::GetAtt": ["BackupRole", "Arn"]},
                    "Resources": [{"Fn::GetAtt": ["TenantTable", "Arn"]}],
                },
            },
        },
    }
