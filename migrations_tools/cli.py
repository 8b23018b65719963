"""`python -m migrations_tools`: what operators do to tables and data.

Every command says in sentences what it did. It ends with 0 if all is well, with 1 if something
is in the way or was left over, and with 2 if it was not understood.
"""

import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Literal

import click

from migrations_tools import documents
from migrations_tools.adopting import Adoption, Memory, Rows, StoredRows
from migrations_tools.adopting import Report as AdoptReport
from migrations_tools.copying import Copy
from migrations_tools.copying import Report as CopyReport
from migrations_tools.deploying import CannotDeployError, Deployment, Plan
from migrations_tools.pace import Pace, Progress
from portal.imports.planning import Choice
from portal.imports.rows import Allowed, Policy
from portal.sealing import open_sealer
from portal.sealing_store import SealingStore
from portal.settings import Settings, SettingsError
from portal.stores import open_store
from portal.stores.contract import BusyError, Store, StoreError, UnavailableError

#: How many ids a sentence lists.
_SHOWN = 20

_ENVIRONMENT = click.argument("environment", metavar="ENV", type=click.Choice(["dev", "prod"]))
_TABLE_NAME = click.option("--table-name", help="Instead of TENANT_TABLE_NAME.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for programs.")
_KEEP_MODE = click.option(
    "--keep-capacity-mode",
    is_flag=True,
    help="Leave a table with provisioned (reserved) capacity as it is.",
)
_RATE = click.option(
    "--rate",
    default=500.0,
    show_default=True,
    type=click.FloatRange(0),
    help="At most so many rows a second; 0 is without a limit.",
)


@click.group()
def main() -> None:
    """What operators do to tables and data. The README's part for operators says when."""
    # Sentences for who sits here, not the portal's log: only what is worth a warning.
    logging.basicConfig(level=logging.WARNING, format="%(message)s")


# ---- The table


@main.group()
def table() -> None:
    """The DynamoDB table: plan, deploy, and the same as documents."""


