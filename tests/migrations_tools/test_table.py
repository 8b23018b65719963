"""The table is brought up to its definition, whatever it was before, and nothing is dropped."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from click import ClickException
from click.testing import CliRunner, Result
from moto import mock_aws

from migrations_tools import definition
from migrations_tools.cli import main
from migrations_tools.deploying import TRIES, CannotDeployError, Deployment
from migrations_tools.table_commands import aws_explained
from portal.settings import SETTINGS
from portal.stores.table import GSI1, GSI2, INDEXES, KEY
from tests.engine import CREDENTIALS, REGION, Engine

TABLE = "fsm-appointment-tenants"
VARIABLES = f"""\
export NODE_ENV=production
export USE_DYNAMODB=true
export AWS_REGION={REGION}
export TENANT_TABLE_NAME={TABLE}
"""


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of an AWS account with nothing in it; the commands reach the same one."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield Account(boto3.client("dynamodb", region_name=REGION))


class Account:
    """moto's client, and what moto forgets: that a table was encrypted later."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.encrypted = False

    def __getattr__(self, operation: str) -> Any:
        return getattr(self.client, operation)

    def update_table(self, **parameters: Any) -> Any:
        self.encrypted = self.encrypted or "SSESpecification" in parameters
        return self.client.update_table(**parameters)

    def delete_table(self, **parameters: Any) -> Any:
        self.encrypted = False
        return self.client.delete_table(**parameters)

    def describe_table(self, **parameters: Any) -> Any:
        answer = self.client.describe_table(**parameters)
        if self.encrypted:
            answer["Table"].setdefault("SSEDescription", {})["Status"] = "ENABLED"
        return answer


def run(*arguments: str, **environ: str) -> Result:
    nothing = {setting.name: "" for setting in SETTINGS}
    return CliRunner().invoke(main, arguments, env={**nothing, **environ})


class Recording:
    """A client that notes its calls, and fails where a test wants it to."""

    def __init__(self, client: Any, fail: Callable[[int, str], Exception | None]) -> None:
        self.client = client
        self.exceptions = client.exceptions
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._fail = fail

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**parameters: Any) -> Any:
            error = self._fail(len(self.calls), operation)
            self.calls.append((operation, parameters))
            if error:
                raise error
            return getattr(self.client, operation)(**parameters)

        return call

    @property
    def changes(self) -> list[str]:
        reads = ("describe_", "list_")
        return [operation for operation, _ in self.calls if not operation.startswith(reads)]


def never(_number: int, _operation: str) -> None:
    return None


def refusal(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


def deployment(client: Any, environment: str = "prod", **how: Any) -> Deployment:
    return Deployment(
        client, table=TABLE, environment=environment, pause=how.pop("pause", skip), **how
    )


def skip(_seconds: float) -> None:
    """Time passes at once."""


def old_table(client: Any, **other: Any) -> None:
    """As the script of the old application made it: GSI1, and nothing that came later."""
    names = [KEY, GSI1.partition, GSI1.sort]
    parameters = {
        "TableName": TABLE,
        "KeySchema": definition.key_schema(),
        "AttributeDefinitions": definition.attribute_definitions(names),
        "GlobalSecondaryIndexes": [definition.index_parameters(GSI1)],
        "BillingMode": "PAY_PER_REQUEST",
        "Tags": [{"Key": "CostCentre", "Value": "42"}],
        **other,
    }
    client.create_table(**parameters)


def as_it_is(client: Any) -> dict[str, Any]:
    """Everything about the table that the definition speaks of."""
    table = client.describe_table(TableName=TABLE)["Table"]
    recovery = client.describe_continuous_backups(TableName=TABLE)["ContinuousBackupsDescription"]
    tags = client.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]
    return {
        "keys": table["KeySchema"],
        "indexes": {
            index["IndexName"]: (index["KeySchema"], index["Projection"])
            for index in table.get("GlobalSecondaryIndexes", [])
        },
        "billing": table["BillingModeSummary"]["BillingMode"],
        "encryption": table.get("SSEDescription", {}).get("Status"),
        "protected": table.get("DeletionProtectionEnabled", False),
        "recovery": recovery["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"],
        "ttl": client.describe_time_to_live(TableName=TABLE)["TimeToLiveDescription"],
        "tags": {tag["Key"]: tag["Value"] for tag in tags},
    }


