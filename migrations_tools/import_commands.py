"""`python -m migrations_tools import` and `export`: what is typed."""

import sys
from contextlib import nullcontext
from pathlib import Path

import click

from migrations_tools.command_line import JSON, SHOWN, explained, read_settings
from migrations_tools.special_files import written
from portal.imports.rows import Allowed, Policy
from portal.sealing import open_sealer
from portal.sealing_store import SealingStore
from portal.stores import open_store


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
    type=click.Choice([each.value for each in Allowed]),
    help="Also change a status, or a validity that staff set.",
)
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write all rows into this file: CSV if it ends so, else JSON.",
)
@JSON
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
    # The other commands need nothing that checks contact details, and start without it.
    from migrations_tools.importing import Importing, UnusableError, Wish  # noqa: PLC0415 - 0.1 s
    from portal.imports.planning import Choice  # noqa: PLC0415 - 0.1 s, for contact details

    settings = read_settings()
    choice = Choice(policy=Policy(policy), allowed=frozenset(Allowed(each) for each in allowed))
    wish = Wish(files=files, choice=choice, dry_run=dry_run, report=report, as_json=as_json)
    with explained("Run it again: what is in the store already shows as same."):
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


@click.command()
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Instead of standard output.",
)
def export(out: Path | None) -> None:
    """Write all tenants with a final key as JSON Lines, to be imported again. No secrets."""
    from migrations_tools.importing import export_to  # noqa: PLC0415 - 0.1 s, for contact details

    settings = read_settings()
    with explained("Nothing was changed. Run it again."):
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
    for problem in problems[:SHOWN]:
        click.echo(f"To be mended before it is imported: {problem}", err=True)
    if len(problems) > SHOWN:
        click.echo(f"and {len(problems) - SHOWN:,} more.", err=True)
    if problems:
        raise SystemExit(1)
