"""The template makes the same table as `table deploy`."""

from typing import Any

import pytest

from migrations_tools import table_definition
from migrations_tools.cloudformation.policies import portal_policy
from migrations_tools.cloudformation.template import cloudformation_template
from portal.stores.schema import INDEXES, MAX_PROJECTED, MAX_PROJECTED_IN_ALL
from tests.dynamodb_engine import REGION
from tests.migrations_tools.aws_tables import TABLE, ignore_report, new_deployment
from tests.migrations_tools.cloudformation.cloudformation_stack import ACCOUNT, Stack
from tests.migrations_tools.cloudformation.table_documents import print_document

ENVIRONMENTS = ["dev", "prod"]
KMS_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k"


def create_table(client: Any, properties: dict[str, Any]) -> None:
    """Creates the table of a template with the calls that CloudFormation would make."""
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


@pytest.mark.parametrize("make_table", ["yes", "no"])
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_table_may_come_from_the_template_or_from_deploy(
    aws: Any, environment: str, make_table: str
) -> None:
    stack = Stack(
        print_document("cloudformation", environment),
        MakeTable=make_table, KmsKeyArn=KMS_KEY, ScheduledBackups="yes",
    )  # fmt: skip
    assert ("TenantTable" in stack.resources) == (make_table == "yes")
    if make_table == "yes":
        create_table(aws, stack.properties("TenantTable"))
    else:
        new_deployment(aws, environment).run(ignore_report)
    plan = new_deployment(aws, environment).plan()
    assert (plan.steps, plan.problems, plan.notes) == ([], [], [])
    arn = aws.describe_table(TableName=TABLE)["Table"]["TableArn"]
    assert stack.properties("PortalPolicy")["PolicyDocument"] == portal_policy(arn, KMS_KEY)
    selection = stack.properties("BackupSelection")["BackupSelection"]
    assert selection["Resources"] == [arn]
    assert watched_tables(stack) == {TABLE}
    assert stack.outputs["TableName"]["Value"] == TABLE


def watched_tables(stack: Stack) -> set[str]:
    """The names of the tables that the alarms watch."""
    alarms = [
        resource["Properties"]
        for resource in stack.resources.values()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    ]
    metrics = [
        metric["MetricStat"]["Metric"]
        for alarm in alarms
        for metric in alarm.get("Metrics", [])
        if "MetricStat" in metric
    ]
    return {
        dimension["Value"]
        for source in [*alarms, *metrics]
        for dimension in source.get("Dimensions", [])
        if dimension["Name"] == "TableName"
    }


def test_the_template_makes_the_table_by_default() -> None:
    assert "TenantTable" in Stack(cloudformation_template(TABLE, "prod")).resources


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_template_has_all_properties_of_the_deployed_table(environment: str) -> None:
    properties = dict(
        cloudformation_template(TABLE, environment)["Resources"]["TenantTable"]["Properties"]
    )
    created = table_definition.create_parameters(TABLE, environment)
    encryption = properties.pop("SSESpecification")
    assert {"Enabled": encryption["SSEEnabled"], "SSEType": encryption["SSEType"]} == created.pop(
        "SSESpecification"
    )
    # Deploy sets these two with separate calls.
    del properties["PointInTimeRecoverySpecification"], properties["TimeToLiveSpecification"]
    assert properties.pop("TableName") == {"Ref": "TableName"}
    assert created.pop("TableName") == TABLE
    assert properties == created


def test_the_alarms_watch_what_the_manual_says() -> None:
    resources = cloudformation_template(TABLE, "prod")["Resources"]
    alarms = [
        resource for resource in resources.values() if resource["Type"] == "AWS::CloudWatch::Alarm"
    ]
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
    template = cloudformation_template(TABLE, "prod")
    assert template["Parameters"]["ScheduledBackups"]["Default"] == "no"
    backups = [
        resource for name, resource in template["Resources"].items() if name.startswith("Backup")
    ]
    assert len(backups) == 4
    assert {resource["Condition"] for resource in backups} == {"WithBackups"}


def test_no_index_projects_more_than_dynamodb_takes_and_only_gsi1_the_secret() -> None:
    projected = {index.name: index.projected for index in INDEXES if index.projected is not None}
    assert set(projected) == {"GSI2", "GSI3", "GSI4"}
    assert all(0 < len(names) <= MAX_PROJECTED for names in projected.values())
    assert sum(len(names) for names in projected.values()) <= MAX_PROJECTED_IN_ALL
    assert not [name for name, names in projected.items() if "clientSecret" in names]