def wanted(environment: str, **more_tags: str) -> dict[str, Any]:
    return {
        "keys": definition.key_schema(),
        "indexes": {
            index.name: (definition.index_key_schema(index), definition.projection(index))
            for index in INDEXES
        },
        "billing": "PAY_PER_REQUEST",
        "encryption": "ENABLED",
        "protected": environment == "prod",
        "recovery": "ENABLED",
        "ttl": {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"},
        "tags": {
            "Environment": environment,
            "Application": "FSMAppointmentManager",
            "Purpose": "TenantData",
            **more_tags,
        },
    }


# ---- A new table


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_a_new_table_is_all_that_the_definition_says(aws: Any, environment: str) -> None:
    left = deployment(aws, environment).run(skip_words)
    assert (left.steps, left.problems, left.notes) == ([], [], [])
    assert as_it_is(aws) == wanted(environment)


def skip_words(_sentence: str) -> None:
    """Nobody reads along."""


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
    whole = definition.create_parameters(TABLE, "prod") | LACKING[lacking]
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
        AttributeDefinitions=[*definition.attribute_definitions(names), size],
        GlobalSecondaryIndexes=[definition.index_parameters(GSI1), others],
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
            definition.index_parameters(GSI1) | {"ProvisionedThroughput": throughput}
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
    return definition.index_parameters(index) | other


PROBLEMS = {
    "GSI2 has other keys": index_like(
        GSI2, KeySchema=[{"AttributeName": GSI2.partition, "KeyType": "HASH"}]
    ),
    "GSI2 does not carry status, version": index_like(
        GSI2,
        Projection={
            "ProjectionType": "INCLUDE",
            "NonKeyAttributes": sorted(set(GSI2.carries or ()) - {"status", "version"}),
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
        AttributeDefinitions=definition.attribute_definitions(names),
        GlobalSecondaryIndexes=[definition.index_parameters(GSI1), index],
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
        AttributeDefinitions=definition.attribute_definitions(names),
        GlobalSecondaryIndexes=[definition.index_parameters(GSI1), index],
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
        AttributeDefinitions=definition.attribute_definitions(names),
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


# ---- Interrupted, delayed, refused


class Stopping:
    """A client whose program is killed at one of its changes: before it is done, or after."""

    def __init__(self, client: Any, at: int, *, late: bool) -> None:
        self.client = client
        self.exceptions = client.exceptions
        self.left = at
        self.late = late

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        if operation.startswith(("describe_", "list_")):
            return getattr(self.client, operation)  # type: ignore[no-any-return]
        self.left -= 1

        def change(**parameters: Any) -> Any:
            if self.left == -1 and not self.late:
                raise KeyboardInterrupt
            answer = getattr(self.client, operation)(**parameters)
            if self.left == -1:
                raise KeyboardInterrupt
            return answer

        return change


@pytest.mark.parametrize("late", [False, True])
def test_stopped_at_any_change_and_run_again_it_is_all_there(aws: Any, late: bool) -> None:
    stops = 0
    while True:
        old_table(aws)
        try:
            deployment(Stopping(aws, stops, late=late)).run(skip_words)
        except KeyboardInterrupt:
            stops += 1
        else:
            break
        deployment(aws).run(skip_words)
        assert as_it_is(aws) == wanted("prod", CostCentre="42")
        aws.update_table(TableName=TABLE, DeletionProtectionEnabled=False)
        aws.delete_table(TableName=TABLE)
    # Three indexes, encryption, protection, recovery, TTL, tags.
    assert stops == 8


class Slow:
    """Describes the table as still changing, for so many looks."""

    def __init__(self, client: Any, statuses: list[tuple[str, str]]) -> None:
        self.client = client
        self.exceptions = client.exceptions
        self.statuses = statuses

    def __getattr__(self, operation: str) -> Any:
        return getattr(self.client, operation)

    def describe_table(self, **parameters: Any) -> Any:
        answer = self.client.describe_table(**parameters)
        if self.statuses:
            table, index = self.statuses.pop(0)
            answer["Table"]["TableStatus"] = table
            answer["Table"]["GlobalSecondaryIndexes"][0]["IndexStatus"] = index
        return answer


def test_it_waits_while_the_table_or_an_index_is_changing(aws: Any) -> None:
    old_table(aws)
    looks = [("UPDATING", "ACTIVE")] * 2 + [("ACTIVE", "CREATING")] * 3
    told: list[str] = []
    pauses: list[float] = []
    deployment(Slow(aws, looks), pause=pauses.append).run(told.append)
    assert told[:3] == [
        "Waiting: the table is updating.",
        "Waiting: the index GSI1 is creating.",
        "Add the index GSI2.",
    ]
    assert len(pauses) == 5


def test_a_table_that_will_not_come_back_by_itself_is_not_waited_for(aws: Any) -> None:
    old_table(aws)
    looks = [("INACCESSIBLE_ENCRYPTION_CREDENTIALS", "ACTIVE")] * 2
    with pytest.raises(CannotDeployError, match="is INACCESSIBLE_ENCRYPTION_CREDENTIALS"):
        deployment(Slow(aws, looks)).run(skip_words)


@pytest.mark.parametrize(
    "code",
    ["ResourceInUseException", "LimitExceededException", "ContinuousBackupsUnavailableException"],
)
def test_what_aws_does_not_take_at_this_moment_is_asked_for_again(aws: Any, code: str) -> None:
    old_table(aws)
    failures = iter([True, True, True])

    def not_yet(_number: int, operation: str) -> Exception | None:
        changes = operation.startswith(("update_", "tag_"))
        return refusal(code, operation) if changes and next(failures, False) else None

    told: list[str] = []
    deployment(Recording(aws, not_yet)).run(told.append)
    assert as_it_is(aws) == wanted("prod", CostCentre="42")
    assert len(told) == len(set(told))


def test_a_step_that_never_takes_effect_ends_in_words(aws: Any) -> None:
    old_table(aws)

    def refused(_number: int, operation: str) -> Exception | None:
        changes = operation == "update_continuous_backups"
        return refusal("ContinuousBackupsUnavailableException", operation) if changes else None

    recording = Recording(aws, refused)
    with pytest.raises(CannotDeployError, match=r"not there: Switch point-in-time recovery on\."):
        deployment(recording).run(skip_words)
    assert recording.changes.count("update_continuous_backups") == TRIES


def test_no_operation_is_used_that_the_policy_does_not_name(aws: Any) -> None:
    recording = Recording(aws, never)
    deployment(recording).run(skip_words)
    aws.update_table(TableName=TABLE, DeletionProtectionEnabled=False)
    aws.delete_table(TableName=TABLE)
    old_table(aws)
    deployment(recording).run(skip_words)
    used = {operation.title().replace("_", "") for operation, _ in recording.calls}
    assert {f"dynamodb:{name}" for name in used} == set(definition.DEPLOY_ACTIONS)


# ---- The commands


def test_deploy_ends_with_the_variables_to_set(aws: Any) -> None:
    result = run("table", "deploy", "prod", REGION)
    assert result.exit_code == 0
    assert result.stdout.endswith(VARIABLES)
    assert "Create the table fsm-appointment-tenants with GSI1, GSI2, GSI3, GSI4" in result.stdout
    again = run("table", "deploy", "prod", REGION)
    assert "It is as it should be." in again.stdout
    assert as_it_is(aws) == wanted("prod")
    assert "NODE_ENV" not in run("table", "deploy", "dev", REGION, "--table-name", "two").stdout


def test_plan_can_be_read_by_programs(aws: Any) -> None:
    old_table(aws)
    answer = json.loads(run("table", "plan", "dev", REGION, "--json").stdout)
    assert answer["steps"][:3] == [
        "Add the index GSI2.", "Add the index GSI3.", "Add the index GSI4.",
    ]  # fmt: skip
    assert answer["environment"]["TENANT_TABLE_NAME"] == answer["table"] == TABLE
    told = run("table", "plan", "dev", REGION)
    assert told.exit_code == 0
    assert "  1. Add the index GSI2." in told.stdout
    assert "Nothing was changed." in told.stdout


def test_what_is_in_the_way_is_exit_status_1(aws: Any) -> None:
    old_table(aws, SSESpecification={"Enabled": True})
    aws.update_time_to_live(
        TableName=TABLE, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
    )
    for command in ("plan", "deploy"):
        result = run("table", command, "prod", REGION)
        assert result.exit_code == 1
        assert "In the way: The table puts items away by the attribute expires" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [("plan", "qa", REGION), ("plan", "prod"), ("plan", "prod", "Frankfurt am Main"),
     ("deploy", "prod", REGION, "--table-name", "a b"), ("iam-policy", "--for", "me")],
)  # fmt: skip
def test_what_is_not_understood_is_exit_status_2(arguments: tuple[str, ...]) -> None:
    assert run("table", *arguments).exit_code == 2


def test_the_table_of_another_name_is_deployed_under_it(aws: Any) -> None:
    run("table", "deploy", "dev", REGION, TENANT_TABLE_NAME="of-the-settings")
    run("table", "deploy", "dev", REGION, "--table-name", "of-the-option")
    assert set(aws.list_tables()["TableNames"]) == {"of-the-option", "of-the-settings"}


def test_without_credentials_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CREDENTIALS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    result = run("table", "plan", "prod", REGION)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: No AWS credentials were found. Attach an IAM role")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (refusal("AccessDeniedException", "DescribeTable"),
         "AWS denied dynamodb:DescribeTable. This prints the policy"),
        (refusal("ValidationException", "CreateTable"), "AWS refused CreateTable"),
        (NoCredentialsError(), "No AWS credentials were found."),
        (EndpointConnectionError(endpoint_url="https://x"), "cannot be reached"),
        (CannotDeployError("It is not there."), "It is not there."),
    ],
)  # fmt: skip
def test_each_trouble_is_a_sentence(error: Exception, sentence: str) -> None:
    with pytest.raises(ClickException) as told, aws_explained():
        raise error
    assert sentence in told.value.message


