"""The portal as a function of AWS Lambda, behind an HTTP API or a load balancer."""

from typing import Any

from migrations_tools import table_definition
from migrations_tools.cloudformation.alarms import alarm
from migrations_tools.cloudformation.load_balancer import (
    CERTIFICATE_ARN,
    load_balancer,
    load_balancer_parameters,
)
from migrations_tools.cloudformation.parts import (
    arn_of,
    attributes,
    either,
    host_of,
    is_set,
    ref,
    sub,
    text,
)
from migrations_tools.cloudformation.services import (
    log_group,
    role,
    service_conditions,
    service_parameters,
    settings,
    write_log,
)
from migrations_tools.table_definition import Document

#: API Gateway waits no longer for an answer.
_REQUEST_SECONDS = 29
#: A delivery may take nearly a minute, and none begins in the last one.
_MAIL_SECONDS = 180


_API_HOST = "${HttpApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}"
_OWN_CERTIFICATE = {
    "CertificateArn": text(
        "With BaseUrl: the certificate (ACM, of this region) of its host.",
        AllowedPattern=f"|{CERTIFICATE_ARN}",
    )
}


def function_parameters(*, with_load_balancer: bool) -> Document:
    front = load_balancer_parameters() if with_load_balancer else _OWN_CERTIFICATE
    return {
        **service_parameters(base_url=None if with_load_balancer else ""),
        **front,
        "CodeBucket": text("The S3 bucket with the package: the wheel and what it needs.", None),
        "CodeKey": text("Its name in the bucket.", None),
    }


def function_conditions(*, with_load_balancer: bool) -> Document:
    own_address = {"WithBaseUrl": {"Fn::And": [is_set("BaseUrl"), is_set("CertificateArn")]}}
    return {**service_conditions(), **({} if with_load_balancer else own_address)}


def http_api_rules() -> Document:
    """What CloudFormation refuses before it makes anything."""
    return {
        "CertificateOfBaseUrl": {
            "RuleCondition": is_set("BaseUrl"),
            "Assertions": [
                {
                    "Assert": is_set("CertificateArn"),
                    "AssertDescription": "With BaseUrl, give the CertificateArn of its host.",
                }
            ],
        }
    }


def http_api_address() -> Document:
    """What the host of `BaseUrl` has to lead to, or the address itself."""
    own = {"Fn::GetAtt": ["HttpDomain", "RegionalDomainName"]}
    return either("WithBaseUrl", own, sub(_API_HOST))


def functions(environment: str, *, with_load_balancer: bool) -> Document:
    """The resources: the function that answers, the one that sends mail, and what calls them."""
    base_url = (
        ref("BaseUrl")
        if with_load_balancer
        else either(
            "WithBaseUrl",
            ref("BaseUrl"),
            sub(f"https://{_API_HOST}"),
        )
    )
    front = _behind_load_balancer(environment) if with_load_balancer else _http_api(environment)
    hops = "1" if with_load_balancer else "0"
    variables = settings(environment, base_url) | {
        "PORTAL_PROXY_HOPS": hops,
        "PORTAL_DATA_DIR": "/tmp/portal",  # noqa: S108 - the only folder that Lambda lets be written to
        # Filled in when the stack is deployed: the template holds no secret.
        "PORTAL_SECRET_KEY": sub("{{resolve:secretsmanager:${SecretKey}}}"),
    }
    return {
        "Log": log_group(environment),
        "Role": role("lambda", write_log()),
        "Function": _function(environment, variables, "handle_request", _REQUEST_SECONDS),
        "MailFunction": _function(environment, variables, "send_due", _MAIL_SECONDS),
        "MailSchedule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "Description": "Sends the mail of the portal that is due.",
                "ScheduleExpression": "rate(1 minute)",
                "Targets": [{"Id": "mail", "Arn": arn_of("MailFunction")}],
            },
        },
        "MailPermission": _permission("MailFunction", "events", arn_of("MailSchedule")),
        **{
            f"{name}{metric}Alarm": alarm(
                f"The function of the portal that {what}: {problem}.",
                Namespace="AWS/Lambda",
                MetricName=metric,
                Dimensions=[{"Name": "FunctionName", "Value": ref(name)}],
                Statistic="Sum",
                Period=60,
                Threshold=0,
            )
            for name, what in (("Function", "answers"), ("MailFunction", "sends mail"))
            for metric, problem in (
                ("Errors", "look into its log"),
                ("Throttles", "raise the concurrency"),
            )
        },
        **front,
    }


