"""`python -m migrations_tools table`: what it prints, and its exit status."""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError
from click import ClickException
from click.testing import CliRunner, Result

from migrations_tools import table_definition
from migrations_tools.cli import main
from migrations_tools.table.commands import table_errors
from migrations_tools.table.deploy import DeployError
from portal.settings import SETTINGS
from portal.stores import GSI1, KEY
from tests.dynamodb_engine import CREDENTIALS, REGION, Engine
from tests.fault_proxy import SPOILED, Trouble, always, between
from tests.migrations_tools.aws_tables import (
    TABLE,
    client_error,
    create_old_table,
    expected_state,
    table_state,
)
from tests.stores.aws.surroundings import UNUSABLE, Machine

VARIABLES = f"""\
export NODE_ENV=production
export USE_DYNAMODB=true
export AWS_REGION={REGION}
export TENANT_TABLE_NAME={TABLE}
"""


def run(*arguments: str, **environ: str) -> Result:
    unset = {setting.name: "" for setting in SETTINGS}
    return CliRunner().invoke(main, arguments, env={**unset, **environ})


def test_deploy_ends_with_the_variables_to_set(aws: Any) -> None:
    result = run("table", "deploy", "prod", REGION)
    assert result.exit_code == 0
    assert result.stdout.endswith(VARIABLES)
    assert "Create the table fsm-appointment-tenants with GSI1, GSI2, GSI3, GSI4" in result.stdout
    again = run("table", "deploy", "prod", REGION)
    assert "The table is up to date." in again.stdout
    assert table_state(aws) == expected_state("prod")
    assert "NODE_ENV" not in run("table", "deploy", "dev", REGION, "--table-name", "two").stdout


def test_programs_can_read_the_plan(aws: Any) -> None:
    create_old_table(aws)
    answer = json.loads(run("table", "plan", "dev", REGION, "--json").stdout)
    assert answer["steps"][:3] == [
        "Add the index GSI2.", "Add the index GSI3.", "Add the index GSI4.",
    ]  # fmt: skip
    assert answer["environment"]["TENANT_TABLE_NAME"] == answer["table"] == TABLE
    result = run("table", "plan", "dev", REGION)
    assert result.exit_code == 0
    assert "  1. Add the index GSI2." in result.stdout
    assert "Nothing was changed." in result.stdout


def test_a_problem_is_exit_status_1(aws: Any) -> None:
    create_old_table(aws, SSESpecification={"Enabled": True})
    aws.update_time_to_live(
        TableName=TABLE, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
    )
    for command in ("plan", "deploy"):
        result = run("table", command, "prod", REGION)
        assert result.exit_code == 1
        assert "Problem: The table removes expired items by the attribute expires" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [("plan", "qa", REGION), ("plan", "prod"), ("plan", "prod", "Frankfurt am Main"),
     ("deploy", "prod", REGION, "--table-name", "a b"), ("iam-policy", "--for", "me")],
)  # fmt: skip
def test_a_wrong_argument_is_exit_status_2(arguments: tuple[str, ...]) -> None:
    assert run("table", *arguments).exit_code == 2


def test_a_table_with_another_name_is_deployed_under_that_name(aws: Any) -> None:
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
    assert result.stderr.startswith(
        "Error: No AWS credentials were found. (NoCredentialsError) Attach an IAM role"
    )


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            client_error("AccessDeniedException", "DescribeTable"),
            (
                "AWS denied dynamodb:DescribeTable. Allow yourself what this command prints:"
                " `python -m migrations_tools table iam-policy --for deploy`."
                " Then run the command again."
            ),
        ),
        (
            client_error("ValidationException", "CreateTable"),
            (
                "AWS refused CreateTable: An error occurred (ValidationException) when calling the"
                " CreateTable operation: no. Correct what AWS names. Then run the command again."
            ),
        ),
        (NoCredentialsError(), "No AWS credentials were found."),
        (
            EndpointConnectionError(endpoint_url="https://x"),
            f"cannot be reached at x for the request on the table {TABLE} in {REGION}.",
        ),
        (FileNotFoundError("/hush"), "The SDK of AWS failed at the request (FileNotFoundError)."),
        (
            DeployError(reason="It is not there.", remedy="Look for it."),
            "It is not there. Look for it. Then run the command again.",
        ),
    ],
)
def test_each_error_of_aws_is_a_sentence(error: Exception, sentence: str) -> None:
    with pytest.raises(ClickException) as caught, table_errors(TABLE, REGION):
        raise error
    assert sentence in caught.value.message
    assert "hush" not in caught.value.message


@pytest.mark.parametrize("case", UNUSABLE.values(), ids=UNUSABLE)
@pytest.mark.parametrize("command", ["plan", "deploy"])
def test_no_configuration_of_aws_ends_in_a_traceback(
    command: str,
    case: tuple[list[str], dict[str, str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines, variables, code = case
    machine = Machine(tmp_path, monkeypatch)
    machine.configure(*lines)
    machine.set(**variables)
    result = run("table", command, "prod", REGION)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert code in result.stderr


#: Not all of these answers have a digit.
WITHOUT_DIGITS = {name: spoil for name, spoil in SPOILED.items() if name != "another digit"}


@pytest.mark.parametrize("spoil", WITHOUT_DIGITS.values(), ids=WITHOUT_DIGITS)
@pytest.mark.parametrize(
    "operation",
    ["DescribeTable", "DescribeContinuousBackups", "DescribeTimeToLive", "ListTagsOfResource"],
)
def test_an_answer_that_is_none_is_a_sentence(
    operation: str, spoil: Trouble, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    name = engine.new_table().table
    with between(engine.url) as proxy:
        proxy.plan = always(spoil, operation)
        there = {"AWS_ENDPOINT_URL_DYNAMODB": proxy.url}
        result = run("table", "plan", "prod", REGION, "--table-name", name, **there)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "no answer of DynamoDB" in result.stderr


# ---- The real engine


def test_on_a_real_engine_the_table_is_made_and_missing_features_are_noted(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("dynamodb", region_name=REGION, endpoint_url=engine.url)
    name = "deployed-old"
    client.create_table(
        TableName=name,
        KeySchema=table_definition.key_schema(),
        AttributeDefinitions=table_definition.attribute_definitions(
            [KEY, GSI1.partition, GSI1.sort]
        ),
        GlobalSecondaryIndexes=[table_definition.index_parameters(GSI1)],
        BillingMode="PAY_PER_REQUEST",
        SSESpecification={"Enabled": True},
    )
    endpoint = {"AWS_ENDPOINT_URL_DYNAMODB": engine.url}
    result = run("table", "deploy", "prod", REGION, "--table-name", name, **endpoint)
    assert result.exit_code == 0, result.output
    assert "Note: This endpoint does not offer point-in-time recovery" in result.stdout
    table = client.describe_table(TableName=name)["Table"]
    indexes = {
        index["IndexName"]: (index["KeySchema"], index["Projection"])
        for index in table["GlobalSecondaryIndexes"]
    }
    assert indexes == expected_state("prod")["indexes"]
    again = run("table", "plan", "prod", REGION, "--table-name", name, "--json", **endpoint)
    assert json.loads(again.stdout)["steps"] == []
