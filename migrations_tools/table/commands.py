"""`python -m migrations_tools table`: plan and deploy the table, or print it as documents."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import click

from migrations_tools.cloudformation import (
    SERVICES,
    cloudformation_template,
    deploy_policy,
    partition_of,
    portal_policy,
)
from migrations_tools.options import JSON_OPTION
from migrations_tools.table.deploy import Deployment
from migrations_tools.table.plan import TablePlan
from migrations_tools.table_definition import Document
from portal.cli import command_errors, read_settings
from portal.settings import Settings, SettingsError
from portal.stores import StoreError, UnavailableError
from portal.stores.aws import make_aws_client
from portal.stores.dynamodb import classify_error, code_of


def _region(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    try:
        return Settings.from_environment({"AWS_REGION": text}).aws_region
    except SettingsError as error:
        raise click.BadParameter("Enter a region like eu-central-1.") from error


_ENVIRONMENT = click.argument("environment", metavar="ENV", type=click.Choice(["dev", "prod"]))
_REGION = click.argument("region", metavar="REGION", callback=_region)
_TABLE_NAME = click.option("--table-name", help="Name of the table. Default: TENANT_TABLE_NAME.")
_KEEP_CAPACITY_MODE = click.option(
    "--keep-capacity-mode",
    is_flag=True,
    help="Do not switch a table with provisioned (reserved) capacity to on-demand capacity.",
)


@click.group()
def table() -> None:
    """Plan and deploy the DynamoDB table, or print it as a template and a policy."""


@table.command()
@_ENVIRONMENT
@_REGION
@_TABLE_NAME
@_KEEP_CAPACITY_MODE
@JSON_OPTION
def plan(
    environment: str, region: str, table_name: str | None, keep_capacity_mode: bool, as_json: bool
) -> None:
    """Show what `table deploy` would do. Changes nothing."""
    name = _table_name(table_name)
    with table_errors(name, region):
        result = _deployment(name, environment, region, keep_capacity_mode).plan()
    if as_json:
        click.echo(json.dumps(_plan_as_json(result, name, environment, region), indent=2))
    else:
        click.echo(f"The table {name} in {region}, for {environment}:")
        for number, step in enumerate(result.steps, 1):
            click.echo(f"  {number}. {step.what}")
        if result.steps:
            click.echo("Nothing was changed. `table deploy` makes these changes.")
        _print_notes_and_problems(result)
    if result.problems:
        raise SystemExit(1)


@table.command()
@_ENVIRONMENT
@_REGION
@_TABLE_NAME
@_KEEP_CAPACITY_MODE
def deploy(environment: str, region: str, table_name: str | None, keep_capacity_mode: bool) -> None:
    """Create the table, or bring the existing one up to date. Removes nothing."""
    name = _table_name(table_name)
    click.echo(f"The table {name} in {region}, for {environment}:")
    with table_errors(name, region):
        remaining = _deployment(name, environment, region, keep_capacity_mode).run(
            lambda sentence: click.echo(f"  {sentence}")
        )
    _print_notes_and_problems(remaining)
    if remaining.problems:
        raise SystemExit(1)
    click.echo("Set these environment variables for the portal:")
    for variable, value in _variables(name, environment, region).items():
        click.echo(f"export {variable}={value}")


@table.command()
@_ENVIRONMENT
@_TABLE_NAME
@click.option(
    "--service",
    type=click.Choice(SERVICES),
    help="Also print what runs the portal: containers on Fargate behind a load balancer, or a"
    " Lambda function behind an HTTP API or behind a load balancer.",
)
def cloudformation(environment: str, table_name: str | None, service: str | None) -> None:
    """Print the table, the portal's policy, alarms and backups as a CloudFormation template."""
    template = cloudformation_template(_table_name(table_name), environment, service or "")
    _print_document(template)


