"""The table and what belongs to it as a CloudFormation template."""

from migrations_tools import table_definition
from migrations_tools.cloudformation.alarms import alarms
from migrations_tools.cloudformation.backups import backups
from migrations_tools.cloudformation.policies import policy, portal_policy
from migrations_tools.table_definition import Document


def cloudformation_template(table: str, environment: str) -> Document:
    """The table, the portal's policy, alarms, and scheduled backups if they are asked for.

    With the parameter `MakeTable` set to `no`, the template leaves the table out, because it
    exists already.
    """
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "The tenants of the FSM Appointment Manager's onboarding portal"
        f" ({environment}).",
        "Parameters": _parameters(table),
        "Conditions": {
            "WithTable": _is_yes("MakeTable"),
            "WithKms": _is_set("KmsKeyArn"),
            "WithTopic": _is_set("AlarmTopicArn"),
            "WithBackups": _is_yes("ScheduledBackups"),
        },
        "Resources": {
            "TenantTable": _table(environment),
            "PortalPolicy": _managed_policy(),
            **alarms(),
            **backups(environment, _table_arn()),
        },
        "Outputs": {
            "TableName": {"Description": "TENANT_TABLE_NAME", "Value": {"Ref": "TableName"}},
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
        "MakeTable": _choice("yes", "no: the table exists already, and the stack leaves it alone."),
        "KmsKeyArn": {
            **_text("The KMS key that seals client secrets (PORTAL_KMS_KEY_ID), not an alias."),
            "AllowedPattern": "|arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+",
        },
        "AlarmTopicArn": _text("The SNS topic that gets the alarms."),
        "ReadUnitsPerMinute": _number(6000, "More than this for 15 minutes raises an alarm."),
        "WriteUnitsPerMinute": _number(3000, "More than this for 15 minutes raises an alarm."),
        "ScheduledBackups": _choice("no", "Daily backups for 35 days, monthly ones for a year."),
    }


def _text(description: str) -> Document:
    return {"Type": "String", "Default": "", "Description": description}


def _number(default: int, description: str) -> Document:
    return {"Type": "Number", "Default": default, "MinValue": 1, "Description": description}


def _choice(default: str, description: str) -> Document:
    return {
        "Type": "String",
        "Default": default,
        "AllowedValues": ["no", "yes"],
        "Description": description,
    }


def _is_yes(parameter: str) -> Document:
    return {"Fn::Equals": [{"Ref": parameter}, "yes"]}


def _is_set(parameter: str) -> Document:
    return {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]}


def _table(environment: str) -> Document:
    parameters = table_definition.create_parameters("", environment)
    names = (
        "KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes", "BillingMode",
        "DeletionProtectionEnabled", "Tags",
    )  # fmt: skip
    encryption = parameters["SSESpecification"]
    return {
        "Type": "AWS::DynamoDB::Table",
        "Condition": "WithTable",
        # The tenants stay, even if the stack is deleted.
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
            "TimeToLiveSpecification": {"AttributeName": table_definition.TTL, "Enabled": True},
        },
    }


def _table_arn(suffix: str = "") -> Document:
    # Built from the name, since the template cannot ask for the ARN of a table that it does not
    # make.
    arn = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${TableName}"
    return {"Fn::Sub": arn + suffix}


def _managed_policy() -> Document:
    # Made from the policy that `iam-policy` prints, so that both allow the same.
    arn = "arn:aws:dynamodb:region:account:table/name"
    (tenants, sealing) = portal_policy(arn, arn)["Statement"]
    tenants["Resource"] = [_table_arn(), _table_arn("/index/*")]
    sealing["Resource"] = [{"Ref": "KmsKeyArn"}]
    return {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {
            "Description": "What the onboarding portal may do.",
            "PolicyDocument": policy(
                [tenants, {"Fn::If": ["WithKms", sealing, {"Ref": "AWS::NoValue"}]}]
            ),
        },
    }
