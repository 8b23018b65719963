"""The table and what belongs to it as a CloudFormation template, alone or with the portal."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from migrations_tools import table_definition
from migrations_tools.cloudformation.alarms import alarms
from migrations_tools.cloudformation.backups import backups
from migrations_tools.cloudformation.containers import (
    container_conditions,
    container_parameters,
    containers,
)
from migrations_tools.cloudformation.functions import (
    function_conditions,
    function_parameters,
    functions,
    http_api_address,
    http_api_rules,
)
from migrations_tools.cloudformation.keys import SEALING_KEY_ARN, keys
from migrations_tools.cloudformation.parts import (
    choice,
    either,
    is_set,
    is_yes,
    number,
    ref,
    sub,
    text,
)
from migrations_tools.cloudformation.policies import policy, portal_policy
from migrations_tools.table_definition import Document


@dataclass(frozen=True, kw_only=True)
class _Service:
    """How the portal runs, as parts of a template."""

    parameters: Callable[[], Document]
    conditions: Callable[[], Document]
    resources: Callable[[str], Document]
    #: What people's addresses lead to.
    address: Document
    rules: Document = field(default_factory=dict)


_LOAD_BALANCER = {"Fn::GetAtt": ["LoadBalancer", "DNSName"]}
_SERVICES = {
    "fargate": _Service(
        parameters=container_parameters,
        conditions=container_conditions,
        resources=containers,
        address=_LOAD_BALANCER,
    ),
    "lambda": _Service(
        parameters=partial(function_parameters, with_load_balancer=False),
        conditions=partial(function_conditions, with_load_balancer=False),
        resources=partial(functions, with_load_balancer=False),
        address=http_api_address(),
        rules=http_api_rules(),
    ),
    "lambda-alb": _Service(
        parameters=partial(function_parameters, with_load_balancer=True),
        conditions=partial(function_conditions, with_load_balancer=True),
        resources=partial(functions, with_load_balancer=True),
        address=_LOAD_BALANCER,
    ),
}

#: What may run the portal.
SERVICES = tuple(_SERVICES)


def cloudformation_template(table: str, environment: str, service: str = "") -> Document:
    """The table, the portal's policy, alarms, and scheduled backups if they are asked for.

    With the parameter `MakeTable` set to `no`, the template leaves the table out, because it
    exists already.

    Args:
        service: One of `SERVICES`: the template also has what runs the portal, and a KMS key if
            none is named. Empty: the portal runs elsewhere.
    """
    template: Document = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "The tenants of the FSM Appointment Manager's onboarding portal"
        f" ({environment}).",
        "Parameters": _parameters(table),
        "Conditions": {
            "WithTable": is_yes("MakeTable"),
            "WithTopic": is_set("AlarmTopicArn"),
            "WithBackups": is_yes("ScheduledBackups"),
        },
        "Resources": {
            "TenantTable": _table(environment),
            "PortalPolicy": _managed_policy(has_key=bool(service)),
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
    if service:
        _add_service(template, environment, _SERVICES[service])
    else:
        template["Conditions"]["WithKms"] = is_set("KmsKeyArn")
    return template


def _add_service(template: Document, environment: str, service: _Service) -> None:
    template["Parameters"] |= service.parameters()
    template["Conditions"] |= service.conditions()
    if service.rules:
        template["Rules"] = service.rules
    template["Resources"] |= {**keys(environment), **service.resources(environment)}
    template["Outputs"] |= {
        "Address": {
            "Description": "Where the host of BaseUrl has to lead (DNS: CNAME or alias).",
            "Value": service.address,
        },
        "KmsKey": {"Description": "PORTAL_KMS_KEY_ID", "Value": SEALING_KEY_ARN},
        "SecretKeyArn": {"Description": "Holds PORTAL_SECRET_KEY.", "Value": ref("SecretKey")},
    }


def _parameters(table: str) -> Document:
    return {
        "TableName": {
            "Type": "String",
            "Default": table,
            "AllowedPattern": "[A-Za-z0-9_.-]{3,255}",
        },
        "MakeTable": choice("yes", "no: the table exists already, and the stack leaves it alone."),
        "KmsKeyArn": text(
            "The KMS key that seals client secrets (PORTAL_KMS_KEY_ID), not an alias.",
            AllowedPattern="|arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+",
        ),
        "AlarmTopicArn": text("The SNS topic that gets the alarms."),
        "ReadUnitsPerMinute": number(6000, "More than this for 15 minutes raises an alarm."),
        "WriteUnitsPerMinute": number(3000, "More than this for 15 minutes raises an alarm."),
        "ScheduledBackups": choice("no", "Daily backups for 35 days, monthly ones for a year."),
    }


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
    return sub(arn + suffix)


def _managed_policy(*, has_key: bool) -> Document:
    # Made from the policy that `iam-policy` prints, so that both allow the same.
    arn = "arn:aws:dynamodb:region:account:table/name"
    (tenants, sealing) = portal_policy(arn, arn)["Statement"]
    tenants["Resource"] = [_table_arn(), _table_arn("/index/*")]
    sealing["Resource"] = [SEALING_KEY_ARN if has_key else {"Ref": "KmsKeyArn"}]
    return {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {
            "Description": "What the onboarding portal may do.",
            "PolicyDocument": policy([tenants, sealing if has_key else either("WithKms", sealing)]),
        },
    }
