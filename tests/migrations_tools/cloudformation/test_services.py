"""The stacks that make the whole portal: rules that hold for each of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from migrations_tools.cloudformation import SERVICES, portal_policy
from portal.settings import SETTINGS, Settings
from tests.deploying.dockerfile import stages
from tests.deploying.image import STOP_SECONDS
from tests.dynamodb_engine import REGION
from tests.lambda_http.test_handle_request import HANDLER, MAIL_HANDLER
from tests.migrations_tools.aws_tables import TABLE
from tests.migrations_tools.cloudformation.cloudformation_stack import ACCOUNT, Stack
from tests.migrations_tools.cloudformation.table_documents import print_document

ROOT = Path(__file__).parent.parent.parent.parent
#: Stands for what CloudFormation makes of it.
KEY = "SealingKey"
IDENTITY = f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/example.com"
GIVEN = {
    "BaseUrl": "https://portal.example.com",
    "VpcId": "vpc-1",
    "PublicSubnetIds": "subnet-1,subnet-2",
    "SubnetIds": "subnet-3,subnet-4",
    "CertificateArn": f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/c",
    "Image": "portal:1.0.0",
    "CodeBucket": "code",
    "CodeKey": "portal.zip",
}


def template_of(service: str) -> dict[str, Any]:
    return print_document("cloudformation", "prod", "--service", service)


def stack_of(service: str, **parameters: str) -> Stack:
    template = template_of(service)
    given = {name: value for name, value in GIVEN.items() if name in template["Parameters"]}
    return Stack(template, **{**given, **parameters})


def of_type(stack: Stack, kind: str) -> dict[str, dict[str, Any]]:
    """The properties of the resources of a type."""
    return {
        name: resource.get("Properties", {})
        for name, resource in stack.resources.items()
        if resource["Type"] == kind
    }


def environ_of(stack: Stack) -> dict[str, str]:
    """The settings that the portal gets, with what stands for its secret key."""
    found: dict[str, str] = {}
    for function in of_type(stack, "AWS::Lambda::Function").values():
        found |= function["Environment"]["Variables"]
    for task in of_type(stack, "AWS::ECS::TaskDefinition").values():
        (container,) = task["ContainerDefinitions"]
        found |= {pair["Name"]: pair["Value"] for pair in container["Environment"]}
        found |= {pair["Name"]: pair["ValueFrom"] for pair in container["Secrets"]}
    return found


def statements(stack: Stack) -> Iterator[dict[str, Any]]:
    """What roles and policies of the stack allow."""
    for policy in of_type(stack, "AWS::IAM::ManagedPolicy").values():
        yield from policy["PolicyDocument"]["Statement"]
    for role in of_type(stack, "AWS::IAM::Role").values():
        for policy in role.get("Policies", []):
            yield from policy["PolicyDocument"]["Statement"]


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_is_allowed_in_general(service: str) -> None:
    ecr = {"RepositoryArn": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/portal"}
    optional = ecr if service == "fargate" else {}
    stack = stack_of(service, MailIdentityArn=IDENTITY, **optional)
    for statement in statements(stack):
        assert statement["Effect"] == "Allow"
        assert not [action for action in statement["Action"] if "*" in action], statement
        # AWS knows no resource for this one action.
        if statement["Action"] != ["ecr:GetAuthorizationToken"]:
            assert "*" not in statement["Resource"], statement
    assert not [
        name
        for role in of_type(stack, "AWS::IAM::Role").values()
        for name in role.get("ManagedPolicyArns", [])
        if name != "PortalPolicy" and "AWSBackupServiceRolePolicyForBackup" not in name
    ]
    for key in of_type(stack, "AWS::KMS::Key").values():
        (statement,) = key["KeyPolicy"]["Statement"]
        assert not [action for action in statement["Action"] if "*" in action]
        assert statement["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}


@pytest.mark.parametrize("service", SERVICES)
def test_the_portal_may_do_what_it_does_and_no_more(service: str) -> None:
    stack = stack_of(service)
    arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{TABLE}"
    expected = portal_policy(arn, f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k")
    expected["Statement"][1]["Resource"] = [KEY]
    assert stack.properties("PortalPolicy")["PolicyDocument"] == expected
    role = stack.properties("TaskRole" if service == "fargate" else "Role")
    assert role["ManagedPolicyArns"] == ["PortalPolicy"]
    own = {
        action
        for policy in role.get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
        for action in statement["Action"]
    }
    # ECS writes a container's log, by its own role.
    log = set() if service == "fargate" else {"logs:CreateLogStream", "logs:PutLogEvents"}
    assert own == log
    mailing = stack_of(service, MailIdentityArn=IDENTITY)
    (mail,) = [each for each in statements(mailing) if each["Action"] == ["ses:SendEmail"]]
    assert mail["Resource"] == [IDENTITY]


def test_what_fetches_the_image_cannot_reach_tenants() -> None:
    role = stack_of("fargate").properties("ExecutionRole")
    assert "ManagedPolicyArns" not in role
    (policy,) = role["Policies"]
    assert [each["Sid"] for each in policy["PolicyDocument"]["Statement"]] == [
        "WriteLog", "ReadSecretKey",
    ]  # fmt: skip


@pytest.mark.parametrize("service", SERVICES)
def test_what_cannot_be_made_again_stays(service: str) -> None:
    stack = stack_of(service, ScheduledBackups="yes")
    for name in ("TenantTable", "SealingKey", "SecretKey", "Log", "BackupVault"):
        resource = stack.resources[name]
        assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain", name


@pytest.mark.parametrize("service", SERVICES)
def test_data_is_encrypted_and_logs_end(service: str) -> None:
    stack = stack_of(service)
    assert stack.properties("TenantTable")["SSESpecification"]["SSEEnabled"] is True
    assert stack.properties("SealingKey")["EnableKeyRotation"] is True
    for group in of_type(stack, "AWS::Logs::LogGroup").values():
        assert int(group["RetentionInDays"]) == 90
    for listener in of_type(stack, "AWS::ElasticLoadBalancingV2::Listener").values():
        if listener["Protocol"] == "HTTP":
            assert [action["Type"] for action in listener["DefaultActions"]] == ["redirect"]
        else:
            assert listener["SslPolicy"].startswith("ELBSecurityPolicy-TLS13-1-2-")


@pytest.mark.parametrize("service", SERVICES)
def test_a_key_that_is_named_is_used_instead_of_a_new_one(service: str) -> None:
    arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/mine"
    stack = stack_of(service, KmsKeyArn=arn)
    assert not of_type(stack, "AWS::KMS::Key")
    assert stack.properties("PortalPolicy")["PolicyDocument"]["Statement"][1]["Resource"] == [arn]
    assert environ_of(stack)["PORTAL_KMS_KEY_ID"] == arn


@pytest.mark.parametrize("service", SERVICES)
def test_no_secret_is_in_the_template(service: str) -> None:
    stack = stack_of(service)
    assert environ_of(stack)["PORTAL_SECRET_KEY"] in (
        "SecretKey", "{{resolve:secretsmanager:SecretKey}}",
    )  # fmt: skip
    secrets = {setting.name for setting in SETTINGS if setting.is_secret}
    given = secrets & environ_of(stack).keys()
    # Where mail goes holds no password: SES takes the portal's role.
    assert given == {"PORTAL_SECRET_KEY", "PORTAL_MAIL_URL"}
    generated = stack.properties("SecretKey")["GenerateSecretString"]
    assert generated == {"PasswordLength": 64, "ExcludePunctuation": True}


@pytest.mark.parametrize("service", SERVICES)
def test_the_portal_accepts_the_settings(service: str) -> None:
    stack = stack_of(service, MailIdentityArn=IDENTITY, MailFrom="service@example.com")
    environ = environ_of(stack)
    assert environ.keys() <= {setting.name for setting in SETTINGS}
    # Lambda sets it by itself, and refuses to be told.
    assert ("AWS_REGION" in environ) == (service == "fargate")
    settings = Settings.from_environment({**environ, "PORTAL_SECRET_KEY": "k" * 64})
    assert (settings.store, settings.table_name) == ("dynamodb", TABLE)
    assert settings.kms_key_id == KEY
    assert settings.base_url == "https://portal.example.com"
    assert settings.proxy_hops == (0 if service == "lambda" else 1)
    assert (settings.mail_server.way, settings.mail_server.host) == ("ses", REGION)
    assert settings.mail_from == "service@example.com"
    assert settings.metrics == {"log"}


def test_a_function_has_the_address_that_is_given_or_that_of_its_api() -> None:
    own = stack_of("lambda")
    assert own.properties("HttpDomain")["DomainName"] == "portal.example.com"
    assert own.properties("HttpMapping")["Stage"] == "HttpStage"
    assert own.properties("HttpApi")["DisableExecuteApiEndpoint"] is True
    assert own.outputs["Address"]["Value"] == "HttpDomain"
    apis = stack_of("lambda", BaseUrl="", CertificateArn="")
    host = f"HttpApi.execute-api.{REGION}.amazonaws.com"
    assert environ_of(apis)["PORTAL_BASE_URL"] == f"https://{host}"
    assert apis.outputs["Address"]["Value"] == host
    assert apis.properties("HttpApi")["DisableExecuteApiEndpoint"] is False
    assert not {"HttpDomain", "HttpMapping"} & apis.resources.keys()


def test_an_address_of_its_own_needs_a_certificate() -> None:
    (rule,) = template_of("lambda")["Rules"].values()
    assert rule["RuleCondition"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "BaseUrl"}, ""]}]}
    (assertion,) = rule["Assertions"]
    assert assertion["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "CertificateArn"}, ""]}]}
    for service in ("fargate", "lambda-alb"):
        assert "Default" not in template_of(service)["Parameters"]["CertificateArn"]


def test_a_container_runs_as_its_image_says() -> None:
    image = stages((ROOT / "Dockerfile").read_text())[-1]
    stack = stack_of("fargate")
    (container,) = stack.properties("Task")["ContainerDefinitions"]
    assert container["User"] == image.value("USER")
    assert container["ReadonlyRootFilesystem"] is True
    assert container["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
    assert [mount["ContainerPath"] for mount in container["MountPoints"]] == [image.value("VOLUME")]
    assert [mapping["ContainerPort"] for mapping in container["PortMappings"]] == [
        int(image.value("EXPOSE"))
    ]


def test_a_container_leaves_the_load_balancer_before_it_stops() -> None:
    stack = stack_of("fargate")
    (container,) = stack.properties("Task")["ContainerDefinitions"]
    target = stack.properties("TargetGroup")
    (attribute,) = target["TargetGroupAttributes"]
    assert attribute["Key"] == "deregistration_delay.timeout_seconds"
    assert int(attribute["Value"]) > STOP_SECONDS
    assert 120 >= container["StopTimeout"] > STOP_SECONDS
    assert target["HealthCheckPath"] == "/health/ready"
    deployment = stack.properties("Service")["DeploymentConfiguration"]
    assert deployment["MinimumHealthyPercent"] == 100


def test_containers_have_a_public_address_only_if_it_is_asked_for() -> None:
    for answer, expected in (("no", "DISABLED"), ("yes", "ENABLED")):
        service = stack_of("fargate", PublicIp=answer).properties("Service")
        network = service["NetworkConfiguration"]["AwsvpcConfiguration"]
        assert network["AssignPublicIp"] == expected


def test_only_the_load_balancer_reaches_containers() -> None:
    stack = stack_of("fargate")
    group = stack.properties("ContainerGroup")
    (rule,) = group["SecurityGroupIngress"]
    assert rule["SourceSecurityGroupId"] == "LoadBalancerGroup"
    assert [each["ToPort"] for each in group["SecurityGroupEgress"]] == [443]


@pytest.mark.parametrize("service", ["lambda", "lambda-alb"])
def test_functions_exist_and_have_the_time_that_they_need(service: str) -> None:
    functions = of_type(stack_of(service), "AWS::Lambda::Function")
    handlers = {name: each["Handler"] for name, each in functions.items()}
    # Those that tests run under AWS's own runtime.
    assert handlers == {"Function": HANDLER, "MailFunction": MAIL_HANDLER}
    assert functions["Function"]["Timeout"] < 30
    assert functions["MailFunction"]["Timeout"] >= 120
    # Lambda lets a function write there alone.
    data = functions["Function"]["Environment"]["Variables"]["PORTAL_DATA_DIR"]
    assert Path(data).parts[:2] == ("/", "tmp")


def test_a_stage_has_no_name_that_addresses_would_begin_with() -> None:
    stack = stack_of("lambda")
    assert stack.properties("HttpStage")["StageName"] == "$default"
    assert stack.properties("HttpRoute")["RouteKey"] == "$default"
    assert stack.properties("HttpIntegration")["PayloadFormatVersion"] == "2.0"


def test_a_load_balancer_tells_a_function_every_cookie() -> None:
    target = stack_of("lambda-alb").properties("TargetGroup")
    assert target["TargetGroupAttributes"] == [
        {"Key": "lambda.multi_value_headers.enabled", "Value": "true"}
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_nobody_else_can_call_functions_or_take_roles(service: str) -> None:
    stack = stack_of(service)
    for permission in of_type(stack, "AWS::Lambda::Permission").values():
        assert "SourceArn" in permission or permission["SourceAccount"] == ACCOUNT
    for name, role in of_type(stack, "AWS::IAM::Role").items():
        (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert list(trust["Principal"]) == ["Service"], name


@pytest.mark.parametrize("service", SERVICES)
def test_what_goes_wrong_is_told_to_the_topic(service: str) -> None:
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"
    alarms = of_type(stack_of(service, AlarmTopicArn=topic), "AWS::CloudWatch::Alarm")
    assert all(alarm["AlarmActions"] == [topic] for alarm in alarms.values())
    metrics = {alarm.get("MetricName") for alarm in alarms.values()}
    assert (
        metrics
        > {
            "fargate": {"UnHealthyHostCount", "HTTPCode_Target_5XX_Count"},
            "lambda": {"Errors", "Throttles"},
            "lambda-alb": {"Errors", "Throttles", "HTTPCode_Target_5XX_Count"},
        }[service]
    )