# ---- The real engine


def test_on_a_real_engine_the_table_is_made_and_what_it_does_not_offer_is_noted(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("dynamodb", region_name=REGION, endpoint_url=engine.url)
    name = "deployed-old"
    client.create_table(
        TableName=name,
        KeySchema=definition.key_schema(),
        AttributeDefinitions=definition.attribute_definitions([KEY, GSI1.partition, GSI1.sort]),
        GlobalSecondaryIndexes=[definition.index_parameters(GSI1)],
        BillingMode="PAY_PER_REQUEST",
        SSESpecification={"Enabled": True},
    )
    where = {"AWS_ENDPOINT_URL_DYNAMODB": engine.url}
    result = run("table", "deploy", "prod", REGION, "--table-name", name, **where)
    assert result.exit_code == 0, result.output
    assert "Note: This endpoint does not offer point-in-time recovery" in result.stdout
    table = client.describe_table(TableName=name)["Table"]
    indexes = {
        index["IndexName"]: (index["KeySchema"], index["Projection"])
        for index in table["GlobalSecondaryIndexes"]
    }
    assert indexes == wanted("prod")["indexes"]
    again = run("table", "plan", "prod", REGION, "--table-name", name, "--json", **where)
    assert json.loads(again.stdout)["steps"] == []
