"""`python -m migrations_tools import` and `export`: their options, and their exit status."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from migrations_tools.imports.plain_files import UnusableFileError, open_output
from migrations_tools.imports.signals import InterruptSafeStore, interruptible
from migrations_tools.imports.standard_output import (
    OutputError,
    flushed_output,
    os_error_text,
    write_output,
)
from migrations_tools.options import JSON_OPTION, MAX_LISTED
from portal.cli import command_errors, read_settings
from portal.imports import AllowedChange, Policy
from portal.sealing import SealingStore, open_sealer
from portal.stores import RetryingStore, open_store


@click.command("import")
@click.argument("files", metavar="FILE…", nargs=-1, required=True)
@click.option("--dry-run", is_flag=True, help="Show the plan. Writes nothing.")
@click.option(
    "--policy",
    default=Policy.SKIP.value,
    show_default=True,
    type=click.Choice([policy.value for policy in Policy]),
    help="Which version counts if a tenant is in the store already and differs.",
)
@click.option(
    "--allow",
    "allowed",
    multiple=True,
    type=click.Choice([change.value for change in AllowedChange]),
    help="Also change the status, or a validity that staff set.",
)
@click.option(
    "--report",
    metavar="FILE",
    help="Write all rows to this file: as CSV if its name ends in .csv, otherwise as JSON.",
)
@JSON_OPTION
def import_(
    *,
    files: tuple[str, ...],
    dry_run: bool,
    policy: str,
    allowed: tuple[str, ...],
    report: str | None,
    as_json: bool,
) -> None:
    """Import tenants that the old application exported. A FILE can be - for standard input. Exit
    status 2 means that a file cannot be used."""
    # The other commands do not check contact details, and start faster without these modules.
    from migrations_tools.imports.importing import (  # noqa: PLC0415 - takes 0.1 s
        NEXT_STEP,
        ImportArguments,
        ImportRunner,
    )
    from portal.imports import ImportOptions  # noqa: PLC0415 - takes 0.1 s, for contact details

    settings = read_settings()
    options = ImportOptions(
        policy=Policy(policy), allowed=frozenset(AllowedChange(change) for change in allowed)
    )
    arguments = ImportArguments(
        files=files, options=options, dry_run=dry_run, report=report, as_json=as_json
    )
    with interruptible(), command_errors(NEXT_STEP), _file_errors():
        sealer = open_sealer(settings)
        store = SealingStore(InterruptSafeStore(open_store(settings)), sealer)
        try:
            is_complete = ImportRunner(store, sealer, settings, arguments).run()
        finally:
            store.close()
    if not is_complete:
        raise SystemExit(1)


@click.command()
@click.option("--out", metavar="FILE", help="File to write. Default: standard output.")
def export(out: str | None) -> None:
    """Write all tenants that have a final id as JSON Lines, which `import` reads. Without
    secrets."""
    from migrations_tools.imports.exporting import (  # noqa: PLC0415 - takes 0.1 s, as above
        export_tenants,
    )

    settings = read_settings()
    with (
        interruptible(),
        command_errors("Nothing was changed. Run the command again."),
        _file_errors(),
    ):
        store = RetryingStore(open_store(settings))
        try:
            if out is None:
                with flushed_output():
                    report = export_tenants(store, write_output, settings.import_depth)
            else:
                with open_output(out, data_dir=settings.data_dir) as file:
                    report = export_tenants(store, file.write, settings.import_depth)
                    file.publish()
        except OSError as error:
            raise _export_failed(os_error_text(error)) from error
        except OutputError as error:
            raise _export_failed(str(error)) from error
        finally:
            store.close()
    click.echo(f"{report.tenants:,} tenants.", err=True)
    if report.left_out:
        click.echo(f"Sign-ups without a final id, left out: {report.left_out:,}.", err=True)
    for problem in report.problems[:MAX_LISTED]:
        click.echo(f"To be corrected before it is imported: {problem}", err=True)
    if len(report.problems) > MAX_LISTED:
        click.echo(f"and {len(report.problems) - MAX_LISTED:,} more.", err=True)
    if report.problems:
        raise SystemExit(1)


def _export_failed(reason: str) -> click.ClickException:
    return click.ClickException(
        f"The export could not be written ({reason}). Correct this, and run the command again."
    )


@contextmanager
def _file_errors() -> Iterator[None]:
    """Turn `UnusableFileError` into one line on standard error and exit status 2."""
    try:
        yield
    except UnusableFileError as error:
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(2) from error
