"""`python -m migrations_tools table`: plan, deploy, and the same as documents."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from migrations_tools.cloudformation import (
    cloudformation_template,
    deploy_policy,
    partition_of,
    portal_policy,
)
from migrations_tools.options import JSON
from migrations_tools.table.deploy import DeployError, Deployment
from migrations_tools.table.plan import TablePlan
from migrations_tools.table_definition import Document
from portal.cli import read_settings
from portal.settings import Settings, SettingsError
from portal.stores.dynamodb import classify_error


def _region(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    try:
        return Settings.from_environment({"AWS_REGION": text}).aws_region
    except SettingsError as error:
        raise click.BadParameter("Name a region like eu-central-1.") from error


_ENVIRONMENT = click.argument("environment", metavar="ENV", type=click.Choice(["dev", "prod"]))
_REGION = click.argument("region", metavar="REGION", callback=_region)
_TABLE_NAME = click.option("--table-name", help="Instead of TENANT_TABLE_NAME.")
_KEEP_MODE = click.option(
    "--keep-capacity-mode",
    is_flag=True,
    help="Leave a table with provisioned (reserved) capacity as it is.",
)


@click.group()
def table() -> None:
    """The DynamoDB table: plan, deploy, and the same as documents."""


@table.command()
@_ENVIRONMENT
@_REGION
@_TABLE_NAME
@_KEEP_MODE
@JSON
def plan(
    environment: str, region: str, table_name: str | None, keep_capacity_mode: bool, as_json: bool
) -> None:
    """Say what `table deploy` would do. Changes nothing."""
    name = _table_name(table_name)
    with aws_explained():
        planned = _deployment(name, environment, region, keep_capacity_mode).plan()
    if as_json:
        click.echo(json.dumps(_plan_as_json(planned, name, environment, region), indent=2))
    else:
        click.echo(f"The table {name} in {region}, for {environment}:")
        for number, step in enumerate(planned.steps, 1):
            click.echo(f"  {number}. {step.what}")
        if planned.steps:
            click.echo("Nothing was changed. `table deploy` does it.")
        _tell_rest(planned)
    if planned.problems:
        raise SystemExit(1)


@table.command()
@_ENVIRONMENT
@_REGION
@_TABLE_NAME
@_KEEP_MODE
def deploy(environment: str, region: str, table_name: str | None, keep_capacity_mode: bool) -> None:
    """Create the table, or bring the one that is there up to date. Drops nothing."""
    name = _table_name(table_name)
    click.echo(f"The table {name} in {region}, for {environment}:")
    with aws_explained():
        left = _deployment(name, environment, region, keep_capacity_mode).run(
            lambda sentence: click.echo(f"  {sentence}")
        )
    _tell_rest(left)
    if left.problems:
        raise SystemExit(1)
    click.echo("Set these for the portal:")
    for variable, value in _variables(name, environment, region).items():
        click.echo(f"export {variable}={value}")


@table.command()
@_ENVIRONMENT
@_TABLE_NAME
def cloudformation(environment: str, table_name: str | None) -> None:
    """Print the table, the portal's policy, alarms and backups as a CloudFormation template."""
    _print_document(cloudformation_template(_table_name(table_name), environment))


@table.command("iam-policy")
@_TABLE_NAME
@click.option(
    "--for",
    "whom",
    default="portal",
    show_default=True,
    type=click.Choice(["portal", "deploy"]),
    help="The running portal (and adopt and copy), or who deploys the table.",
)
@click.option("--region", default="", help="Instead of AWS_REGION; none: any region.")
@click.option("--account", default="*", help="The number of the AWS account; none: any.")
@click.option("--kms-key", default="", help="Instead of PORTAL_KMS_KEY_ID.")
def iam_policy(
    *, table_name: str | None, whom: str, region: str, account: str, kms_key: str
) -> None:
    """Print what the portal, or who deploys, must be allowed to do: an IAM policy."""
    settings = read_settings()
    region = region or settings.aws_region
    arn = (
        f"arn:{partition_of(region)}:dynamodb:{region or '*'}:{account}"
        f":table/{_table_name(table_name)}"
    )
    if whom == "deploy":
        _print_document(deploy_policy(arn))
    else:
        _print_document(portal_policy(arn, kms_key or settings.kms_key_id))


def _deployment(name: str, environment: str, region: str, keep_capacity_mode: bool) -> Deployment:
    import boto3  # noqa: PLC0415 - takes 0.4 s, and documents need none of it

    return Deployment(
        boto3.client("dynamodb", region_name=region),
        table=name,
        environment=environment,
        keep_capacity_mode=keep_capacity_mode,
    )


def _plan_as_json(planned: TablePlan, name: str, environment: str, region: str) -> dict[str, Any]:
    return {
        "table": name,
        "region": region,
        "steps": [step.what for step in planned.steps],
        "problems": planned.problems,
        "notes": planned.notes,
        "environment": _variables(name, environment, region),
    }


def _tell_rest(planned: TablePlan) -> None:
    for note in planned.notes:
        click.echo(f"  Note: {note}")
    for problem in planned.problems:
        click.echo(f"  In the way: {problem}", err=True)
    if not planned.steps and not planned.problems:
        click.echo(f"  {'All else' if planned.notes else 'It'} is as it should be.")


def _variables(name: str, environment: str, region: str) -> dict[str, str]:
    return {
        **({"NODE_ENV": "production"} if environment == "prod" else {}),
        "USE_DYNAMODB": "true",
        "AWS_REGION": region,
        "TENANT_TABLE_NAME": name,
    }


def _table_name(given: str | None) -> str:
    if not given:
        return read_settings().table_name
    try:
        return Settings.from_environment({"TENANT_TABLE_NAME": given}).table_name
    except SettingsError as error:
        raise click.BadParameter(error.sentence, param_hint="--table-name") from error


def _print_document(document: Document) -> None:
    click.echo(json.dumps(document, indent=2))


@contextmanager
def aws_explained() -> Iterator[None]:
    """What is in the way of the table becomes a sentence; exit status 1."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - takes 0.4 s

    try:
        yield
    except DeployError as error:
        raise click.ClickException(str(error)) from error
    except (ClientError, BotoCoreError) as error:
        operation = getattr(error, "operation_name", "the request")
        trouble = classify_error(error)
        if trouble is None:
            # What AWS says of a table's definition names no tenants.
            raise click.ClickException(f"AWS refused {operation}: {error}") from error
        if trouble.name == "denied":
            raise click.ClickException(
                f"AWS denied dynamodb:{operation}. This prints the policy that whoever deploys"
                f" needs: python -m migrations_tools table iam-policy --for deploy"
            ) from error
        told = {"operation": operation, "table": "of the portal", "region": "that region"}
        raise click.ClickException(
            f"{trouble.reason.format(**told)} {trouble.remedy.format(**told)}"
        ) from error
