"""What is deployed, what the template makes and what the policies allow are one thing."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from migrations_tools import definition, documents
from migrations_tools.cli import main
from migrations_tools.deploying import Deployment
from portal.settings import SETTINGS
from portal.stores.connection import METHODS
from portal.stores.table import INDEXES, MOST_CARRIED, MOST_CARRIED_IN_ALL

TABLE = "fsm-appointment-tenants"
ENVIRONMENTS = ["dev", "prod"]
#: As the manual of the table lists them.
ALLOWED = {
    "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem",
    "dynamodb:Query", "dynamodb:Scan",
}  # fmt: skip


def printed(*arguments: str, **environ: str) -> dict[str, Any]:
    nothing = {setting.name: "" for setting in SETTINGS}
    result = CliRunner().invoke(main, ["table", *arguments], env={**nothing, **environ})
    assert result.exit_code == 0, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def make(client: Any, properties: dict[str, Any]) -> None:
    """The table of a template, by the calls that CloudFormation makes of it."""
    properties = dict(properties)
    encryption = properties.pop("SSESpecification")
    recovery = properties.pop("PointInTimeRecoverySpecification")
    ttl = properties.pop("TimeToLiveSpecification")
    client.create_table(
        **properties | {"TableName": TABLE},
        SSESpecification={"Enabled": encryption["SSEEnabled"], "SSEType": encryption["SSEType"]},
    )
    client.update_continuous_backups(TableName=TABLE, PointInTimeRecoverySpecification=recovery)
    client.update_time_to_live(TableName=TABLE, TimeToLiveSpecification=ttl)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_table_of_the_template_needs_no_step_of_deploy(aws: Any, environment: str) -> None:
    template = printed("cloudformation", environment)
    make(aws, template["Resources"]["TenantTable"]["Properties"])
    plan = Deployment(aws, table=TABLE, environment=environment).plan()
    assert (plan.steps, plan.problems, plan.notes) == ([], [], [])


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_template_leaves_nothing_of_the_deployed_table_out(environment: str) -> None:
    properties = dict(
        documents.template(TABLE, environment)["Resources"]["TenantTable"]["Properties"]
    )
    created = definition.create_parameters(TABLE, environment)
    encryption = properties.pop("SSESpecification")
    assert {"Enabled": encryption["SSEEnabled"], "SSEType": encryption["SSEType"]} == created.pop(
        "SSESpecification"
    )
    # The two that deploy switches on by calls of their own.
    del properties["PointInTimeRecoverySpecification"], properties["TimeToLiveSpecification"]
    assert properties.pop("TableName") == {"Ref": "TableName"}
    assert created.pop("TableName") == TABLE
    assert properties == created


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_cfn_lint_has_nothing_to_say_of_the_template(tmp_path: Path, environment: str) -> None:
    path = tmp_path / "template.json"
    path.write_text(json.dumps(printed("cloudformation", environment)))
    assert cfn_lint(path) == (0, "")


def cfn_lint(path: Path) -> tuple[int, str]:
    """Its exit status, and what it says: errors, warnings and hints."""
    program = Path(sys.executable).with_name("cfn-lint")
    done = subprocess.run(
        [program, "--include-checks", "I", "--", path],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_cfn_lint_would_notice(tmp_path: Path) -> None:
    template = documents.template(TABLE, "prod")
    template["Resources"]["TenantTable"]["Properties"]["KeySchema"][0]["KeyType"] = "HASHED"
    path = tmp_path / "template.json"
    path.write_text(json.dumps(template))
    status, said = cfn_lint(path)
    assert status != 0
    assert "HASHED" in said


def test_the_policy_and_the_template_allow_exactly_what_the_manual_lists() -> None:
    policy = printed("iam-policy", "--kms-key", "arn:aws:kms:eu-central-1:1:key/k")["Statement"]
    managed = documents.template(TABLE, "prod")["Resources"]["PortalPolicy"]["Properties"]
    condition, sealing, otherwise = managed["PolicyDocument"]["Statement"][1]["Fn::If"]
    assert (condition, otherwise) == ("WithKms", {"Ref": "AWS::NoValue"})
    for table, key in (policy, (managed["PolicyDocument"]["Statement"][0], sealing)):
        assert set(table["Action"]) == ALLOWED
        assert key["Action"] == ["kms:Encrypt"]
        assert key["Condition"] == {
            "StringEquals": {"kms:EncryptionContext:purpose": "clientSecret"}
        }


def test_the_store_uses_nothing_that_the_policy_does_not_allow() -> None:
    used = {f"dynamodb:{name}" for name in METHODS} - {"dynamodb:TransactWriteItems"}
    assert used <= set(definition.PORTAL_ACTIONS) == ALLOWED


def test_the_policy_names_the_table_and_its_indexes() -> None:
    (statement,) = printed("iam-policy", AWS_REGION="eu-central-1", TENANT_TABLE_NAME="tenants")[
        "Statement"
    ]
    arn = "arn:aws:dynamodb:eu-central-1:*:table/tenants"
    assert statement["Resource"] == [arn, f"{arn}/index/*"]
    (statement,) = printed("iam-policy", "--region", "cn-north-1", "--account", "123456789012")[
        "Statement"
    ]
    assert statement["Resource"][0] == f"arn:aws-cn:dynamodb:cn-north-1:123456789012:table/{TABLE}"
    (statement,) = printed("iam-policy", "--region", "us-gov-west-1")["Statement"]
    assert statement["Resource"][0] == f"arn:aws-us-gov:dynamodb:us-gov-west-1:*:table/{TABLE}"


@pytest.mark.parametrize(
    ("key", "resource", "aliases"),
    [
        ("arn:aws:kms:eu-central-1:1:key/k", "arn:aws:kms:eu-central-1:1:key/k", None),
        ("0a1b-2c3d", "arn:aws:kms:eu-central-1:1:key/0a1b-2c3d", None),
        ("alias/portal", "arn:aws:kms:eu-central-1:1:key/*", "alias/portal"),
        (
            "arn:aws:kms:eu-west-1:2:alias/portal",
            "arn:aws:kms:eu-west-1:2:key/*",
            "alias/portal",
        ),
    ],
)
def test_the_policy_names_the_key_that_seals(key: str, resource: str, aliases: str | None) -> None:
    options = ("iam-policy", "--region", "eu-central-1", "--account", "1")
    _, statement = printed(*options, PORTAL_KMS_KEY_ID=key)["Statement"]
    assert statement["Resource"] == [resource]
    found = statement["Condition"].get("ForAnyValue:StringEquals", {}).get("kms:ResourceAliases")
    assert found == aliases


def test_who_deploys_is_allowed_to_deploy_and_not_to_delete() -> None:
    (statement,) = printed("iam-policy", "--for", "deploy")["Statement"]
    assert set(statement["Action"]) == set(definition.DEPLOY_ACTIONS)
    assert not [action for action in statement["Action"] if "Delete" in action]


def test_the_alarms_watch_what_the_manual_says() -> None:
    resources = documents.template(TABLE, "prod")["Resources"]
    alarms = [each for each in resources.values() if each["Type"] == "AWS::CloudWatch::Alarm"]
    watched = set()
    for alarm in alarms:
        properties = alarm["Properties"]
        watched.add(properties.get("MetricName"))
        for metric in properties.get("Metrics", []):
            if "MetricStat" in metric:
                watched.add(metric["MetricStat"]["Metric"]["MetricName"])
    assert watched - {None} == {
        "ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits", "ThrottledRequests",
        "UserErrors", "SystemErrors",
    }  # fmt: skip


def test_backups_are_made_only_when_they_are_asked_for() -> None:
    template = documents.template(TABLE, "prod")
    assert template["Parameters"]["ScheduledBackups"]["Default"] == "no"
    backups = {
        name: each for name, each in template["Resources"].items() if name.startswith("Backup")
    }
    assert len(backups) == 4
    assert {each["Condition"] for each in backups.values()} == {"WithBackups"}


def test_no_index_carries_more_than_dynamodb_takes_and_none_but_gsi1_the_secret() -> None:
    carried = {index.name: index.carries for index in INDEXES if index.carries is not None}
    assert set(carried) == {"GSI2", "GSI3", "GSI4"}
    assert all(0 < len(names) <= MOST_CARRIED for names in carried.values())
    assert sum(len(names) for names in carried.values()) <= MOST_CARRIED_IN_ALL
    assert not [name for name, names in carried.items() if "clientSecret" in names]