def _function(environment: str, variables: Document, handler: str, seconds: int) -> Document:
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Description": f"Onboarding portal: {handler}",
            "Runtime": "python3.11",
            "Handler": f"portal.cli.aws_lambda.{handler}",
            "Code": {"S3Bucket": ref("CodeBucket"), "S3Key": ref("CodeKey")},
            "MemorySize": 1024,
            "Timeout": seconds,
            "Role": arn_of("Role"),
            "Environment": {"Variables": variables},
            "LoggingConfig": {"LogGroup": ref("Log")},
            "Tags": table_definition.tag_list(table_definition.tags(environment)),
        },
    }


def _http_api(environment: str) -> Document:
    """Its stage `$default`, whose name is no part of addresses."""
    return {
        "HttpApi": {
            "Type": "AWS::ApiGatewayV2::Api",
            "Properties": {
                "Name": sub("${AWS::StackName}"),
                "ProtocolType": "HTTP",
                # With an address of its own, the portal refuses API Gateway's.
                "DisableExecuteApiEndpoint": either("WithBaseUrl", True, False),
                "Tags": table_definition.tags(environment),
            },
        },
        "HttpIntegration": {
            "Type": "AWS::ApiGatewayV2::Integration",
            "Properties": {
                "ApiId": ref("HttpApi"),
                "IntegrationType": "AWS_PROXY",
                "IntegrationUri": arn_of("Function"),
                "PayloadFormatVersion": "2.0",
            },
        },
        "HttpRoute": {
            "Type": "AWS::ApiGatewayV2::Route",
            "Properties": {
                "ApiId": ref("HttpApi"),
                "RouteKey": "$default",
                # Anybody may sign up; the portal itself asks staff who they are.
                "AuthorizationType": "NONE",
                "Target": sub("integrations/${HttpIntegration}"),
            },
        },
        "HttpStage": {
            "Type": "AWS::ApiGatewayV2::Stage",
            "Properties": {
                "ApiId": ref("HttpApi"),
                "StageName": "$default",
                "AutoDeploy": True,
                "Tags": table_definition.tags(environment),
            },
        },
        "HttpDomain": {
            "Type": "AWS::ApiGatewayV2::DomainName",
            "Condition": "WithBaseUrl",
            "Properties": {
                "DomainName": host_of("BaseUrl"),
                "DomainNameConfigurations": [
                    {
                        "CertificateArn": ref("CertificateArn"),
                        "EndpointType": "REGIONAL",
                        "SecurityPolicy": "TLS_1_2",
                    }
                ],
                "Tags": table_definition.tags(environment),
            },
        },
        "HttpMapping": {
            "Type": "AWS::ApiGatewayV2::ApiMapping",
            "Condition": "WithBaseUrl",
            "Properties": {
                "ApiId": ref("HttpApi"),
                "DomainName": ref("HttpDomain"),
                "Stage": ref("HttpStage"),
            },
        },
        "HttpPermission": _permission(
            "Function",
            "apigateway",
            sub(
                "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${HttpApi}/*/*"
            ),
        ),
    }


def _behind_load_balancer(environment: str) -> Document:
    resources = load_balancer(
        environment,
        {
            "TargetType": "lambda",
            "Targets": [{"Id": arn_of("Function")}],
            # Without it, an answer has one cookie at most, and a query each name once.
            "TargetGroupAttributes": attributes({"lambda.multi_value_headers.enabled": "true"}),
        },
    )
    # Nobody can be a target whom the load balancer may not call.
    resources["TargetGroup"]["DependsOn"] = ["HttpPermission"]
    return {
        "HttpPermission": _permission("Function", "elasticloadbalancing", None),
        **resources,
    }


def _permission(function: str, service: str, source: Any) -> Document:
    return {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "Action": "lambda:InvokeFunction",
            "FunctionName": arn_of(function),
            "Principal": f"{service}.amazonaws.com",
            **({"SourceArn": source} if source else {"SourceAccount": ref("AWS::AccountId")}),
        },
    }