def _region(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    try:
        return Settings.from_environment({"AWS_REGION": text}).aws_region
    except SettingsError as error:
        raise click.BadParameter("Name a region like eu-central-1.") from error


_REGION = click.argument("region", metavar="REGION", callback=_region)


@table.command()
@_ENVIRONMENT
@_REGION
@_TABLE_NAME
@_KEEP_MODE
@_JSON
def plan(
    environment: str, region: str, table_name: str | None, keep_capacity_mode: bool, as_json: bool
) -> None:
    """Say what `table deploy` would do. Changes nothing."""
    name = _table_name(table_name)
    with _aws_explained():
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
    with _aws_explained():
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
    _print_document(documents.template(_table_name(table_name), environment))


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
    settings = _settings()
    region = region or settings.aws_region
    arn = (
        f"arn:{documents.partition_of(region)}:dynamodb:{region or '*'}:{account}"
        f":table/{_table_name(table_name)}"
    )
    if whom == "deploy":
        _print_document(documents.deploy_policy(arn))
    else:
        _print_document(documents.portal_policy(arn, kms_key or settings.kms_key_id))


def _deployment(name: str, environment: str, region: str, keep_capacity_mode: bool) -> Deployment:
    import boto3  # noqa: PLC0415 - takes 0.4 s, and documents need none of it

    return Deployment(
        boto3.client("dynamodb", region_name=region),
        table=name,
        environment=environment,
        keep_capacity_mode=keep_capacity_mode,
    )


def _plan_as_json(planned: Plan, name: str, environment: str, region: str) -> dict[str, Any]:
    return {
        "table": name,
        "region": region,
        "steps": [step.what for step in planned.steps],
        "problems": planned.problems,
        "notes": planned.notes,
        "environment": _variables(name, environment, region),
    }


def _tell_rest(planned: Plan) -> None:
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


# ---- The data


@main.command()
@click.option("--apply", is_flag=True, help="Write it. Without this, only look.")
@click.option(
    "--segments",
    default=4,
    show_default=True,
    type=click.IntRange(1, 64),
    help="So many parts of the table at the same time.",
)
@_RATE
@_JSON
def adopt(apply: bool, segments: int, rate: float, as_json: bool) -> None:
    """Give old rows the index keys that lists need, and seal their plaintext secrets."""
    settings = _settings()
    with _explained("Run it again: it goes on where it stopped."):
        store = open_store(settings)
        memory = Memory(
            settings.data_dir / "adopt-progress.json" if apply else None,
            f"{store.describe()} {settings.kms_key_id}",
            segments,
        )
        if memory.goes_on and not as_json:
            click.echo("Going on where an earlier run stopped; its rows are not counted again.")
        try:
            report = Adoption(
                _rows_of(store, settings),
                open_sealer(settings),
                apply=apply,
                segments=segments,
                pace=Pace(rate),
                progress=Progress(),
                memory=memory,
            ).run()
        finally:
            store.close()
    if as_json:
        click.echo(json.dumps({"applied": apply, **asdict(report)}, indent=2))
    else:
        _tell_adopted(report, store.describe(), apply)
    if not report.is_whole:
        raise SystemExit(1)


def _rows_of(store: Store, settings: Settings) -> Rows:
    if settings.store == "json":
        return StoredRows(store)
    # Imported here: a portal on files needs none of it.
    from migrations_tools.table_rows import TableRows  # noqa: PLC0415
    from portal.stores.dynamodb import DynamoDbStore  # noqa: PLC0415

    if not isinstance(store, DynamoDbStore):
        raise TypeError("not a table")
    return TableRows(store, settings.table_name)


def _tell_adopted(report: AdoptReport, where: str, apply: bool) -> None:
    click.echo(f"{where}: {report.rows:,} rows, {report.tenants:,} of them tenants.")
    click.echo(f"As they should be already: {report.right:,}.")
    if apply:
        click.echo(f"Given index keys: {report.listed:,}. Secrets sealed: {report.sealed:,}.")
    else:
        click.echo(f"To be given index keys: {report.listed:,}. To be sealed: {report.sealed:,}.")
        if report.listed or report.sealed:
            click.echo("Nothing was changed. Run it with --apply to write it.")
    if report.changed_meanwhile:
        click.echo(f"Changed by others meanwhile, and read again: {report.changed_meanwhile:,}.")
    if report.failed:
        click.echo(
            f"Changed by others again and again, so run it once more: {_listed(report.failed)}.",
            err=True,
        )
    if report.unchangeable:
        click.echo(
            "Left as they were, since a key would be too long for DynamoDB, or the row too large."
            f" Shorten what they hold: {_listed(report.unchangeable)}.",
            err=True,
        )


_KINDS = click.Choice(["json", "dynamodb"])


@main.command()
@click.option("--from", "source", required=True, type=_KINDS, help="The store to read.")
@click.option("--to", "target", required=True, type=_KINDS, help="The store to fill.")
@_RATE
@_JSON
def copy(
    source: Literal["json", "dynamodb"],
    target: Literal["json", "dynamodb"],
    rate: float,
    as_json: bool,
) -> None:
    """Copy all items into the other store, and read both again. Stop the portal first."""
    if source == target:
        raise click.UsageError("--from and --to must be two stores.")
    settings = _settings()
    with _explained("Run it again: what is copied already is left alone."):
        first = open_store(replace(settings, store=source))
        second = open_store(replace(settings, store=target))
        try:
            report = Copy(
                first,
                second,
                together=target == "json",
                workers=1 if target == "json" else 8,
                pace=Pace(rate),
                progress=Progress(),
            ).run()
        finally:
            first.close()
            second.close()
    if as_json:
        click.echo(json.dumps(asdict(report), indent=2))
    else:
        _tell_copied(report, first.describe(), second.describe())
    if not report.is_whole:
        raise SystemExit(1)


def _tell_copied(report: CopyReport, source: str, target: str) -> None:
    click.echo(f"From {source} to {target}: {report.read:,} items.")
    click.echo(f"Copied: {report.copied:,}. There already: {report.there_already:,}.")
    click.echo(f"Read again in both, and the same: {report.verified:,}.")
    if report.only_in_target:
        click.echo(f"Only in the target, and left alone: {report.only_in_target:,}.")
    for sentence, ids in (
        ("Another item is there under the same id, and was left alone", report.refused),
        ("Larger than DynamoDB takes (400 KB), and left out", report.too_large),
        ("Not found in the target", report.missing),
        ("Not the same in the target", report.different),
    ):
        if ids:
            click.echo(f"{sentence}: {_listed(ids)}.", err=True)
    if report.is_whole:
        click.echo("All items are there.")
    else:
        click.echo("Is a portal still writing? Stop it, and decide about these items.", err=True)


@main.command("import")
@click.argument("files", metavar="FILE…", nargs=-1, required=True)
@click.option("--dry-run", is_flag=True, help="Only show what would be done.")
@click.option(
    "--policy",
    default=Policy.SKIP.value,
    show_default=True,
    type=click.Choice([policy.value for policy in Policy]),
    help="Which one counts where a tenant is there already and differs.",
)
@click.option(
    "--allow",
    "allowed",
    multiple=True,
    type=click.Choice([each.value for each in Allowed]),
    help="Also change a status, or a validity that staff set.",
)
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write all rows into this file: CSV if it ends so, else JSON.",
)
@_JSON
def import_(
    *,
    files: tuple[str, ...],
    dry_run: bool,
    policy: str,
    allowed: tuple[str, ...],
    report: Path | None,
    as_json: bool,
) -> None:
    """Move records of the old application in; - reads standard input. 2: they cannot be used."""
    # Imported here: contact details and sealing take 0.2 s to load.
    from migrations_tools.importing import Importing, UnusableError, Wish  # noqa: PLC0415

    settings = _settings()
    choice = Choice(policy=Policy(policy), allowed=frozenset(Allowed(each) for each in allowed))
    wish = Wish(files=files, choice=choice, dry_run=dry_run, report=report, as_json=as_json)
    with _explained("Run it again: what is in the store already shows as same."):
        sealer = open_sealer(settings)
        store = SealingStore(open_store(settings), sealer)
        try:
            whole = Importing(store, sealer, settings, wish).run()
        except UnusableError as error:
            click.echo(f"Error: {error}", err=True)
            raise SystemExit(2) from error
        finally:
            store.close()
    if not whole:
        raise SystemExit(1)


