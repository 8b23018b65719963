"""`python -m migrations_tools import` and `export`: what is typed."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from migrations_tools.imports.output import OutputError, print_piece, reason_of, telling
from migrations_tools.imports.signals import InterruptSafeStore, stoppable
from migrations_tools.imports.special_files import UnusableFileError, written
from migrations_tools.options import JSON, SHOWN, explained
from portal.cli import read_settings
from portal.imports import AllowedChange, Policy
from portal.sealing import SealingStore, open_sealer
from portal.stores import RetryingStore, open_store


@click.command("import")
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
    type=click.Choice([each.value for each in AllowedChange]),
    help="Also change a status, or a validity that staff set.",
)
@click.option(
    "--report",
    metavar="FILE",
    help="Write all rows into this file: CSV if it ends so, else JSON.",
)
@JSON
def import_(
    *,
    files: tuple[str, ...],
    dry_run: bool,
    policy: str,
    allowed: tuple[str, ...],
    report: str | None,
    as_json: bool,
) -> None:
    """Move records of the old application in; - reads standard input. 2: they cannot be used."""
    # The other commands need nothing that checks contact details, and start without it.
    from migrations_tools.imports.importing import ImportCommand, Importing  # noqa: PLC0415 - 0.1 s
    from portal.imports import ImportOptions  # noqa: PLC0415 - 0.1 s, for contact details

    settings = read_settings()
    choice = ImportOptions(
        policy=Policy(policy), allowed=frozenset(AllowedChange(each) for each in allowed)
    )
    wish = ImportCommand(
        files=files, choice=choice, dry_run=dry_run, report=report, as_json=as_json
    )
    again = "Run it again: what is in the store already shows as same."
    with stoppable(), explained(again), _usable():
        sealer = open_sealer(settings)
        store = SealingStore(InterruptSafeStore(open_store(settings)), sealer)
        try:
            whole = Importing(store, sealer, settings, wish).run()
        finally:
            store.close()
    if not whole:
        raise SystemExit(1)


@click.command()
@click.option("--out", metavar="FILE", help="Instead of standard output.")
def export(out: str | None) -> None:
    """Write all tenants with a final key as JSON Lines, to be imported again. No secrets."""
    from migrations_tools.imports.exporting import export_to  # noqa: PLC0415 - 0.1 s, for contact details

    settings = read_settings()
    with stoppable(), explained("Nothing was changed. Run it again."), _usable():
        store = RetryingStore(open_store(settings))
        try:
            if out is None:
                with telling():
                    report = export_to(store, print_piece, settings.import_depth)
            else:
                with written(out, data_dir=settings.data_dir) as target:
                    report = export_to(store, target.write, settings.import_depth)
                    target.finish()
        except OSError as error:
            raise click.ClickException(f"It cannot be written ({reason_of(error)}).") from error
        except OutputError as error:
            raise click.ClickException(f"It cannot be written ({error}).") from error
        finally:
            store.close()
    click.echo(f"{report.number:,} tenants.", err=True)
    if report.left_out:
        click.echo(f"Sign-ups without a final key, left out: {report.left_out:,}.", err=True)
    for problem in report.problems[:SHOWN]:
        click.echo(f"To be mended before it is imported: {problem}", err=True)
    if len(report.problems) > SHOWN:
        click.echo(f"and {len(report.problems) - SHOWN:,} more.", err=True)
    if report.problems:
        raise SystemExit(1)


@contextmanager
def _usable() -> Iterator[None]:
    """What cannot be used is said in one line; exit status 2."""
    try:
        yield
    except UnusableFileError as error:
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(2) from error
