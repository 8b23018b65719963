"""What is deployed and what the template makes are one thing."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from migrations_tools import table_definition
from migrations_tools.cloudformation.policies import portal_policy
from migrations_tools.cloudformation.template import cloudformation_template
from portal.stores.schema import INDEXES, MAX_PROJECTED, MAX_PROJECTED_IN_ALL
from tests.dynamodb_engine import REGION
from tests.migrations_tools.cloudformation.stacks import ACCOUNT, Stack
from tests.migrations_tools.imports.printing import printed
from tests.migrations_tools.tables import TABLE, deployment, skip_words

ENVIRONMENTS = ["dev", "prod"]
KMS_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k"


def make(client: Any, properties: dict[str, Any]) -> None:
    """The table of a template, by the calls that CloudFormation makes of it."""
    properties = dict(properties)
    encryption = properties.pop("SSESpecification")
    recovery = properties.pop("PointInTimeRecoverySpecification")
    ttl = properties.pop("TimeToLiveSpecification")
    client.create_table(
        **properties,
        SSESpecification={"Enabled": encryption["SSEEnabled"], "SSEType": encryption["SSEType"]},
    )
    client.update_continuous_backups(TableName=TABLE, PointInTimeRecoverySpecification=recovery)
    client.update_time_to_live(TableName=TABLE, TimeToLiveSpecification=ttl)


@pytest.mark.parametrize("makes", ["yes", "no"])
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_who_makes_the_table_does_not_matter_to_deploy_and_to_what_lies_beside_it(
    aws: Any, environment: str, makes: str
) -> None:
    stack = Stack(
        printed("cloudformation", environment),
        MakeTable=makes, KmsKeyArn=KMS_KEY, ScheduledBackups="yes",
    )  # fmt: skip
    assert ("TenantTable" in stack.resources) == (makes == "yes")
    if makes == "yes":
        make(aws, stack.properties("TenantTable"))
    else:
        deployment(aws, environment).run(skip_words)
    plan = deployment(aws, environment).plan()
    assert (plan.steps, plan.problems, plan.notes) == ([], [], [])
    arn = aws.describe_table(TableName=TABLE)["Table"]["TableArn"]
    assert stack.properties("PortalPolicy")["PolicyDocument"] == portal_policy(arn, KMS_KEY)
    selection = stack.properties("BackupSelection")["BackupSelection"]
    assert selection["Resources"] == [arn]
    assert watched_tables(stack) == {TABLE}
    assert stack.outputs["TableName"]["Value"] == TABLE


def watched_tables(stack: Stack) -> set[str]:
    """The names of the tables that the alarms look at."""
    alarms = [
        each["Properties"]
        for each in stack.resources.values()
        if each["Type"] == "AWS::CloudWatch::Alarm"
    ]
    metrics = [
        metric["MetricStat"]["Metric"]
        for alarm in alarms
        for metric in alarm.get("Metrics", [])
        if "MetricStat" in metric
    ]
    return {
        dimension["Value"]
        for each in [*alarms, *metrics]
        for dimension in each.get("Dimensions", [])
        if dimension["Name"] == "TableName"
    }


def test_the_table_is_made_unless_it_is_said_to_be_there() -> None:
    assert "TenantTable" in Stack(cloudformation_template(TABLE, "prod")).resources


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_template_leaves_nothing_of_the_deployed_table_out(environment: str) -> None:
    properties = dict(
        cloudformation_template(TABLE, environment)["Resources"]["TenantTable"]["Properties"]
    )
    created = table_definition.create_parameters(TABLE, environment)
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
    broken = cloudformation_template(TABLE, "prod")
    broken["Resources"]["TenantTable"]["Properties"]["KeySchema"][0]["KeyType"] = "HASHED"
    path = tmp_path / "template.json"
    path.write_text(json.dumps(broken))
    status, said = cfn_lint(path)
    assert status != 0
    assert "HASHED" in said


def test_the_alarms_watch_what_the_manual_says() -> None:
    resources = cloudformation_template(TABLE, "prod")["Resources"]
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
    whole = cloudformation_template(TABLE, "prod")
    assert whole["Parameters"]["ScheduledBackups"]["Default"] == "no"
    backups = {name: each for name, each in whole["Resources"].items() if name.startswith("Backup")}
    assert len(backups) == 4
    assert {each["Condition"] for each in backups.values()} == {"WithBackups"}


def test_no_index_carries_more_than_dynamodb_takes_and_none_but_gsi1_the_secret() -> None:
    carried = {index.name: index.projected for index in INDEXES if index.projected is not None}
    assert set(carried) == {"GSI2", "GSI3", "GSI4"}
    assert all(0 < len(names) <= MAX_PROJECTED for names in carried.values())
    assert sum(len(names) for names in carried.values()) <= MAX_PROJECTED_IN_ALL
    assert not [name for name, names in carried.items() if "clientSecret" in names]
