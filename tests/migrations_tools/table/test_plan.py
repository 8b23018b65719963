"""The table is brought up to its definition, whatever it was before, and nothing is dropped."""

from typing import Any

import pytest

from migrations_tools import table_definition
from portal.stores.schema import GSI1, GSI2, KEY
from tests.migrations_tools.tables import (
    TABLE,
    Recording,
    as_it_is,
    deployment,
    never,
    old_table,
    skip_words,
    wanted,
)

# ---- A new table


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_a_new_table_is_all_that_the_definition_says(aws: Any, environment: str) -> None:
    left = deployment(aws, environment).run(skip_words)
    assert (left.steps, left.problems, left.notes) == ([], [], [])
    assert as_it_is(aws) == wanted(environment)


def test_deploying_again_changes_nothing(aws: Any) -> None:
    deployment(aws).run(skip_words)
    recording = Recording(aws, never)
    deployment(recording).run(skip_words)
    assert recording.changes == []


def test_plan_says_all_steps_and_makes_none(aws: Any) -> None:
    recording = Recording(aws, never)
    steps = deployment(recording).plan().steps
    assert [step.operation for step in steps] == [
        "create_table", "update_continuous_backups", "update_time_to_live",
    ]  # fmt: skip
    assert recording.changes == []
    assert aws.list_tables()["TableNames"] == []


# ---- A table that is there


def test_the_old_table_gets_what_it_lacks_one_index_after_another(aws: Any) -> None:
    old_table(aws)
    aws.put_item(TableName=TABLE, Item={KEY: {"S": "86810_104348"}})
    recording = Recording(aws, never)
    deployment(recording).run(skip_words)
    made = [
        update["Create"]["IndexName"]
        for operation, parameters in recording.calls
        if operation == "update_table"
        for update in parameters.get("GlobalSecondaryIndexUpdates", [])
    ]
    assert made == ["GSI2", "GSI3", "GSI4"]
    assert all(
        len(parameters.get("GlobalSecondaryIndexUpdates", [])) <= 1
        for _, parameters in recording.calls
    )
    assert as_it_is(aws) == wanted("prod", CostCentre="42")
    assert aws.get_item(TableName=TABLE, Key={KEY: {"S": "86810_104348"}})["Item"]


LACKING = {
    "capacity": {
        "BillingMode": "PROVISIONED",
        "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
    },
    "encryption": {"SSESpecification": {"Enabled": False}},
    "protection": {"DeletionProtectionEnabled": False},
    "tags": {"Tags": []},
    "another environment's tag": {"Tags": [{"Key": "Environment", "Value": "dev"}]},
}


@pytest.mark.parametrize("lacking", LACKING)
def test_each_property_that_is_wrong_is_one_step(aws: Any, lacking: str) -> None:
    whole = table_definition.create_parameters(TABLE, "prod") | LACKING[lacking]
    if lacking == "capacity":
        for index in whole["GlobalSecondaryIndexes"]:
            index["ProvisionedThroughput"] = whole["ProvisionedThroughput"]
    aws.create_table(**whole)
    recording = Recording(aws, never)
    deployment(recording).run(skip_words)
    # Two that no table is made with, and the one that was wrong.
    assert len(recording.changes) == 3
    assert as_it_is(aws) == wanted("prod")


