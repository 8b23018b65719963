"""The table is brought up to its definition, whatever it was before, and nothing is removed."""

from typing import Any

import pytest

from migrations_tools import table_definition
from portal.stores import GSI1, GSI2, KEY
from tests.migrations_tools.aws_tables import (
    TABLE,
    RecordingClient,
    create_old_table,
    expected_state,
    ignore_report,
    never_fail,
    new_deployment,
    table_state,
)

# ---- A new table


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_a_new_table_is_as_the_definition_says(aws: Any, environment: str) -> None:
    plan = new_deployment(aws, environment).run(ignore_report)
    assert (plan.steps, plan.problems, plan.notes) == ([], [], [])
    assert table_state(aws) == expected_state(environment)


def test_deploying_again_changes_nothing(aws: Any) -> None:
    new_deployment(aws).run(ignore_report)
    recording = RecordingClient(aws, never_fail)
    new_deployment(recording).run(ignore_report)
    assert recording.changes == []


def test_plan_names_all_steps_and_makes_none(aws: Any) -> None:
    recording = RecordingClient(aws, never_fail)
    steps = new_deployment(recording).plan().steps
    assert [step.operation for step in steps] == [
        "create_table", "update_continuous_backups", "update_time_to_live",
    ]  # fmt: skip
    assert recording.changes == []
    assert aws.list_tables()["TableNames"] == []


# ---- An existing table


def test_an_old_table_gets_the_missing_indexes_one_after_another(aws: Any) -> None:
    create_old_table(aws)
    aws.put_item(TableName=TABLE, Item={KEY: {"S": "86810_104348"}})
    recording = RecordingClient(aws, never_fail)
    new_deployment(recording).run(ignore_report)
    created = [
        update["Create"]["IndexName"]
        for operation, parameters in recording.calls
        if operation == "update_table"
        for update in parameters.get("GlobalSecondaryIndexUpdates", [])
    ]
    assert created == ["GSI2", "GSI3", "GSI4"]
    assert all(
        len(parameters.get("GlobalSecondaryIndexUpdates", [])) <= 1
        for _, parameters in recording.calls
    )
    assert table_state(aws) == expected_state("prod", CostCentre="42")
    assert aws.get_item(TableName=TABLE, Key={KEY: {"S": "86810_104348"}})["Item"]


WRONG_PROPERTIES: dict[str, dict[str, Any]] = {
    "capacity": {
        "BillingMode": "PROVISIONED",
        "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
    },
    "encryption": {"SSESpecification": {"Enabled": False}},
    "protection": {"DeletionProtectionEnabled": False},
    "tags": {"Tags": []},
    "another environment's tag": {"Tags": [{"Key": "Environment", "Value": "dev"}]},
}


@pytest.mark.parametrize("wrong", WRONG_PROPERTIES)
def test_each_wrong_property_is_one_step(aws: Any, wrong: str) -> None:
    parameters = table_definition.create_parameters(TABLE, "prod") | WRONG_PROPERTIES[wrong]
    if wrong == "capacity":
        for index in parameters["GlobalSecondaryIndexes"]:
            index["ProvisionedThroughput"] = parameters["ProvisionedThroughput"]
    aws.create_table(**parameters)
    recording = RecordingClient(aws, never_fail)
    new_deployment(recording).run(ignore_report)
    # Recovery and TTL, which CreateTable does not take, and the property that was wrong.
    assert len(recording.changes) == 3
    assert table_state(aws) == expected_state("prod")


