"""The table and what belongs to it as a CloudFormation template."""

from migrations_tools import table_definition
from migrations_tools.cloudformation.alarms import alarms
from migrations_tools.cloudformation.backups import backups
from migrations_tools.cloudformation.policies import policy, portal_policy
from migrations_tools.table_definition import Document


def cloudformation_template(table: str, environment: str) -> Document:
    """The table, the portal's policy, alarms, and scheduled backups for who asks for them. With
    `MakeTable` set to `no` the table is there already, and all else is laid beside it."""
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
        "MakeTable": _choice("yes", "no: the table is there already, and stays as it is."),
        "KmsKeyArn": {
            **_text("The KMS key that seals client secrets (PORTAL_KMS_KEY_ID), not an alias."),
            "AllowedPattern": "|arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+",
        },
        "AlarmTopicArn": _text("The SNS topic that is told of alarms."),
        "ReadUnitsPerMinute": _number(6000, "An alarm tells when more are read for a while."),
        "WriteUnitsPerMinute": _number(3000, "An alarm tells when more are written for a while."),
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
            "TimeToLiveSpecification": {"AttributeName": table_definition.TTL, "Enabled": True},
        },
    }


def _table_arn(more: str = "") -> Document:
    # Put together from its name: a table that was there before gives the template no other.
    arn = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${TableName}"
    return {"Fn::Sub": arn + more}


def _managed_policy() -> Document:
    # Made from the policy itself, so that both allow the same.
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