def test_what_others_have_added_stays(aws: Any) -> None:
    others = {
        "IndexName": "ByCluster",
        "KeySchema": [{"AttributeName": "cluster", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    }
    others["KeySchema"].append({"AttributeName": "size", "KeyType": "RANGE"})
    names = [KEY, GSI1.partition, GSI1.sort, "cluster"]
    size = {"AttributeName": "size", "AttributeType": "N"}
    old_table(
        aws,
        AttributeDefinitions=[*table_definition.attribute_definitions(names), size],
        GlobalSecondaryIndexes=[table_definition.index_parameters(GSI1), others],
    )
    deployment(aws).run(skip_words)
    assert size in aws.describe_table(TableName=TABLE)["Table"]["AttributeDefinitions"]
    found = as_it_is(aws)
    assert found["indexes"].pop("ByCluster") == (others["KeySchema"], others["Projection"])
    assert found == wanted("prod", CostCentre="42")


def test_a_protected_table_stays_protected_in_dev(aws: Any) -> None:
    old_table(aws, DeletionProtectionEnabled=True)
    deployment(aws, "dev").run(skip_words)
    assert as_it_is(aws) == wanted("dev", CostCentre="42") | {"protected": True}


def test_reserved_capacity_stays_when_it_is_asked_for(aws: Any) -> None:
    throughput = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 7}
    old_table(
        aws,
        BillingMode="PROVISIONED",
        ProvisionedThroughput=throughput,
        GlobalSecondaryIndexes=[
            table_definition.index_parameters(GSI1) | {"ProvisionedThroughput": throughput}
        ],
    )
    recording = Recording(aws, never)
    deployment(recording, keep_capacity_mode=True).run(skip_words)
    asked = [parameters for operation, parameters in recording.calls if operation == "update_table"]
    assert not [parameters for parameters in asked if "BillingMode" in parameters]
    added = [
        update["Create"]
        for parameters in asked
        for update in parameters.get("GlobalSecondaryIndexUpdates", [])
    ]
    assert [index["ProvisionedThroughput"] for index in added] == [throughput] * 3


def index_like(index: Any, **other: Any) -> dict[str, Any]:
    return table_definition.index_parameters(index) | other


PROBLEMS = {
    "GSI2 has other keys": index_like(
        GSI2, KeySchema=[{"AttributeName": GSI2.partition, "KeyType": "HASH"}]
    ),
    "GSI2 does not carry status, version": index_like(
        GSI2,
        Projection={
            "ProjectionType": "INCLUDE",
            "NonKeyAttributes": sorted(set(GSI2.projected or ()) - {"status", "version"}),
        },
    ),
    "GSI2 does not carry": index_like(GSI2, Projection={"ProjectionType": "KEYS_ONLY"}),
}


@pytest.mark.parametrize("sentence", PROBLEMS)
def test_an_index_that_would_have_to_go_first_is_said_and_left(aws: Any, sentence: str) -> None:
    index = PROBLEMS[sentence]
    names = [KEY, GSI1.partition, GSI1.sort, GSI2.partition]
    names += [GSI2.sort] if len(index["KeySchema"]) > 1 else []
    old_table(
        aws,
        AttributeDefinitions=table_definition.attribute_definitions(names),
        GlobalSecondaryIndexes=[table_definition.index_parameters(GSI1), index],
    )
    left = deployment(aws).run(skip_words)
    (problem,) = left.problems
    assert sentence in problem
    assert "remove it by hand" in problem
    # All the rest is done.
    found = as_it_is(aws)
    assert found["indexes"].pop("GSI2") == (index["KeySchema"], index["Projection"])
    whole = wanted("prod", CostCentre="42")
    del whole["indexes"]["GSI2"]
    assert found == whole


def test_an_index_that_carries_more_is_noted_and_left(aws: Any) -> None:
    names = [KEY, GSI1.partition, GSI1.sort, GSI2.partition, GSI2.sort]
    index = index_like(GSI2, Projection={"ProjectionType": "ALL"})
    old_table(
        aws,
        AttributeDefinitions=table_definition.attribute_definitions(names),
        GlobalSecondaryIndexes=[table_definition.index_parameters(GSI1), index],
    )
    left = deployment(aws).run(skip_words)
    assert left.problems == []
    assert (
        "GSI2 carries more than the portal needs: all attributes, clientSecret too" in left.notes[0]
    )


def test_a_table_with_another_key_is_left_alone(aws: Any) -> None:
    names = ["id"]
    aws.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=table_definition.attribute_definitions(names),
        BillingMode="PAY_PER_REQUEST",
    )
    recording = Recording(aws, never)
    (problem,) = deployment(recording).run(skip_words).problems
    assert "choose another name with TENANT_TABLE_NAME" in problem
    assert recording.changes == []


def test_a_ttl_on_another_attribute_is_said_and_left(aws: Any) -> None:
    old_table(aws)
    aws.update_time_to_live(
        TableName=TABLE, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
    )
    (problem,) = deployment(aws).run(skip_words).problems
    assert "by the attribute expires, not by ttl" in problem
    assert as_it_is(aws)["ttl"]["AttributeName"] == "expires"