def test_an_index_of_another_program_stays(aws: Any) -> None:
    other_index = {
        "IndexName": "ByCluster",
        "KeySchema": [
            {"AttributeName": "cluster", "KeyType": "HASH"},
            {"AttributeName": "size", "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "ALL"},
    }
    names = [KEY, GSI1.partition, GSI1.sort, "cluster"]
    size = {"AttributeName": "size", "AttributeType": "N"}
    create_old_table(
        aws,
        AttributeDefinitions=[*table_definition.attribute_definitions(names), size],
        GlobalSecondaryIndexes=[table_definition.index_parameters(GSI1), other_index],
    )
    new_deployment(aws).run(ignore_report)
    assert size in aws.describe_table(TableName=TABLE)["Table"]["AttributeDefinitions"]
    state = table_state(aws)
    assert state["indexes"].pop("ByCluster") == (
        other_index["KeySchema"],
        other_index["Projection"],
    )
    assert state == expected_state("prod", CostCentre="42")


def test_a_protected_table_stays_protected_in_dev(aws: Any) -> None:
    create_old_table(aws, DeletionProtectionEnabled=True)
    new_deployment(aws, "dev").run(ignore_report)
    assert table_state(aws) == expected_state("dev", CostCentre="42") | {"protected": True}


def test_provisioned_capacity_stays_with_its_option(aws: Any) -> None:
    throughput = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 7}
    create_old_table(
        aws,
        BillingMode="PROVISIONED",
        ProvisionedThroughput=throughput,
        GlobalSecondaryIndexes=[
            table_definition.index_parameters(GSI1) | {"ProvisionedThroughput": throughput}
        ],
    )
    recording = RecordingClient(aws, never_fail)
    new_deployment(recording, keep_capacity_mode=True).run(ignore_report)
    updates = [
        parameters for operation, parameters in recording.calls if operation == "update_table"
    ]
    assert not [parameters for parameters in updates if "BillingMode" in parameters]
    added = [
        update["Create"]
        for parameters in updates
        for update in parameters.get("GlobalSecondaryIndexUpdates", [])
    ]
    assert [index["ProvisionedThroughput"] for index in added] == [throughput] * 3


def index_like(index: Any, **other: Any) -> dict[str, Any]:
    return table_definition.index_parameters(index) | other


PROBLEMS = {
    "GSI2 has other keys": index_like(
        GSI2, KeySchema=[{"AttributeName": GSI2.partition, "KeyType": "HASH"}]
    ),
    "GSI2 does not project status, version": index_like(
        GSI2,
        Projection={
            "ProjectionType": "INCLUDE",
            "NonKeyAttributes": sorted(set(GSI2.projected or ()) - {"status", "version"}),
        },
    ),
    "GSI2 does not project": index_like(GSI2, Projection={"ProjectionType": "KEYS_ONLY"}),
}


@pytest.mark.parametrize("sentence", PROBLEMS)
def test_an_index_that_would_have_to_be_removed_is_reported_and_left(
    aws: Any, sentence: str
) -> None:
    index = PROBLEMS[sentence]
    names = [KEY, GSI1.partition, GSI1.sort, GSI2.partition]
    names += [GSI2.sort] if len(index["KeySchema"]) > 1 else []
    create_old_table(
        aws,
        AttributeDefinitions=table_definition.attribute_definitions(names),
        GlobalSecondaryIndexes=[table_definition.index_parameters(GSI1), index],
    )
    plan = new_deployment(aws).run(ignore_report)
    (problem,) = plan.problems
    assert sentence in problem
    assert "remove it by hand" in problem
    # Everything else is done.
    state = table_state(aws)
    assert state["indexes"].pop("GSI2") == (index["KeySchema"], index["Projection"])
    expected = expected_state("prod", CostCentre="42")
    del expected["indexes"]["GSI2"]
    assert state == expected


def test_an_index_that_projects_more_is_noted_and_left(aws: Any) -> None:
    names = [KEY, GSI1.partition, GSI1.sort, GSI2.partition, GSI2.sort]
    index = index_like(GSI2, Projection={"ProjectionType": "ALL"})
    create_old_table(
        aws,
        AttributeDefinitions=table_definition.attribute_definitions(names),
        GlobalSecondaryIndexes=[table_definition.index_parameters(GSI1), index],
    )
    plan = new_deployment(aws).run(ignore_report)
    assert plan.problems == []
    assert (
        "GSI2 projects more than the portal needs: all attributes, also clientSecret"
        in plan.notes[0]
    )


def test_a_table_with_another_key_is_left_alone(aws: Any) -> None:
    names = ["id"]
    aws.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=table_definition.attribute_definitions(names),
        BillingMode="PAY_PER_REQUEST",
    )
    recording = RecordingClient(aws, never_fail)
    (problem,) = new_deployment(recording).run(ignore_report).problems
    assert "choose another name with TENANT_TABLE_NAME" in problem
    assert recording.changes == []


def test_a_ttl_on_another_attribute_is_reported_and_left(aws: Any) -> None:
    create_old_table(aws)
    aws.update_time_to_live(
        TableName=TABLE, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
    )
    (problem,) = new_deployment(aws).run(ignore_report).problems
    assert "by the attribute expires, not by ttl" in problem
    assert table_state(aws)["ttl"]["AttributeName"] == "expires"