@table.command("iam-policy")
@_TABLE_NAME
@click.option(
    "--for",
    "user",
    default="portal",
    show_default=True,
    type=click.Choice(["portal", "deploy"]),
    help="Who gets the policy: the running portal (also for adopt and copy), or the person who"
    " deploys the table.",
)
@click.option("--region", default="", help="Default: AWS_REGION. If that is not set, any region.")
@click.option("--account", default="*", help="Number of the AWS account. Default: any account.")
@click.option("--kms-key", default="", help="Default: PORTAL_KMS_KEY_ID.")
def iam_policy(
    *, table_name: str | None, user: str, region: str, account: str, kms_key: str
) -> None:
    """Print an IAM policy: what the portal, or the person who deploys, must be allowed to do."""
    settings = read_settings()
    region = region or settings.aws_region
    arn = (
        f"arn:{partition_of(region)}:dynamodb:{region or '*'}:{account}"
        f":table/{_table_name(table_name)}"
    )
    if user == "deploy":
        _print_document(deploy_policy(arn))
    else:
        _print_document(portal_policy(arn, kms_key or settings.kms_key_id))


def _deployment(name: str, environment: str, region: str, keep_capacity_mode: bool) -> Deployment:
    from botocore.config import Config  # noqa: PLC0415 - takes 0.4 s, and documents need none of it

    config = Config(
        connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 3}
    )
    return Deployment(
        make_aws_client("dynamodb", region=region, config=config),
        table=name,
        environment=environment,
        keep_capacity_mode=keep_capacity_mode,
    )


def _plan_as_json(result: TablePlan, name: str, environment: str, region: str) -> dict[str, Any]:
    return {
        "table": name,
        "region": region,
        "steps": [step.what for step in result.steps],
        "problems": result.problems,
        "notes": result.notes,
        "environment": _variables(name, environment, region),
    }


def _print_notes_and_problems(result: TablePlan) -> None:
    for note in result.notes:
        click.echo(f"  Note: {note}")
    for problem in result.problems:
        click.echo(f"  Problem: {problem}", err=True)
    if not result.steps and not result.problems:
        subject = "Everything else" if result.notes else "The table"
        click.echo(f"  {subject} is up to date.")


def _variables(name: str, environment: str, region: str) -> dict[str, str]:
    return {
        **({"NODE_ENV": "production"} if environment == "prod" else {}),
        "USE_DYNAMODB": "true",
        "AWS_REGION": region,
        "TENANT_TABLE_NAME": name,
    }


def _table_name(option: str | None) -> str:
    if not option:
        return read_settings().table_name
    try:
        return Settings.from_environment({"TENANT_TABLE_NAME": option}).table_name
    except SettingsError as error:
        raise click.BadParameter(error.sentence, param_hint="--table-name") from error


def _print_document(document: Document) -> None:
    click.echo(json.dumps(document, indent=2))


@contextmanager
def table_errors(table_name: str, region: str) -> Iterator[None]:
    """`command_errors`, also for what the SDK raises about the table: errors of its own, of the
    operating system, and of Python."""
    with command_errors("Then run the command again."):
        try:
            yield
        except (StoreError, SettingsError, click.ClickException):
            raise
        except Exception as error:
            raise _unavailable(error, table_name, region) from error


def _unavailable(error: Exception, table_name: str, region: str) -> UnavailableError:
    operation = getattr(error, "operation_name", "the request")
    failure = classify_error(error)
    if failure is None and not isinstance(getattr(error, "response", None), dict):
        return UnavailableError(
            reason=f"The SDK of AWS failed at {operation} ({code_of(error)}).",
            remedy="Check the network and the AWS configuration of this machine.",
        )
    if failure is None:
        # The texts of AWS about a table's definition hold no data of tenants.
        return UnavailableError(
            reason=f"AWS refused {operation}: {str(error).rstrip('.')}.",
            remedy="Correct what AWS names.",
        )
    if failure.name == "denied":
        return UnavailableError(
            reason=f"AWS denied dynamodb:{operation}.",
            remedy="Allow yourself what this command prints:"
            " `python -m migrations_tools table iam-policy --for deploy`.",
        )
    placeholders = {
        "operation": operation,
        "table": table_name,
        "region": region,
        "host": _host_of(error),
    }
    return UnavailableError(
        reason=f"{failure.reason.format(**placeholders)} ({code_of(error)})",
        remedy=failure.remedy.format(**placeholders),
    )


def _host_of(error: Exception) -> str:
    address = getattr(error, "kwargs", {}).get("endpoint_url", "")
    return urlsplit(str(address)).netloc.rpartition("@")[2] or "DynamoDB"