@main.command()
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Instead of standard output.",
)
def export(out: Path | None) -> None:
    """Write all tenants with a final key as JSON Lines, to be imported again. No secrets."""
    from migrations_tools.importing import export_to  # noqa: PLC0415 - as above
    from migrations_tools.special_files import written  # noqa: PLC0415

    settings = _settings()
    with _explained("Nothing was changed. Run it again."):
        store = open_store(settings)
        try:
            with written(out) if out else nullcontext(sys.stdout) as file:
                number, left_out, problems = export_to(store, file, settings.import_depth)
        except OSError as error:
            raise click.ClickException(f"It cannot be written ({error.strerror}).") from error
        finally:
            store.close()
    click.echo(f"{number:,} tenants.", err=True)
    if left_out:
        click.echo(f"Sign-ups without a final key, left out: {left_out:,}.", err=True)
    for problem in problems[:_SHOWN]:
        click.echo(f"To be mended before it is imported: {problem}", err=True)
    if len(problems) > _SHOWN:
        click.echo(f"and {len(problems) - _SHOWN:,} more.", err=True)
    if problems:
        raise SystemExit(1)


# ---- Shared


def _listed(ids: list[str]) -> str:
    more = f" and {len(ids) - _SHOWN:,} more" if len(ids) > _SHOWN else ""
    return ", ".join(ids[:_SHOWN]) + more


def _settings() -> Settings:
    try:
        return Settings.from_environment(os.environ)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error


def _table_name(given: str | None) -> str:
    if not given:
        return _settings().table_name
    try:
        return Settings.from_environment({"TENANT_TABLE_NAME": given}).table_name
    except SettingsError as error:
        raise click.BadParameter(error.sentence, param_hint="--table-name") from error


def _print_document(document: documents.Document) -> None:
    click.echo(json.dumps(document, indent=2))


@contextmanager
def _explained(afterwards: str) -> Iterator[None]:
    """What is in the way becomes a sentence, and what to do `afterwards`; exit status 1."""
    try:
        yield
    except UnavailableError as error:
        raise click.ClickException(f"{error.reason} {error.mend} {afterwards}") from error
    except BusyError as error:
        raise click.ClickException(f"{error.reason} {afterwards}") from error
    except StoreError as error:
        raise click.ClickException(afterwards) from error


@contextmanager
def _aws_explained() -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - takes 0.4 s

    from portal.stores.troubles import trouble_of  # noqa: PLC0415

    try:
        yield
    except CannotDeployError as error:
        raise click.ClickException(str(error)) from error
    except (ClientError, BotoCoreError) as error:
        operation = getattr(error, "operation_name", "the request")
        trouble = trouble_of(error)
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
            f"{trouble.reason.format(**told)} {trouble.mend.format(**told)}"
        ) from error
