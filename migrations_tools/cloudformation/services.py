"""What a portal is made of wherever it runs on AWS: settings, a log, a role, parameters."""

from migrations_tools import table_definition
from migrations_tools.cloudformation.keys import SEALING_KEY_ARN
from migrations_tools.cloudformation.parts import (
    arn_of,
    either,
    is_set,
    names_and_values,
    number,
    ref,
    sub,
    text,
)
from migrations_tools.cloudformation.policies import policy
from migrations_tools.table_definition import Document


def service_parameters(base_url: str | None) -> Document:
    """The parameters of every service; `base_url=None`: the address has to be given."""
    return {
        "BaseUrl": text(
            "The address at which people reach the portal (PORTAL_BASE_URL).",
            base_url,
            AllowedPattern=("|" if base_url == "" else "") + "https://[a-z0-9.-]+",
        ),
        "MailFrom": text("The sender of mail (PORTAL_MAIL_FROM)."),
        "MailIdentityArn": text("The identity of Amazon SES that mail is sent by."),
        "LogDays": number(90, "How many days the log is kept, one of those CloudWatch knows."),
    }


def service_conditions() -> Document:
    return {
        "MakesKey": {"Fn::Not": [is_set("KmsKeyArn")]},
        "WithMail": is_set("MailIdentityArn"),
        "WithSender": is_set("MailFrom"),
    }


def settings(environment: str, base_url: Document) -> Document:
    """The environment of the portal, without secrets."""
    return {
        **({"NODE_ENV": "production"} if environment == "prod" else {}),
        "USE_DYNAMODB": "true",
        "TENANT_TABLE_NAME": ref("TableName"),
        "PORTAL_KMS_KEY_ID": SEALING_KEY_ARN,
        "PORTAL_BASE_URL": base_url,
        "PORTAL_MAIL_URL": either("WithMail", sub("ses://${AWS::Region}"), "file:"),
        "PORTAL_METRICS": "log",
        "PORTAL_MAIL_FROM": either("WithSender", ref("MailFrom")),
    }


def log_group(environment: str) -> Document:
    return {
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "RetentionInDays": ref("LogDays"),
            "Tags": table_definition.tag_list(table_definition.tags(environment)),
        },
    }


def role(service: str, *statements: Document, is_portal: bool = True) -> Document:
    """A role that an AWS service takes for this account.

    Args:
        service: `ecs-tasks` or `lambda`.
        is_portal: Whether the portal itself runs with it, and so uses the table, the key and SES.
    """
    mail = either("WithMail", _MAIL)
    policies: Document = {"Policies": [_inline([*statements, *([mail] if is_portal else [])])]}
    if not statements:
        # A policy without a statement is none.
        policies = {"Policies": either("WithMail", [_inline([_MAIL])])}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": policy(
                [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": f"{service}.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                        **(_OF_THIS_ACCOUNT if service == "ecs-tasks" else {}),
                    }
                ]
            ),
            **({"ManagedPolicyArns": [ref("PortalPolicy")]} if is_portal else {}),
            **policies,
        },
    }


def write_log() -> Document:
    return {
        "Sid": "WriteLog",
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": [arn_of("Log")],
    }


def environment_list(values: Document) -> list[Document]:
    """The settings as ECS takes them, without those that are not set."""
    optional = ("PORTAL_MAIL_FROM",)
    listed = names_and_values({k: v for k, v in values.items() if k not in optional})
    return [
        *listed,
        either("WithSender", {"Name": "PORTAL_MAIL_FROM", "Value": ref("MailFrom")}),
    ]


#: Nobody in another account can have ECS use the role.
_OF_THIS_ACCOUNT: Document = {
    "Condition": {"StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")}}
}
_MAIL: Document = {
    "Sid": "SendMail",
    "Effect": "Allow",
    "Action": ["ses:SendEmail"],
    "Resource": [ref("MailIdentityArn")],
}


def _inline(statements: list[Document]) -> Document:
    return {"PolicyName": "portal", "PolicyDocument": policy(statements)}
